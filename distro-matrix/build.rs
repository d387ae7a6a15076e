//! Lists `distros/*.toml`, so that a new release is one new file and no Rust.

use std::path::Path;
use std::{env, fs};

fn main() {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("distros");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("distros/ is part of this crate")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    let rows: String = files
        .iter()
        .map(|path| {
            let name = path.file_stem().expect("a file name").to_string_lossy();
            format!("({name:?}, include_str!({path:?})),\n")
        })
        .collect();
    let table = format!("pub(crate) const FILES: &[(&str, &str)] = &[\n{rows}];\n");
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("files.rs");
    fs::write(out, table).expect("OUT_DIR is writable");
}
