//! What is beside the programs of a release: sums over all of it, and the signature of those.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use vm_tests::programs::script as script_of;

use crate::sandbox::{assert_refused, finish, key_pair, said, stderr, stdout};

/// What there is in the place of each program.
const PROGRAMS: [(&str, &str); 3] = [
    ("landfall-aarch64-linux", "aarch64"),
    ("landfall-x86_64-linux", "x86_64"),
    ("landfall-x86_64-windows.exe", "windows"),
];

/// A folder with something in the place of the programs.
pub fn programs() -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, content) in PROGRAMS {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn verified(release: &Path, key: &str) -> Output {
    let mut minisign = Command::new("minisign");
    minisign
        .args(["-V", "-p", &format!("{key}.pub"), "-m", "SHA256SUMS"])
        .current_dir(release)
        .output()
        .unwrap()
}

#[test]
fn the_sums_are_of_every_file_and_the_release_key_alone_vouches_for_them_and_for_the_version() {
    let (folder, keys) = (programs(), TempDir::new().unwrap());
    let (ours, strangers) = (key_pair(keys.path(), "ours"), key_pair(keys.path(), "strangers"));
    let text = fs::read_to_string(&ours).unwrap();
    for (flags, variable) in [(vec!["--sign-key", &ours], None), (vec![], Some(&text))] {
        let mut command = finish(folder.path(), &flags);
        command.envs(variable.map(|text| ("LANDFALL_RELEASE_KEY", text)));
        let finished = command.output().unwrap();
        assert!(finished.status.success(), "{}", said(&finished));
        assert!(!said(&finished).contains("not signed"), "{}", said(&finished));

        let sums = fs::read_to_string(folder.path().join("SHA256SUMS")).unwrap();
        let named: Vec<&str> = sums.lines().filter_map(|line| Some(line.split_once("  ")?.1)).collect();
        let programs = PROGRAMS.map(|(name, _)| name);
        assert_eq!(named, [&["install.sh", "install.ps1"][..], &programs].concat());
        let checked =
            Command::new("sha256sum").args(["-c", "SHA256SUMS"]).current_dir(folder.path()).output().unwrap();
        assert!(checked.status.success(), "{}", said(&checked));
        let told = stdout(&finished);
        for line in sums.lines() {
            let (sum, name) = line.split_once("  ").unwrap();
            let size = fs::metadata(folder.path().join(name)).unwrap().len().to_string();
            let expected = [name, &size, sum];
            assert!(told.lines().any(|line| line.split_whitespace().eq(expected)), "{expected:?} in {told}");
        }

        let counted = verified(folder.path(), &ours);
        assert!(stdout(&counted).contains("Trusted comment: landfall 0.1.0\n"), "{}", said(&counted));
        assert!(!verified(folder.path(), &strangers).status.success());
        fs::write(folder.path().join("SHA256SUMS"), sums.replace("install", "instill")).unwrap();
        assert!(!verified(folder.path(), &ours).status.success());
    }
}

#[test]
fn without_a_key_it_says_that_nothing_is_signed_and_no_older_signature_stays() {
    let folder = programs();
    fs::write(folder.path().join("SHA256SUMS.minisig"), "of yesterday").unwrap();
    let finished = finish(folder.path(), &[]).output().unwrap();
    assert!(
        finished.status.success() && stderr(&finished).starts_with("not signed: "),
        "{}",
        said(&finished)
    );
    assert!(!folder.path().join("SHA256SUMS.minisig").exists());
}

#[test]
fn the_script_of_a_release_knows_its_programs_and_no_blank_is_left_in_it() {
    let folder = programs();
    assert!(finish(folder.path(), &[]).output().unwrap().status.success());
    let script = fs::read_to_string(folder.path().join("install.sh")).unwrap();
    let sums = fs::read_to_string(folder.path().join("SHA256SUMS")).unwrap();
    for (architecture, size) in [("x86_64", 6), ("aarch64", 7)] {
        let line =
            sums.lines().find(|line| line.ends_with(&format!("landfall-{architecture}-linux"))).unwrap();
        let expected = format!("architecture={architecture} size={size} sum={} ;;", &line[..64]);
        assert!(script.contains(&expected), "{expected} in {script}");
    }
    // A blank is a word between two of these; the other one is the shell's "$@".
    let words: Vec<&str> = script.split('@').collect();
    assert!(words.iter().all(|word| word.contains([' ', '"'])), "{script}");
    assert!(script.lines().count() < 120, "{script}");
    let checked = Command::new("shellcheck").arg(folder.path().join("install.sh")).output().unwrap();
    assert!(checked.status.success(), "{}", said(&checked));
}

#[test]
fn what_is_missing_or_wrong_for_a_release_is_refused_with_a_hint() {
    let folder = programs();
    let run = |script: &str, arguments: &[&str]| script_of(script).args(arguments).output().unwrap();
    let here = folder.path().display().to_string();
    for (arguments, sentence) in [
        (&["--version", "0.1.0", &here][..], "is no address"),
        (&["--base-url", "http://example.org", "--version", "0.1.0", &here], "is no address"),
        (&["--base-url", "https://example.org/|e", "--version", "0.1.0", &here], "is no address"),
        (&["--base-url", "https://example.org", "--version", "new", &here], "'new' is no version"),
        (&["--base-url", "https://example.org", "--version", "0.1.0", "/nowhere"], "there is no folder"),
        (
            &["--base-url", "https://example.org", "--version", "0.1.0", "--sign-key", "/no", &here],
            "/no cannot be read",
        ),
        (&["--sideways", "x", &here], "does not know '--sideways'"),
    ] {
        assert_refused(&run("finish-release", arguments), 2, sentence);
    }
    for (name, content) in PROGRAMS {
        fs::remove_file(folder.path().join(name)).unwrap();
        let lacking = ["--base-url", "https://example.org", "--version", "0.1.0", &here];
        assert_refused(&run("finish-release", &lacking), 2, &format!("there is no {name}"));
        fs::write(folder.path().join(name), content).unwrap();
    }
    for (arguments, sentence) in [
        (&[][..], "--base-url is missing"),
        (&["--output"], "without a value"),
        (&["--sideways", "x"], "does not know '--sideways'"),
    ] {
        assert_refused(&run("build-release", arguments), 2, sentence);
    }
}
