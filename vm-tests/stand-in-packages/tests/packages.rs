//! The packages as dpkg-deb sees them, and the signatures as gpgv sees them.

use stand_in_packages::{Agents, Architecture, TestKey, write_apt_repository, write_store};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const SSM: &str = "amazon-ssm-us-east-1/latest/debian_amd64/amazon-ssm-agent.deb";
const ECS: &str = "amazon-ecs-agent-us-east-1/amazon-ecs-init-latest.amd64.deb";
const SSM_RPM: &str = "amazon-ssm-us-east-1/latest/linux_amd64/amazon-ssm-agent.rpm";
const ECS_RPM: &str = "amazon-ecs-agent-us-east-1/amazon-ecs-init-latest.x86_64.rpm";

struct Store {
    folder: TempDir,
    key: TestKey,
}

impl Store {
    fn new() -> Self {
        Self::of(Architecture::Amd64)
    }

    fn of(architecture: Architecture) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join("programs");
        fs::create_dir(&programs).unwrap();
        for name in [
            "amazon-ssm-agent",
            "ssm-agent-worker",
            "ssm-session-worker",
            "amazon-ecs-init",
            "amazon-ecs-init-rpm",
            "amazon-ecs-agent",
        ] {
            fs::write(programs.join(name), format!("#!/bin/sh\necho {name}\n")).unwrap();
        }
        let key = TestKey::open_or_make(&folder.path().join("keys")).unwrap();
        let (ssm_version, ecs_version) = ("3.3.0.0".into(), "1.105.1".into());
        let agents = Agents { programs, architecture, small: true, ssm_version, ecs_version };
        write_store(&agents, &key, &folder.path().join("objects")).unwrap();
        Store { folder, key }
    }

    fn object(&self, key: &str) -> PathBuf {
        self.folder.path().join("objects").join(key)
    }

    /// Whether gpgv accepts a signature; `None` when there is no gpgv here.
    fn gpgv(&self, arguments: &[&Path]) -> Option<bool> {
        let ring = self.folder.path().join("ring.gpg");
        fs::write(&ring, self.key.public_binary().unwrap()).unwrap();
        let run = Command::new("gpgv").arg("--keyring").arg(&ring).args(arguments).output();
        match run {
            Ok(output) => Some(output.status.success()),
            Err(error) => {
                println!("skipped: no gpgv here ({error})");
                None
            }
        }
    }
}

fn dpkg_deb(flag: &str, package: &Path) -> String {
    let output = Command::new("dpkg-deb").arg(flag).arg(package).output().expect("dpkg-deb is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn dpkg_reads_both_packages_and_finds_what_the_real_ones_have() {
    let store = Store::new();
    let (ssm, ecs) = (store.object(SSM), store.object(ECS));
    assert!(dpkg_deb("-I", &ssm).contains("Version: 3.3.0.0-1"));
    assert!(dpkg_deb("-I", &ssm).contains("postinst"));
    let files = dpkg_deb("-c", &ssm);
    for path in ["./usr/bin/ssm-agent-worker", "./etc/amazon/ssm/amazon-ssm-agent.json.template"] {
        assert!(files.contains(path), "{files}");
    }
    assert!(!files.contains("var/lib/amazon"), "the state folder is not shipped");
    let control = dpkg_deb("-I", &ecs);
    assert!(control.contains("docker-ee | docker.io") && !control.contains("postinst"));
    assert!(control.contains("stand-in for tests"));
    let files = dpkg_deb("-c", &ecs);
    assert!(files.contains("./var/cache/ecs/ecs-agent.tar -> /var/cache/ecs/ecs-agent-v1.105.1-1.tar"));
    assert!(files.contains("./var/lib/ecs/data/") && !files.contains("ecs.config"));
}

#[test]
fn gpgv_accepts_both_signatures_and_refuses_a_tampered_package() {
    let store = Store::new();
    let (ssm, ecs) = (store.object(SSM), store.object(ECS));
    let Some(accepted) = store.gpgv(&[&store.object(&format!("{SSM}.sig")), &ssm]) else { return };
    assert!(accepted);
    assert!(
        fs::read_to_string(store.object(&format!("{ECS}.asc"))).unwrap().starts_with("-----BEGIN PGP SIG")
    );
    let armored = store.object(&format!("{ECS}.asc"));
    assert_eq!(store.gpgv(&[&armored, &ecs]), Some(true));
    let versioned = store.object("amazon-ecs-agent-us-east-1/amazon-ecs-init-1.105.1-1.amd64.deb");
    assert_eq!(store.gpgv(&[&store.object(&format!("{}.asc", versioned.display())), &versioned]), Some(true));
    let mut bytes = fs::read(&ssm).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&ssm, bytes).unwrap();
    assert_eq!(store.gpgv(&[&store.object(&format!("{SSM}.sig")), &ssm]), Some(false));
}

fn rpm(arguments: &[&str], package: &Path) -> String {
    let output = Command::new("rpm").args(arguments).arg(package).output().expect("rpm is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn rpm_reads_both_packages_and_finds_what_the_real_ones_have() {
    let store = Store::new();
    let (ssm, ecs) = (store.object(SSM_RPM), store.object(ECS_RPM));
    for package in [&ssm, &ecs] {
        assert_eq!(rpm(&["-qp", "--queryformat", "%{rsaheader}%{sigpgp}"], package), "(none)(none)");
        let signature = if package == &ssm { "sig" } else { "asc" };
        let beside = PathBuf::from(format!("{}.{signature}", package.display()));
        assert_ne!(store.gpgv(&[&beside, package]), Some(false));
    }
    assert_eq!(rpm(&["-qp"], &ssm), "amazon-ssm-agent-3.3.0.0-1.x86_64\n");
    let unit = "/etc/systemd/system/amazon-ssm-agent.service";
    assert!(rpm(&["-qpc"], &ssm).contains(unit));
    assert!(rpm(&["-qpl"], &ssm).contains("\n/var/lib/amazon/ssm\n"));
    assert!(rpm(&["-qp", "--scripts"], &ssm).contains("posttrans scriptlet (using /bin/sh):"));
    let ghosts = "[%{filenames} %{fileflags:fflags}\n]";
    assert!(rpm(&["-qp", "--queryformat", ghosts], &ecs).contains("/etc/ecs/ecs.config cng\n"));
    let requires = rpm(&["-qpR"], &ecs);
    assert!(["systemd\n", "iptables\n", "procps\n"].iter().all(|it| requires.contains(it)), "{requires}");
    assert!(!requires.contains("docker"), "{requires}");
}

#[test]
fn the_same_programs_give_the_same_bytes() {
    let (one, two) = (Store::new(), Store::new());
    for object in [SSM, ECS, SSM_RPM, ECS_RPM] {
        assert_eq!(fs::read(one.object(object)).unwrap(), fs::read(two.object(object)).unwrap(), "{object}");
    }
}

#[test]
fn an_apt_repository_is_signed_and_lists_the_packages() {
    let store = Store::new();
    let debs = store.object("amazon-ecs-agent-us-east-1");
    let out = store.folder.path().join("apt");
    assert_eq!(write_apt_repository(&debs, &store.key, "bookworm", Architecture::Amd64, &out).unwrap(), 2);
    let packages = fs::read_to_string(out.join("dists/bookworm/main/binary-amd64/Packages")).unwrap();
    assert!(packages.contains("Filename: pool/amazon-ecs-init-latest.amd64.deb\nSize: "), "{packages}");
    let signed = out.join("dists/bookworm/InRelease");
    assert!(fs::read_to_string(&signed).unwrap().starts_with("-----BEGIN PGP SIGNED MESSAGE-----"));
    assert!(out.join("archive-key.asc").exists());
    assert_ne!(store.gpgv(&[&signed]), Some(false));
}

#[test]
fn packages_for_arm64_stand_where_aws_has_them_and_say_so() {
    let store = Store::of(Architecture::Arm64);
    for object in [SSM, ECS] {
        let package = store.object(&object.replace("amd64", "arm64"));
        let output =
            Command::new("dpkg-deb").arg("--field").arg(&package).arg("Architecture").output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "arm64\n", "{}", package.display());
        assert!(!store.object(object).exists());
    }
    let out = store.folder.path().join("apt");
    let debs = store.object("amazon-ecs-agent-us-east-1");
    write_apt_repository(&debs, &store.key, "bookworm", Architecture::Arm64, &out).unwrap();
    assert!(out.join("dists/bookworm/main/binary-arm64/Packages").exists());
}
