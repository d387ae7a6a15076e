//! Small disks for tests, made by the programs that real ones are made by: sfdisk, mke2fs, mkfs.vfat.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::program::Program;

const MEBIBYTE: u64 = 1 << 20;

/// A GPT disk of 40 MiB in `folder`: an EFI system partition, and an ext4 root with what `tree` holds.
pub fn gpt(folder: &Path, tree: &Path) -> PathBuf {
    let disk = partitioned(folder, "label: gpt\nstart=2048,size=16384,type=U\nstart=20480,type=L\n");
    let esp = folder.join("esp");
    fs::File::create(&esp).unwrap().set_len(8 * MEBIBYTE).unwrap();
    Program::new("mkfs.vfat", "dosfstools").arg(&esp).run().unwrap();
    place(&disk, &esp, MEBIBYTE);
    ext4(&disk, 10 * MEBIBYTE, tree);
    disk
}

/// An MBR disk with a root in a logical partition.
pub fn mbr(folder: &Path, tree: &Path) -> PathBuf {
    let disk = partitioned(
        folder,
        "label: dos\nstart=2048,size=2048,type=83\nstart=4096,type=5\nstart=6144,type=83\n",
    );
    ext4(&disk, 3 * MEBIBYTE, tree);
    disk
}

/// Writes files into a folder: path, mode, content; a path that ends in `/` is a folder, a content that begins with
/// `->` a link.
pub fn tree(folder: &Path, files: &[(&str, u32, &str)]) {
    for (path, mode, content) in files {
        let at = folder.join(path.trim_start_matches('/'));
        fs::create_dir_all(if path.ends_with('/') { &at } else { at.parent().unwrap() }).unwrap();
        if path.ends_with('/') {
            continue;
        }
        match content.strip_prefix("->") {
            Some(to) => std::os::unix::fs::symlink(to, &at).unwrap(),
            None => {
                fs::write(&at, content).unwrap();
                fs::set_permissions(&at, fs::Permissions::from_mode(*mode)).unwrap();
            }
        }
    }
}

fn partitioned(folder: &Path, script: &str) -> PathBuf {
    let disk = folder.join("disk.raw");
    fs::File::create(&disk).unwrap().set_len(40 * MEBIBYTE).unwrap();
    let output = Program::new("sfdisk", "fdisk").arg("-q").arg(&disk).output_with(script.as_bytes()).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    disk
}

fn ext4(disk: &Path, offset: u64, tree: &Path) {
    Program::new("mke2fs", "e2fsprogs")
        .args(["-q", "-F", "-t", "ext4", "-E", &format!("offset={offset},root_owner=0:0"), "-d"])
        .arg(tree)
        .arg(disk)
        .arg(format!("{}k", 24 * 1024))
        .run()
        .unwrap();
}

fn place(disk: &Path, part: &Path, offset: u64) {
    use std::os::unix::fs::FileExt;
    let bytes = fs::read(part).unwrap();
    fs::OpenOptions::new().write(true).open(disk).unwrap().write_all_at(&bytes, offset).unwrap();
}
