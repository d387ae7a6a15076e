//! What a bake refuses, sweeps up, and takes for true of a disk that it cannot read.

use super::*;

fn recipe(text: &str) -> Recipe {
    Recipe::parse(text, "edge.toml").unwrap()
}

/// A disk with what xfs begins with, and what its machine told.
fn foreign(folder: &Path, packages: &str) -> (PathBuf, Told) {
    let raw = folder.join("disk.raw");
    std::fs::write(&raw, [b"XFSB".as_slice(), &[0; 1 << 17]].concat()).unwrap();
    let mut told = Told::default();
    let answers = [
        ("os-release", "ID=rocky\nVERSION_ID=9.4"),
        ("packages", packages),
        ("keys", "ops\tssh-ed25519 AAAA ops"),
        ("units", "landfall-first-boot.service\nlandfall-guard.service"),
    ];
    for (name, answer) in answers {
        answer.lines().for_each(|line| told.line(name, line));
    }
    (raw, told)
}

const OPS: &str = "base = \"rocky-9\"\npackages = [\"chrony\"]\n\
    users = [{ name = \"ops\", ssh-keys = [\"ssh-ed25519 AAAA ops\"] }]\n";
const CHRONY: &str = "chrony\t0:4.5-1.el9\tx86_64";

#[test]
fn of_a_root_that_is_not_ext4_the_machines_own_word_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (raw, told) = foreign(folder.path(), CHRONY);
    let contents = verified(&raw, &recipe(OPS), &told).unwrap();
    assert_eq!((contents.system.as_str(), contents.system_version.as_str()), ("rocky", "9.4"));
    assert_eq!(contents.packages.unwrap()[0].version, "4.5-1.el9");
    let report = verify::told(&told, &recipe(OPS), "xfs").unwrap();
    assert!(report.lines().join("\n").contains("unchecked  files, users"), "{report:?}");
}

#[test]
fn of_such_a_root_a_missing_package_a_strangers_key_and_a_lost_unit_still_end_the_bake() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |change: &dyn Fn(&mut Told), packages: &str| {
        let (raw, mut told) = foreign(folder.path(), packages);
        change(&mut told);
        let error = verified(&raw, &recipe(OPS), &told).unwrap_err();
        assert_eq!(error.exit_code(), 3, "{error}");
        assert!(error.what.contains("differs in 1 place"), "{error}");
    };
    refused(&|_| {}, "bash\t0:5-1\tx86_64");
    refused(&|told| told.line("keys", "root\tssh-ed25519 BBBB stranger"), CHRONY);
    refused(&|told| told.begin("keys"), CHRONY);
    let lost = |told: &mut Told| {
        told.begin("units");
        told.line("units", "landfall-guard.service");
    };
    refused(&lost, CHRONY);
}

#[test]
fn a_machine_that_told_nothing_makes_no_image_of_a_root_that_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (raw, _) = foreign(folder.path(), CHRONY);
    let error = verified(&raw, &recipe(OPS), &Told::default()).unwrap_err();
    assert!(error.what.contains("did not tell"), "{error}");
}

#[test]
fn another_architecture_is_refused_before_anything_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let (file, output) = (folder.path().join("arm.toml"), folder.path().join("out"));
    std::fs::write(&file, "base = \"debian-12\"\narchitecture = \"aarch64\"\n").unwrap();
    let flags = Flags {
        recipe: file.clone(),
        output: output.clone(),
        binary: Some(file),
        timeout: 1,
        rebuild: false,
        verbose: false,
        sources: None,
    };
    let error = run(&flags, false).unwrap_err();
    assert_eq!((error.exit_code(), error.what.as_str()), (2, ONE_ARCHITECTURE));
    assert!(!output.exists());
}

#[test]
fn what_a_bake_left_that_was_ended_is_gone_with_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join(".landfall-bake-left");
    std::fs::create_dir(&left).unwrap();
    std::fs::write(left.join("disk.raw"), "gigabytes").unwrap();
    std::fs::write(folder.path().join("edge.qcow2"), "an image").unwrap();
    let output = Folder::lock(folder.path()).unwrap();
    let work = work_folder(&output).unwrap();
    assert!(!left.exists() && work.path().exists() && folder.path().join("edge.qcow2").exists());
}
