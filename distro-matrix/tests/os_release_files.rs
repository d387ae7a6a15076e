//! `os-release/`: files as systems have them, with the table that says what each is taken for. The installer reads
//! them; here only that the table and the files belong together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use distro_matrix::{Support, linux, named};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("os-release")
}

/// A file's name without its ending, to the release and the word for its support.
fn table() -> BTreeMap<String, (String, String)> {
    let text = fs::read_to_string(folder().join("expected.tsv")).expect("the table");
    let mut table = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [file, release, support] = columns[..] else { panic!("three columns, not: {line}") };
        let before = table.insert(file.to_owned(), (release.to_owned(), support.to_owned()));
        assert!(before.is_none(), "{file} is there twice");
    }
    table
}

#[test]
fn the_table_and_the_files_match_one_to_one() {
    let files: BTreeSet<String> = fs::read_dir(folder())
        .expect("the folder")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "env"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(files, table().into_keys().collect());
    assert!(files.len() >= 120, "{} files", files.len());
}

#[test]
fn every_release_in_the_table_is_in_the_matrix_with_the_support_it_has_there() {
    for (file, (release, support)) in table() {
        if release == "-" {
            assert_eq!(support, "refused", "{file}");
            continue;
        }
        let here = named(&release).unwrap_or_else(|| panic!("{file}: there is no {release}")).support;
        let word = serde_json::to_value(here).expect("a word");
        assert_ne!(here, Support::Refused, "{file}: a refused release is a -");
        assert!(support == "untested" || word == support, "{file}: {release} is {word}, not {support}");
    }
}

#[test]
fn every_release_of_the_matrix_is_in_the_table() {
    let table = table();
    let itself: BTreeSet<&str> = table
        .values()
        .filter(|(_, support)| support != "untested")
        .map(|(release, _)| release.as_str())
        .collect();
    for distro in linux() {
        // Of a refused one the table has no name, and the files have: they are called like it.
        let begins = |file: &String| file.starts_with(&distro.release);
        match distro.support {
            Support::Refused => assert!(table.keys().any(begins), "{}", distro.release),
            _ => assert!(itself.contains(distro.release.as_str()), "{}", distro.release),
        }
    }
}
