//! The program as people run it: exit codes, what is printed where, and that a mistake writes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

const ID: &str = "11111111-2222-3333-4444-555555555555";
const CODE: &str = "AbCdEfGhIjKlMnOpQrSt";

fn run(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_landfall-image")).args(args).current_dir(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn private(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn recipes_are_checked_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.toml"), "base = \"debian-12\"\n").unwrap();
    fs::write(folder.path().join("bad.toml"), "base = \"debian-12\"\n\nsise = \"8G\"\n").unwrap();
    fs::write(folder.path().join("worse.toml"), "base = \"debian-1\"\n").unwrap();
    let output = run(folder.path(), &["recipe", "check", "good.toml", "bad.toml", "worse.toml"]);
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    for part in [
        "right      good.toml",
        "bad.toml:3: there is no key 'sise'",
        "did you mean 'size'?",
        "worse.toml",
        "2 of 3",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(run(folder.path(), &["recipe", "check", "good.toml"]).status.code(), Some(0));
}

#[test]
fn a_plan_is_for_people_and_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("edge.toml"), "base = \"debian-12\"\n").unwrap();
    let output = run(folder.path(), &["recipe", "plan", "edge.toml"]);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("  1. fetch https://cloud.debian.org/"));
    let output = run(folder.path(), &["--json", "recipe", "plan", "edge.toml"]);
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(plan["version"], 1);
    assert!(plan["plan"]["steps"].as_array().unwrap().len() > 5);
}

#[test]
fn a_fleet_gets_its_seeds_for_nobody_elses_eyes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    private(
        &at("activation.json"),
        &format!("{{\"ActivationId\": \"{ID}\", \"ActivationCode\": \"{CODE}\"}}"),
    );
    fs::write(at("hosts.csv"), "hostname,region\nedge-1,eu-central-1\nedge-2,eu-central-1\n").unwrap();
    fs::write(at("landfall"), "binary").unwrap();
    let args = [
        "seed",
        "--inventory",
        "hosts.csv",
        "--output",
        "seeds",
        "--activation-file",
        "activation.json",
        "--binary",
        "landfall",
    ];
    let output = run(folder.path(), &args);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("2 seeds in seeds") && said(&output).contains("is used by 2 hosts"));
    let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("seeds"), mode("seeds/edge-1.img")), (0o700, 0o600));
    assert!(at("seeds/landfall_binary.img").exists());
    let before = fs::read(at("seeds/edge-1.img")).unwrap();
    assert_eq!(run(folder.path(), &args).status.code(), Some(0));
    assert!(fs::read(at("seeds/edge-1.img")).unwrap() == before, "the same again");
}

#[test]
fn a_mistake_in_an_inventory_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    private(
        &folder.path().join("hosts.csv"),
        &format!("hostname,activation-id,activation-code\ngood,{ID},{CODE}\nbad host,{ID},{CODE}\n"),
    );
    let output = run(folder.path(), &["seed", "--inventory", "hosts.csv", "--output", "seeds"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("hosts.csv:3: 'bad host'") && !said(&output).contains(CODE),
        "{}",
        said(&output)
    );
    assert!(!folder.path().join("seeds").exists());
}

#[test]
fn what_is_no_image_is_refused_by_verify_and_inject() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("image"), vec![0; 1 << 20]).unwrap();
    for args in
        [vec!["verify", "image"], vec!["inject", "image", "--binary", "/bin/true"], vec!["verify", "missing"]]
    {
        let output = run(folder.path(), &args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", said(&output));
        assert!(said(&output).starts_with("error: "), "{}", said(&output));
    }
}

#[test]
fn sources_that_may_not_be_in_every_clone_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = "base = { release = \"debian-12\", from = \"packages\" }\n";
    fs::write(folder.path().join("edge.toml"), recipe).unwrap();
    fs::write(folder.path().join("landfall"), "binary").unwrap();
    let stanza =
        "Types: deb\nURIs: https://reader:t0ken@mirror.example/debian\nSuites: bookworm\nComponents: main\n";
    fs::write(folder.path().join("debian.sources"), stanza).unwrap();
    let bake = ["bake", "edge.toml", "--binary", "landfall", "--output", "images", "--sources"];
    let bootstrap = ["bootstrap", "debian-12", "--output", "base.qcow2", "--sources"];
    for args in [&bake[..], &bootstrap[..]] {
        let output = run(folder.path(), &[args, &["debian.sources"]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("has a user or a password in its address"), "{}", said(&output));
        assert!(!said(&output).contains("t0ken"), "{}", said(&output));
        let output = run(folder.path(), &[args, &["missing"]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("the apt sources missing cannot be read"), "{}", said(&output));
    }
    fs::write(folder.path().join("edge.toml"), "base = \"debian-12\"\n").unwrap();
    let output = run(folder.path(), &[&bake[..], &["debian.sources"]].concat());
    assert!(said(&output).contains("--sources is for a base from packages"), "{}", said(&output));
}

/// Refuses any option of its environment, as `landfall install --root` does, and else writes the little that is asked
/// for.
const INSTALLER: &str = r#"#!/bin/sh
set -eu
! env | grep ^LANDFALL_ >&2 || exit 2
mkdir -p "$3/var/lib/landfall"
echo '{}' >"$3/var/lib/landfall/sealed"
"#;

#[test]
fn an_installer_that_injects_hears_nothing_of_the_options_of_this_shell() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("tree/etc")).unwrap();
    fs::write(at("tree/etc/os-release"), "ID=debian\n").unwrap();
    fs::write(at("landfall"), INSTALLER).unwrap();
    fs::set_permissions(at("landfall"), fs::Permissions::from_mode(0o755)).unwrap();
    let made = Command::new("mke2fs")
        .args(["-q", "-F", "-t", "ext4", "-d", "tree", "disk.raw", "16M"])
        .current_dir(folder.path())
        .output();
    assert!(made.unwrap().status.success());
    let output = Command::new(env!("CARGO_BIN_EXE_landfall-image"))
        .args(["inject", "disk.raw", "--binary", "landfall"])
        .current_dir(folder.path())
        .envs([("LANDFALL_REGION", "eu-central-1"), ("LANDFALL_ACTIVATION_CODE", CODE)])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("/var/lib/landfall/sealed"), "{}", said(&output));
}
