//! A small image for tests, with the table that `sfdisk` writes.

use std::path::Path;

use crate::payload::{self, Manifest};
use crate::program::Program;

/// Bytes of it.
pub const IMAGE_BYTES: u64 = 8 << 20;

/// Its bytes: an EFI partition, and a root behind it up to where a base's ends.
pub fn image(folder: &Path) -> Vec<u8> {
    let path = folder.join("sample.raw");
    let mut bytes = vec![0; IMAGE_BYTES as usize];
    bytes[(3 << 20)..(3 << 20) + 5000].fill(3);
    bytes[(5 << 20)..(6 << 20)].fill(5);
    std::fs::write(&path, &bytes).unwrap();
    let table = "label: gpt\nlabel-id: 0B7C1C5A-0000-4000-8000-000000000001\nstart=2048, size=2048, type=U\nstart=4096, size=10240, type=L\n";
    let sfdisk = Program::new("sfdisk", "fdisk").args(["--quiet", "--no-reread"]).arg(&path);
    assert!(sfdisk.output_with(table.as_bytes()).unwrap().status.success());
    std::fs::read(path).unwrap()
}

/// The same, packed: its bytes, its manifest, and the file with the pieces.
pub fn packed(folder: &Path) -> (Vec<u8>, Manifest, Vec<u8>) {
    let bytes = image(folder);
    let file = folder.join("sample.packed");
    let manifest = payload::pack(&folder.join("sample.raw"), "sample.raw", "00", &file).unwrap();
    (bytes, manifest, std::fs::read(file).unwrap())
}
