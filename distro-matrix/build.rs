//! Reads `distros/*.toml` with the families they inherit from, so that a new release is one new file and
//! no Rust; what the program carries is small, because much of it is the same in many releases.
//!
//! A table of a release is laid over that of its family key by key, and the tables that it lists (its quirks) come
//! after those of the family; anything else takes the family's place. `inherits` names a file of `families/`,
//! which may inherit in its turn.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use toml::Table;
use toml::Value;

fn main() {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    for folder in ["distros", "families"] {
        println!("cargo::rerun-if-changed={}", here.join(folder).display());
    }
    let mut files: Vec<_> = fs::read_dir(here.join("distros"))
        .expect("distros/ is part of this crate")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    let releases: Vec<Table> = files.iter().map(|path| release(&here, path)).collect();
    let text = serde_json::to_vec(&releases).expect("tables are data");
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("releases");
    let file = fs::File::create(out).expect("OUT_DIR is writable");
    let mut packed = DeflateEncoder::new(file, Compression::best());
    packed.write_all(&text).and_then(|()| packed.try_finish()).expect("OUT_DIR is writable");
}

fn release(here: &Path, path: &Path) -> Table {
    let mut table = whole(here, path);
    let name = path.file_stem().expect("a file name").to_string_lossy();
    table.insert("release".into(), Value::String(name.into_owned()));
    table
}

fn whole(here: &Path, path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut table: Table = text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let Some(Value::String(family)) = table.remove("inherits") else { return table };
    let mut below = whole(here, &here.join("families").join(format!("{family}.toml")));
    lay_over(&mut below, table);
    below
}

fn lay_over(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (Some(Value::Array(below)), Value::Array(above)) if above.iter().all(Value::is_table) => {
                below.extend(above);
            }
            (_, value) => drop(below.insert(key, value)),
        }
    }
}
