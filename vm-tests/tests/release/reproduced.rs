//! The real thing: a release of the newest commit, made twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use vm_tests::programs::{self, workspace};

use crate::sandbox::{BASE, said, stdout};

#[test]
#[ignore = "in scripts/test --full: it compiles everything anew, for two architectures"]
fn another_clone_with_another_home_of_cargo_makes_the_same_programs_and_lists_what_is_in_them() {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (clone, release) = (folder.path().join("somewhere/else"), folder.path().join("release"));
    run(Command::new("git").args(["clone", "--quiet"]).arg(workspace()).arg(&clone));
    // The same crates under another name, so that nothing has to be downloaded.
    let home = folder.path().join("another-home-of-cargo");
    fs::create_dir(&home).unwrap();
    std::os::unix::fs::symlink(cargo_home().join("registry"), home.join("registry")).unwrap();
    run(Command::new(clone.join("scripts/build-release"))
        .args(["--base-url", BASE, "--output"])
        .arg(&release)
        .env("CARGO_HOME", &home)
        .env("CARGO_TARGET_DIR", folder.path().join("target")));

    let built = run(programs::script("build").args(["--target", "all"]));
    let ours: Vec<&str> = built.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(ours.len(), 3, "{built}");
    let programs = [
        ("landfall-x86_64-linux", "", &OF_LINUX),
        ("landfall-aarch64-linux", "", &OF_LINUX),
        ("landfall-x86_64-windows", ".exe", &OF_WINDOWS),
    ];
    for ((name, ending, (linked, others)), program) in programs.into_iter().zip(ours) {
        let theirs = fs::read(release.join(format!("{name}{ending}"))).unwrap();
        assert!(theirs == fs::read(program).unwrap(), "{name} is not {program}");
        for path in [cargo_home(), home.clone(), workspace().canonicalize().unwrap(), clone.clone()] {
            assert!(!holds(&theirs, &path), "{name} names {}", path.display());
        }
        let bill = fs::read_to_string(release.join(format!("{name}.cdx.json"))).unwrap();
        lists_what_is_linked(&bill, linked, others);
    }
    run(Command::new("sha256sum").args(["--quiet", "-c", "SHA256SUMS"]).current_dir(&release));
}

/// Of what a bill lists, and of what it does not.
type Names = (&'static [&'static str], &'static [&'static str]);

const OF_LINUX: Names = (&["cpio", "libunwind", "musl", "nix"], &["windows-sys", "libgcc", "mingw-w64"]);
const OF_WINDOWS: Names = (&["libgcc", "mingw-w64", "windows-sys"], &["cpio", "libunwind", "musl", "nix"]);

/// scripts/build-release itself fails where cargo compiled something else than what is listed.
fn lists_what_is_linked(bill: &str, linked: &[&str], others: &[&str]) {
    let bill: serde_json::Value = serde_json::from_str(bill).unwrap();
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    let components = bill["components"].as_array().unwrap();
    let names: Vec<&str> = components.iter().filter_map(|it| it["name"].as_str()).collect();
    for linked in [linked, &["distro-matrix", "landfall-contract", "ring", "rust-std", "rustls"]].concat() {
        assert!(names.contains(&linked), "{linked} is not listed");
    }
    // Of other systems, of the tests, and what runs while others are compiled.
    for other in
        [others, &["axum", "aws-simulator", "image-recipes", "serde_derive", "cc", "tempfile"]].concat()
    {
        assert!(!names.contains(&other), "{other} is listed");
    }
    for component in components.iter().filter(|it| it["purl"].is_string()) {
        assert_eq!(component["hashes"][0]["content"].as_str().map(str::len), Some(64), "{component}");
        let licence = component["licenses"][0]["expression"].as_str();
        assert!(licence.is_some_and(|it| !it.contains('/')), "{component}");
    }
}

fn holds(program: &[u8], path: &Path) -> bool {
    let path = path.as_os_str().as_encoded_bytes();
    program.windows(path.len()).any(|window| window == path)
}

fn cargo_home() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo");
    std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", said(&output));
    stdout(&output)
}
