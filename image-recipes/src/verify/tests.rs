//! A small image that is as it should be, and the same with one thing wrong at a time.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::disk::samples;

const RECIPE: &str = r##"
base = "debian-12"
hostname = "edge"
time-zone = "Europe/Berlin"
packages = ["chrony"]
files = [{ path = "/etc/edge/site.conf", content = "site\n", mode = "0640", owner = "root:adm" }]
[docker]
log-driver = "local"
[landfall]
region = "eu-central-1"
[policy]
account = "123456789012"
[[users]]
name = "ops"
ssh-keys = ["ssh-ed25519 AAAA ops"]
groups = ["adm"]
"##;

const STATUS: &str = "Package: chrony\nStatus: install ok installed\nArchitecture: amd64\nVersion: 4.3\n";

/// The image as it should be, but that `mke2fs -d` gives files to whoever runs the tests.
const GOOD: &[(&str, u32, &str)] = &[
    ("/etc/os-release", 0o644, "ID=debian\nVERSION_ID=12\n"),
    ("/etc/machine-id", 0o444, ""),
    ("/etc/hostname", 0o644, "edge\n"),
    ("/etc/localtime", 0o777, "->/usr/share/zoneinfo/Europe/Berlin"),
    ("/etc/passwd", 0o644, "root:x:0:0::/root:/bin/bash\nops:x:1000:1000::/home/ops:/bin/bash\n"),
    ("/etc/group", 0o644, "root:x:0:\nadm:x:0:ops\nops:x:1000:\n"),
    ("/etc/shadow", 0o640, "root:*:1:0:::::\nops:!:1:0:::::\n"),
    ("/etc/edge/site.conf", 0o640, "site\n"),
    ("/etc/docker/daemon.json", 0o644, "{\"log-driver\": \"local\", \"added\": true}"),
    ("/etc/landfall/config.toml", 0o644, "region = \"eu-central-1\"\n"),
    ("/var/lib/dpkg/status", 0o644, STATUS),
    ("/var/lib/landfall/sealed", 0o600, "{\"version\": 1, \"kept\": [\"authorized-keys\"]}"),
    ("/home/ops/.ssh/authorized_keys", 0o600, "ssh-ed25519 AAAA ops\n"),
    (
        "/etc/systemd/system/multi-user.target.wants/landfall-first-boot.service",
        0o777,
        "->../landfall-first-boot.service",
    ),
    ("/etc/systemd/system/ecs.service.requires/landfall-guard.service", 0o777, "->../landfall-guard.service"),
];

fn recipe() -> Recipe {
    Recipe::parse(RECIPE, "edge.toml").unwrap()
}

/// The good image with these files instead of, or besides, its own; `-` for content takes a file away.
fn made(changes: &[(&str, u32, &str)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    samples::tree(&tree, GOOD);
    let policy = render_policy();
    samples::tree(&tree, &[("/etc/landfall/policy.toml", 0o644, &policy)]);
    for (path, mode, content) in changes {
        let _ = fs::remove_file(tree.join(path.trim_start_matches('/')));
        if *content != "-" {
            samples::tree(&tree, &[(path, *mode, content)]);
        }
    }
    let image = samples::gpt(folder.path(), &tree);
    (folder, image)
}

fn render_policy() -> String {
    let files = crate::render::files(&recipe()).unwrap();
    let policy = files.iter().find(|file| file.path.as_str() == landfall_contract::policy::PATH).unwrap();
    String::from_utf8(policy.content.clone()).unwrap()
}

fn looked(changes: &[(&str, u32, &str)]) -> Report {
    let (_folder, path) = made(changes);
    image(&path, Some(&recipe()), None).unwrap()
}

#[test]
fn a_good_image_is_clean() {
    let report = looked(&[]);
    assert!(report.is_clean(), "{:#?}", report.lines());
    assert_eq!(report.unchecked, [] as [&str; 0]);
    report.demand("edge.raw").unwrap();
}

#[test]
fn each_difference_is_found_and_named() {
    for (path, mode, content, subject, says) in [
        ("/etc/edge/site.conf", 0, "-", Subject::File, "missing"),
        ("/etc/edge/site.conf", 0o640, "other\n", Subject::File, "content"),
        ("/etc/edge/site.conf", 0o644, "site\n", Subject::File, "0644, not 0640"),
        ("/etc/edge/site.conf", 0o777, "->/etc/hostname", Subject::File, "not a file"),
        ("/etc/group", 0o644, "root:x:0:\nadm:x:4:ops\n", Subject::File, "belongs to 0:0, not to root:adm"),
        ("/etc/docker/daemon.json", 0o644, "{}", Subject::File, "content"),
        ("/etc/landfall/config.toml", 0o644, "region = \"us-east-1\"\n", Subject::File, "content"),
        ("/etc/landfall/policy.toml", 0o644, "sources = [\"removable-disk\"]\n", Subject::File, "content"),
        ("/etc/landfall/policy.toml", 0, "-", Subject::File, "missing"),
        ("/etc/passwd", 0o644, "root:x:0:0::/root:/bin/bash\n", Subject::User, "missing"),
        ("/etc/group", 0o644, "root:x:0:\nadm:x:0:\n", Subject::User, "not in the group adm"),
        ("/etc/shadow", 0o640, "ops:$y$hash:1:::::\n", Subject::User, "has a password"),
        ("/etc/shadow", 0o640, "ops::1:::::\n", Subject::User, "has a password"),
        ("/home/ops/.ssh/authorized_keys", 0o600, "ssh-ed25519 BBBB x\n", Subject::User, "keys"),
        ("/home/ops/.ssh/authorized_keys", 0, "-", Subject::User, "keys"),
        ("/var/lib/dpkg/status", 0o644, "Package: bash\n", Subject::Package, "not installed"),
        ("/etc/localtime", 0o777, "->../usr/share/zoneinfo/Europe/Paris", Subject::TimeZone, "Europe/Paris"),
        ("/etc/localtime", 0, "-", Subject::TimeZone, "UTC"),
        ("/etc/hostname", 0o644, "debian\n", Subject::Hostname, "called 'debian'"),
        (
            "/etc/systemd/system/ecs.service.requires/landfall-guard.service",
            0,
            "-",
            Subject::Unit,
            "not enabled",
        ),
        (
            "/etc/systemd/system/multi-user.target.wants/landfall-first-boot.service",
            0,
            "-",
            Subject::Unit,
            "not enabled",
        ),
    ] {
        let report = looked(&[(path, mode, content)]);
        let found = report.differences.iter().any(|it| it.subject == subject && it.what.contains(says));
        assert!(found, "{path} {content}: {:#?}", report.lines());
        assert_eq!(report.demand("edge.raw").unwrap_err().exit_code(), 3);
    }
}

#[test]
fn traces_of_the_machine_keep_an_image_in() {
    for (path, content) in [
        ("/etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
        ("/etc/machine-id", "uninitialized\n"),
        ("/etc/ssh/ssh_host_ed25519_key", "key"),
        ("/var/lib/amazon/ssm/Vault/Store/RegistrationKey", "key"),
        ("/var/lib/landfall/sealed", "-"),
        ("/home/other/.ssh/authorized_keys", "ssh-ed25519 CCCC other\n"),
        ("/root/.aws/credentials", "secret"),
    ] {
        let report = looked(&[(path, 0o600, content)]);
        assert!(
            report.survivors.iter().any(|it| it.gate && path.starts_with(&it.path)),
            "{path}: {:?}",
            report.lines()
        );
        assert!(!report.is_clean());
    }
}

#[test]
fn without_a_recipe_the_seal_alone_is_looked_at_and_that_is_said() {
    let (_folder, path) = made(&[]);
    let report = image(&path, None, None).unwrap();
    assert!(report.is_clean(), "{:?}", report.lines());
    assert!(report.unchecked[0].contains("no recipe"));
}

#[test]
fn what_rpm_knows_counts_as_its_machine_told_it() {
    let (_folder, path) = made(&[("/var/lib/dpkg/status", 0, "-"), ("/var/lib/rpm/rpmdb.sqlite", 0o644, "")]);
    let report = |package: &str| {
        let mut told = Told::default();
        told.line("packages", &format!("{package}\t0:4.5-1.el9\tx86_64"));
        image(&path, Some(&recipe()), Some(&told)).unwrap()
    };
    let good = report("chrony");
    assert!(good.is_clean() && good.unchecked.is_empty(), "{:?}", good.lines());
    let missing = report("bash");
    assert_eq!(missing.differences[0].subject, Subject::Package, "{:?}", missing.lines());
}

#[test]
fn what_rpm_knows_is_said_to_be_unchecked() {
    let report = looked(&[("/var/lib/dpkg/status", 0, "-"), ("/var/lib/rpm/rpmdb.sqlite", 0o644, "")]);
    assert!(report.unchecked.iter().any(|it| it.contains("rpm")), "{:?}", report.lines());
}

#[test]
fn an_image_of_a_disk_that_a_medium_wrote_does_not_go_out_with_that_machines_seed() {
    let (_folder, path) = made(&[]);
    let size = std::fs::metadata(&path).unwrap().len() + (2 << 20);
    std::fs::File::options().write(true).open(&path).unwrap().set_len(size).unwrap();
    let mut head = std::fs::read(&path).unwrap()[..1 << 20].to_vec();
    let (at, copy) = Table::of(&head).unwrap().unwrap().fit(&mut head, size, "0123456789abcdef").unwrap();
    let disk = std::fs::File::options().write(true).open(&path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&disk, &head, 0).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&disk, &copy, at).unwrap();
    let report = image(&path, None, None).unwrap();
    assert!(!report.is_clean());
    assert!(report.lines()[0].contains("the partition landfall-0123456789abcdef"), "{:?}", report.lines());
}
