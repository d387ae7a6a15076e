//! A real ext4, real debugfs and e2fsck, and a program that writes what `landfall install --root` does.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use landfall_contract::seal_list::Tree;
use tempfile::TempDir;

use super::*;
use crate::disk::samples;

/// Stands in for the binary: the files that it writes for a root, and a refusal where there is no os-release.
const INSTALLER: &str = r#"#!/bin/sh
set -eu
[ "$1" = install ] && [ "$2" = --root ] || exit 9
root=$3; shift 3
grep -q ID=debian "$root/etc/os-release" || { echo "error: this is no Debian" >&2; exit 2; }
mkdir -p "$root/usr/local/bin" "$root/etc/systemd/system/multi-user.target.wants" "$root/etc/landfall" "$root/var/lib/landfall"
cp "$0" "$root/usr/local/bin/landfall"; chmod 0755 "$root/usr/local/bin/landfall"
echo '[Unit]' >"$root/etc/systemd/system/landfall-first-boot.service"
ln -sf ../landfall-first-boot.service "$root/etc/systemd/system/multi-user.target.wants/landfall-first-boot.service"
[ ! -d "$root/etc/cloud" ] || { mkdir -p "$root/etc/cloud/clean.d"; echo hook >"$root/etc/cloud/clean.d/50-landfall"; }
while [ $# -gt 0 ]; do
    case $1 in
        --config) cp "$2" "$root/etc/landfall/config.toml" ;;
    esac
    shift 2
done
chmod 0700 "$root/var/lib/landfall"
# What it did is written down once.
[ -e "$root/var/lib/landfall/receipt.json" ] || date +%s%N >"$root/var/lib/landfall/receipt.json"
echo '{}' >"$root/var/lib/landfall/sealed"; chmod 0600 "$root/var/lib/landfall/sealed"
"#;

struct Place {
    folder: TempDir,
    image: PathBuf,
}

impl Place {
    fn new(more: &[(&str, u32, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        samples::tree(
            &tree,
            &[
                ("/etc/os-release", 0o644, "->../usr/lib/os-release"),
                ("/usr/lib/os-release", 0o644, "ID=debian\nVERSION_ID=12\n"),
                ("/etc/cloud/", 0o755, ""),
                ("/etc/systemd/system/", 0o755, ""),
                ("/var/lib/", 0o755, ""),
            ],
        );
        samples::tree(&tree, more);
        samples::tree(
            folder.path(),
            &[("landfall", 0o755, INSTALLER), ("policy.toml", 0o644, "sources = [\"disk\"]\n")],
        );
        let image = samples::gpt(folder.path(), &tree);
        Self { folder, image }
    }

    fn injection(&self) -> Injection {
        let policy = Some(self.folder.path().join("policy.toml"));
        Injection { binary: self.folder.path().join("landfall"), policy, config: None }
    }

    fn inject(&self) -> Result<Lines> {
        inject(&self.image, &self.injection())
    }

    fn tree(&self) -> ImageTree {
        ImageTree::open(&Disk::open(&self.image).unwrap()).unwrap()
    }

    fn debugfs(&self, write: bool, request: &str) -> String {
        let mut program = Program::new("debugfs", "e2fsprogs");
        if write {
            program = program.arg("-w");
        }
        let offset = root(&Disk::open(&self.image).unwrap()).unwrap().offset;
        program.args(["-R", request]).arg(script::device(&self.image, offset).unwrap()).run().unwrap()
    }
}

#[test]
fn everything_that_the_installer_writes_is_in_the_image() {
    let place = Place::new(&[]);
    let lines = place.inject().unwrap();
    assert!(lines.iter().any(|line| line.contains("/usr/local/bin/landfall")), "{lines:?}");
    let tree = place.tree();
    assert_eq!(tree.read("/usr/local/bin/landfall").unwrap(), INSTALLER.as_bytes());
    assert_eq!(tree.read("/etc/landfall/policy.toml").unwrap(), b"sources = [\"disk\"]\n");
    assert_eq!(tree.read("/etc/cloud/clean.d/50-landfall").unwrap(), b"hook\n");
    assert_eq!(tree.look("/var/lib/landfall/sealed").unwrap().unwrap().mode, 0o600);
    assert_eq!(tree.look("/var/lib/landfall").unwrap().unwrap().mode, 0o700);
    let binary = tree.root.metadata("/usr/local/bin/landfall").unwrap().unwrap();
    assert_eq!((binary.mode() & 0o7777, binary.uid(), binary.gid()), (0o755, 0, 0));
    let wants = "/etc/systemd/system/multi-user.target.wants/landfall-first-boot.service";
    assert_eq!(tree.root.link(wants).unwrap().as_deref(), Some("../landfall-first-boot.service"));
    assert_eq!(tree.read("/etc/os-release").unwrap(), b"ID=debian\nVERSION_ID=12\n");
}

#[test]
fn a_second_injection_changes_nothing_and_another_binary_takes_the_place_of_the_first() {
    let place = Place::new(&[]);
    place.inject().unwrap();
    let before = crate::outputs::sha256(&place.image).unwrap();
    assert_eq!(place.inject().unwrap(), ["already so  every file is there"]);
    assert_eq!(crate::outputs::sha256(&place.image).unwrap(), before);
    let newer = format!("{INSTALLER}# newer\n");
    samples::tree(place.folder.path(), &[("landfall", 0o755, &newer)]);
    let lines = place.inject().unwrap();
    assert_eq!(lines, ["done       /usr/local/bin/landfall"]);
    assert_eq!(place.tree().read("/usr/local/bin/landfall").unwrap(), newer.as_bytes());
}

#[test]
fn a_link_to_an_image_stays_one_and_the_image_is_written() {
    let place = Place::new(&[]);
    let link = place.folder.path().join("link.raw");
    std::os::unix::fs::symlink("disk.raw", &link).unwrap();
    inject(&link, &place.injection()).unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("disk.raw"));
    assert_eq!(place.tree().read("/usr/local/bin/landfall").unwrap(), INSTALLER.as_bytes());
}

#[test]
fn files_get_the_label_of_their_folder() {
    let place = Place::new(&[("/usr/local/bin/", 0o755, "")]);
    place.debugfs(true, "ea_set /usr/local/bin security.selinux system_u:object_r:bin_t:s0\\000");
    place.debugfs(true, "ea_set /var/lib security.selinux system_u:object_r:var_lib_t:s0\\000");
    place.inject().unwrap();
    for (path, label) in [
        ("/usr/local/bin/landfall", "bin_t"),
        ("/var/lib/landfall", "var_lib_t"),
        ("/var/lib/landfall/sealed", "var_lib_t"),
    ] {
        let said = place.debugfs(false, &format!("ea_get {path} security.selinux"));
        assert!(said.contains(&format!("\"system_u:object_r:{label}:s0\\000\"")), "{path}: {said}");
    }
}

#[test]
fn a_root_that_was_not_unmounted_is_refused_and_left_alone() {
    for (change, says) in [
        ("feature needs_recovery", "journal"),
        ("set_super_value state 0", "not unmounted"),
        ("set_super_value state 3", "errors"),
    ] {
        let place = Place::new(&[]);
        place.debugfs(true, change);
        let before = crate::outputs::sha256(&place.image).unwrap();
        let refused = place.inject().unwrap_err();
        assert_eq!(refused.exit_code(), 2);
        assert!(refused.what.contains(says), "{refused}");
        assert_eq!(crate::outputs::sha256(&place.image).unwrap(), before);
    }
}

#[test]
fn an_activation_never_gets_into_an_image() {
    let place = Place::new(&[]);
    let config = place.folder.path().join("config.toml");
    for (text, says) in [
        ("region = \"eu-central-1\"\nactivation-code = \"AbCdEfGhIjKlMnOpQrSt\"\n", "activation-code"),
        ("regoin = \"x\"\n", "regoin"),
    ] {
        fs::write(&config, text).unwrap();
        let error = inject(&place.image, &Injection { config: Some(config.clone()), ..place.injection() })
            .unwrap_err();
        assert!(error.what.contains(says) && !error.to_string().contains("AbCd"), "{error}");
    }
    fs::write(&config, "sources = 7\n").unwrap();
    let error = inject(&place.image, &Injection { policy: Some(config), ..place.injection() }).unwrap_err();
    assert!(error.what.contains("config.toml"), "{error}");
}

#[test]
fn a_damaged_root_is_refused_by_the_checker() {
    let place = Place::new(&[("/etc/victim", 0o644, "text")]);
    place.debugfs(true, "clri /etc/victim");
    let error = place.inject().unwrap_err();
    assert!(error.what.contains("has errors"), "{error}");
}

#[test]
fn a_full_root_is_refused_before_anything_is_copied() {
    let place = Place::new(&[]);
    let binary = format!("{INSTALLER}: '{}'\n", "x".repeat(23 << 20));
    samples::tree(place.folder.path(), &[("landfall", 0o755, &binary)]);
    let error = place.inject().unwrap_err();
    assert!(error.exit_code() == 2 && error.what.contains("too full"), "{error}");
}

#[test]
fn what_is_in_the_way_is_refused() {
    let place = Place::new(&[("/usr/local", 0o644, "no folder")]);
    let error = place.inject().unwrap_err();
    assert!(error.what.contains("a file at /usr/local"), "{error}");
}

#[test]
fn the_installers_own_refusal_is_passed_on() {
    let place = Place::new(&[("/etc/cloud/x", 0o644, "")]);
    samples::tree(
        place.folder.path(),
        &[("landfall", 0o755, "#!/bin/sh\necho 'error: not today' >&2\nexit 2\n")],
    );
    let error = place.inject().unwrap_err();
    assert_eq!((error.what.as_str(), error.exit_code()), ("not today", 2));
    let other = Injection { binary: place.folder.path().join("policy.toml"), policy: None, config: None };
    assert!(inject(&place.image, &other).unwrap_err().what.contains("cannot be run"));
}

#[test]
fn an_image_that_is_not_raw_is_refused_with_the_way_to_make_it_so() {
    let place = Place::new(&[]);
    let image = place.folder.path().join("image.qcow2");
    Program::qemu_img()
        .args(["convert", "-f", "raw", "-O", "qcow2"])
        .arg(&place.image)
        .arg(&image)
        .run()
        .unwrap();
    let error = inject(&image, &place.injection()).unwrap_err();
    assert!(error.what.contains("is a qcow2") && error.hint.unwrap().contains("qemu-img convert"));
    let mode = fs::metadata(&place.image).unwrap().permissions().mode();
    place.inject().unwrap();
    assert_eq!(
        fs::metadata(&place.image).unwrap().permissions().mode(),
        mode,
        "the image keeps its permissions"
    );
}
