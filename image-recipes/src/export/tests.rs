//! Real conversions of a small disk, looked at by qemu-img, tar and an XML parser that are not ours.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use super::*;
use crate::program::Program;

const ALL: &str = "base = \"debian-12\"\noutputs = [\"ova\", \"qcow2\", \"raw\", \"vmdk\", \"vhdx\", \"vhd\", \"raw\"]\n\
                   firmware = \"uefi\"\nmachine = { memory = \"4G\", cpus = 3 }\n";

fn recipe(folder: &Path, text: &str) -> Recipe {
    let path = folder.join("edge.toml");
    fs::write(&path, text).unwrap();
    Recipe::read(&path).unwrap()
}

/// 16 MiB with something at the start, in the middle and at the end.
fn raw(folder: &Path) -> PathBuf {
    let path = folder.join("source");
    let file = fs::File::create(&path).unwrap();
    file.set_len(16 << 20).unwrap();
    for at in [0, 5 << 20, (16 << 20) - 70_000] {
        let noise: Vec<u8> = (0..70_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        file.write_all_at(&noise, at).unwrap();
    }
    path
}

fn exported(text: &str) -> (tempfile::TempDir, Vec<Output>) {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(folder.path(), text);
    let outputs =
        export(&raw(folder.path()), &recipe, &Folder::lock(&folder.path().join("out")).unwrap()).unwrap();
    (folder, outputs)
}

#[test]
fn every_form_holds_the_same_disk() {
    let (folder, outputs) = exported(ALL);
    let forms: Vec<&str> = outputs.iter().map(|it| it.file.as_str()).collect();
    assert_eq!(forms, ["edge.qcow2", "edge.raw", "edge.vmdk", "edge.vhdx", "edge.vhd", "edge.ova"]);
    let source = folder.path().join("source");
    for (output, format) in outputs.iter().zip(["qcow2", "raw", "vmdk", "vhdx", "vpc"]) {
        let path = folder.path().join("out").join(&output.file);
        let compare =
            Program::qemu_img().args(["compare", "-f", "raw", "-F", format]).arg(&source).arg(&path);
        assert!(compare.run().unwrap().contains("identical"), "{format}");
        assert_eq!(output.sha256, sha256(&path).unwrap());
        assert_eq!(output.bytes, fs::metadata(&path).unwrap().len());
    }
    for (name, format) in [("edge.qcow2", "qcow2"), ("edge.vmdk", "vmdk"), ("edge.vhdx", "vhdx")] {
        Program::qemu_img()
            .args(["check", "-f", format])
            .arg(folder.path().join("out").join(name))
            .run()
            .unwrap();
    }
    let left: Vec<_> =
        fs::read_dir(folder.path().join("out")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(left.len(), outputs.len() + 1, "the lock, and nothing half: {left:?}");
}

#[test]
fn a_qcow2_is_compressed_with_zstd_a_raw_has_holes_a_vhd_is_fixed() {
    let (folder, _) = exported(ALL);
    let at = |name: &str| folder.path().join("out").join(name);
    let info = Program::qemu_img().args(["info", "--output=json"]).arg(at("edge.qcow2")).run().unwrap();
    assert!(info.contains("\"compression-type\": \"zstd\""), "{info}");
    let raw = fs::metadata(at("edge.raw")).unwrap();
    assert!(raw.len() == 16 << 20 && raw.blocks() * 512 < 2 << 20, "{} blocks", raw.blocks());
    assert_eq!(fs::metadata(at("edge.vhd")).unwrap().len(), (16 << 20) + 512);
    let mut start = [0; 4096];
    fs::File::open(at("edge.vmdk")).unwrap().read_exact(&mut start).unwrap();
    assert!(String::from_utf8_lossy(&start).contains("createType=\"monolithicSparse\""));
}

#[test]
fn an_ova_is_a_ustar_with_its_descriptor_first_and_true_digests() {
    let (folder, _) = exported(ALL);
    let path = folder.path().join("out/edge.ova");
    let mut archive = tar::Archive::new(fs::File::open(&path).unwrap());
    let mut entries = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        assert_eq!(&entry.header().as_bytes()[257..265], b"ustar\x0000");
        let name = entry.path().unwrap().display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        entries.push((name, content));
    }
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["edge.ovf", "edge.mf", "edge-disk1.vmdk"]);
    let unpacked = tempfile::tempdir().unwrap();
    Program::new("tar", "tar").arg("-xf").arg(&path).arg("-C").arg(unpacked.path()).run().unwrap();
    let digests = String::from_utf8(entries[1].1.clone()).unwrap();
    for name in ["edge.ovf", "edge-disk1.vmdk"] {
        assert!(
            digests.contains(&format!("SHA256({name})= {}\n", sha256(&unpacked.path().join(name)).unwrap()))
        );
    }
    let compare =
        Program::qemu_img().args(["compare", "-f", "raw", "-F", "vmdk"]).arg(folder.path().join("source"));
    assert!(compare.arg(unpacked.path().join("edge-disk1.vmdk")).run().unwrap().contains("identical"));
    let ovf = String::from_utf8(entries[0].1.clone()).unwrap();
    assert!(ovf.contains(&format!("ovf:size=\"{}\"", entries[2].1.len())));
    let vmdk = String::from_utf8_lossy(&entries[2].1[..4096]).into_owned();
    assert!(vmdk.contains("createType=\"streamOptimized\""));
}

#[test]
fn the_descriptor_is_xml_and_says_what_the_recipe_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = recipe(folder.path(), ALL);
    recipe.origin.path = PathBuf::from("a&b<\"c\">.toml");
    let disk = ovf::DiskFile { name: "a&b.vmdk", bytes: 7, capacity: 16 << 20 };
    let ovf = ovf::descriptor(&recipe, &disk);
    let script = "import sys,xml.etree.ElementTree as e; t=e.parse(sys.stdin).getroot(); print(' '.join(i.text or '' for i \
                  in t.iter() if i.tag.endswith(('ResourceSubType','VirtualQuantity','}Name'))))";
    let output = Program::new("python3", "python3").args(["-c", script]).output_with(ovf.as_bytes()).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        said.trim(),
        "a&b<\"c\"> 3 4096 VirtualSCSI VmxNet3",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(ovf.contains("vmw:key=\"firmware\" vmw:value=\"efi\""));
    assert!(ovf.contains("ovf:capacity=\"16777216\""));
}

#[test]
fn a_disk_that_cannot_be_read_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(folder.path(), ALL);
    let out = Folder::lock(&folder.path().join("out")).unwrap();
    let error = export(&folder.path().join("missing"), &recipe, &out).unwrap_err();
    assert!(error.doing.iter().any(|it| it.contains("writing the qcow2")), "{error}");
    assert_eq!(fs::read_dir(&out.path).unwrap().count(), 1, "the lock alone");
}

#[test]
fn forms_whose_format_has_no_random_ids_come_out_the_same_twice() {
    let text = "base = \"debian-12\"\noutputs = [\"qcow2\", \"raw\"]";
    let sums = |outputs: Vec<Output>| outputs.into_iter().map(|it| it.sha256).collect::<Vec<_>>();
    assert_eq!(sums(exported(text).1), sums(exported(text).1));
}
