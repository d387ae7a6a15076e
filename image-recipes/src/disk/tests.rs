//! Disks that other programs made, and disks that mean harm.

use std::fs;
use std::os::unix::fs::FileExt;

use landfall_contract::seal_list::{Kind, Tree};

use super::*;

const FILES: &[(&str, u32, &str)] = &[
    ("/etc/os-release", 0o644, "->../usr/lib/os-release"),
    ("/usr/lib/os-release", 0o644, "ID=debian\n"),
    ("/etc/secret", 0o600, "s"),
    ("/lib", 0o777, "->usr/lib"),
    ("/empty/", 0o755, ""),
    ("/nowhere", 0o777, "->/no/such/place"),
    ("/loop", 0o777, "->loop"),
];

fn made(disk: fn(&Path, &Path) -> PathBuf) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    samples::tree(&folder.path().join("tree"), FILES);
    let path = disk(folder.path(), &folder.path().join("tree"));
    (folder, path)
}

#[test]
fn a_root_is_found_on_gpt_and_in_a_logical_partition() {
    for (disk, number, offset) in
        [(samples::gpt as fn(&Path, &Path) -> PathBuf, 2, 10 << 20), (samples::mbr, 5, 3 << 20)]
    {
        let (_folder, path) = made(disk);
        let root = root(&Disk::open(&path).unwrap()).unwrap();
        assert_eq!((root.number, root.offset), (number, offset));
    }
}

#[test]
fn a_tree_is_seen_as_it_was_made() {
    let (_folder, path) = made(samples::gpt);
    let tree = ImageTree::open(&Disk::open(&path).unwrap()).unwrap();
    assert_eq!(tree.read("/etc/os-release").unwrap(), b"ID=debian\n");
    assert_eq!(tree.read("/lib/os-release").unwrap(), b"ID=debian\n");
    assert_eq!(tree.look("/etc/os-release").unwrap().unwrap().kind, Kind::Link);
    assert_eq!(tree.look("/etc/secret").unwrap().unwrap().mode, 0o600);
    assert_eq!(tree.look("/etc/secret/below").unwrap(), None);
    assert_eq!(tree.look("/nowhere").unwrap().unwrap().kind, Kind::Link);
    assert!(!tree.root.exists("/nowhere").unwrap() && !tree.root.exists("/loop").unwrap());
    assert_eq!(tree.root.link("/lib").unwrap().as_deref(), Some("usr/lib"));
    assert_eq!(tree.root.link("/etc/secret").unwrap(), None);
    assert!(tree.list("/empty").unwrap().is_empty() && tree.list("/no/folder").unwrap().is_empty());
    assert!(tree.list("/lib").unwrap().is_empty(), "a link is no folder");
    let mut names = tree.list("/etc").unwrap();
    names.sort();
    assert_eq!(names, ["os-release", "secret"]);
}

#[test]
fn the_efi_system_partition_is_part_of_the_tree() {
    let (_folder, path) = made(samples::gpt);
    let disk = Disk::open(&path).unwrap();
    let esp = root(&disk).unwrap().esp.unwrap();
    let bytes = disk.read(esp.offset, usize::try_from(esp.size).unwrap()).unwrap();
    let mut inner = std::io::Cursor::new(bytes);
    {
        let file_system = fatfs::FileSystem::new(&mut inner, fatfs::FsOptions::new()).unwrap();
        use std::io::Write;
        let folder = file_system.root_dir().create_dir("loader").unwrap();
        folder.create_file("random-seed").unwrap().write_all(b"seed").unwrap();
    }
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .write_all_at(inner.get_ref(), esp.offset)
        .unwrap();
    let tree = ImageTree::open(&disk).unwrap();
    assert_eq!(tree.read("/boot/efi/loader/random-seed").unwrap(), b"seed");
    assert_eq!(tree.look("/efi/loader/random-seed").unwrap().unwrap().size, 4);
    assert_eq!(tree.look("/efi/loader/other").unwrap(), None);
    assert_eq!(tree.list("/boot/efi/loader").unwrap(), ["random-seed"]);
}

#[test]
fn every_format_is_read() {
    let (folder, path) = made(samples::gpt);
    for (format, options) in [("qcow2", ""), ("vmdk", "subformat=streamOptimized"), ("vhdx", ""), ("vpc", "")]
    {
        let image = folder.path().join("image");
        let mut program = Program::qemu_img().args(["convert", "-f", "raw", "-O", format]);
        if !options.is_empty() {
            program = program.args(["-o", options]);
        }
        program.arg(&path).arg(&image).run().unwrap();
        let disk = Disk::open(&image).unwrap();
        assert_eq!(disk.format, format);
        assert_eq!(root(&disk).unwrap().number, 2, "{format}");
        let copy = disk.path.clone();
        drop(disk);
        assert!(!copy.exists(), "the copy is gone");
    }
}

#[test]
fn what_is_no_image_of_a_system_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk");
    let says = |content: &[u8], what: &str| {
        fs::write(&path, content).unwrap();
        let error = Disk::open(&path).and_then(|disk| root(&disk)).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
        assert!(error.what.contains(what), "{error}");
    };
    says(b"", "no root file system");
    says(&[0; 4096], "no root file system");
    let mut xfs = vec![0; 1 << 20];
    xfs[..4].copy_from_slice(b"XFSB");
    says(&xfs, "not ext4: found xfs");
    let mut tar = vec![0; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    says(&tar, "a tar, such as an OVA");
    assert!(Disk::open(folder.path()).unwrap_err().what.contains("is not a file"));
}

#[test]
fn an_image_that_names_other_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("secret"), vec![1; 1 << 20]).unwrap();
    let make = |name: &str, options: &[&str]| {
        let program = Program::qemu_img().args(["create", "-q", "-f"]).args(options).arg(at(name)).arg("1M");
        program.run().unwrap();
    };
    let secret = at("secret").display().to_string();
    make("backed", &["qcow2", "-b", &secret, "-F", "raw"]);
    make("split", &["vmdk", "-o", "subformat=twoGbMaxExtentSparse"]);
    make("outside", &["qcow2", "-o", &format!("data_file={}", at("data").display())]);
    for (name, says) in
        [("backed", "needs another file"), ("outside", "needs another file"), ("split", "several files")]
    {
        let error = Disk::open(&at(name)).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.what.contains(says), "{name}: {error}");
    }
}

/// Tables with any bytes changed are read to an end, without a panic.
#[test]
fn tables_that_mean_harm_are_read_to_an_end() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for sample in [samples::gpt as fn(&Path, &Path) -> PathBuf, samples::mbr] {
        let (_folder, path) = made(sample);
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let disk = Disk::open(&path).unwrap();
        let whole = disk.read(0, 4 << 20).unwrap();
        for _ in 0..200 {
            for _ in 0..4 {
                // The boot record, the GPT's header, its entries.
                let at = [next() % 66 + 446, next() % 92 + 512, next() % 512 + 1024][(next() % 3) as usize];
                file.write_all_at(&[next() as u8], at).unwrap();
            }
            let size = disk.size().unwrap();
            assert!(partitions(&disk).unwrap().iter().all(|it| it.offset + it.size <= size));
            let _ = root(&disk);
            file.write_all_at(&whole[..2048], 0).unwrap();
        }
    }
}

#[test]
fn a_disk_is_called_what_other_programs_called_it() {
    let folder = tempfile::tempdir().unwrap();
    let called = |path: &Path| labels(&Disk::open(path).unwrap()).unwrap();
    let fat = folder.path().join("fat");
    for (size, kind) in [(1 << 20, "12"), (64 << 20, "32")] {
        fs::File::create(&fat).unwrap().set_len(size).unwrap();
        Program::new("mkfs.vfat", "dosfstools").args(["-F", kind, "-n", "cidata"]).arg(&fat).run().unwrap();
        assert_eq!(called(&fat).join(" ").to_lowercase(), "cidata");
    }
    let iso = folder.path().join("iso");
    let mut descriptor = [b' '; 72];
    descriptor[..7].copy_from_slice(b"\x01CD001\x01");
    descriptor[40..46].copy_from_slice(b"cidata");
    fs::write(&iso, [&[0; 32 * 1024][..], &descriptor[..], &[0; 4096][..]].concat()).unwrap();
    assert_eq!(called(&iso), ["cidata"]);
    let (_folder, plain) = made(samples::gpt);
    assert!(!called(&plain).iter().any(|it| it.eq_ignore_ascii_case("cidata")), "{:?}", called(&plain));
}
