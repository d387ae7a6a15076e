//! The snippets for other builders of images: every script is run here, with stand-ins for what is not; what a test
//! cannot run says so in its head.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Writes down how it was called, and for a tree does what `install --root` does as far as it matters here. As the
/// real one, it refuses options that it does not know, files that are not there, and a policy that is none.
const LANDFALL: &str = r#"#!/bin/sh
set -eu
echo "landfall $*" >>"$LOG"
[ "$*" != "seal --verify" ] || exit "${VERIFY:-0}"
shift
root=
while [ $# -gt 0 ]; do
    case $1 in
    --root) root=$2 && [ -d "$2/etc" ] || exit 2 ;;
    --config) [ -f "$2" ] || exit 2 ;;
    --policy) grep -q '^sources = ' "$2" || exit 2 && policy=$2 ;;
    *) exit 2 ;;
    esac
    shift 2
done
[ -n "$root" ] || exit 0
[ -z "${policy:-}" ] || install -D "$policy" "$root/etc/landfall/policy.toml"
echo sealed >"$root/sealed"
"#;

const POLICY: &str = "sources = [\"disk\"]\n";

fn snippet(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("snippets").join(path)
}

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A folder of files for Landfall, a tree, and stand-ins on the search path.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        executable(&place.at("files/landfall"), LANDFALL);
        fs::write(place.at("files/config.toml"), "").unwrap();
        fs::write(place.at("files/policy.toml"), POLICY).unwrap();
        fs::create_dir_all(place.at("tree/etc")).unwrap();
        fs::write(place.at("tree/etc/machine-id"), "uninitialized\n").unwrap();
        executable(&place.at("bin/sudo"), "#!/bin/sh\nexec \"$@\"\n");
        place
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn run(&self, script: &Path, args: &[&Path], env: &[(&str, PathBuf)]) -> Output {
        let path = format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(script);
        command.args(args).env("PATH", path).env("LOG", self.at("log")).env("TMPDIR", self.0.path());
        command.envs(env.iter().map(|(name, value)| (name, value))).output().unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.at("log"))
            .unwrap_or_default()
            .replace(&self.0.path().display().to_string(), "AT")
    }

    fn demand_tree(&self, output: &Output) {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(fs::read_to_string(self.at("tree/sealed")).unwrap(), "sealed\n");
        assert_eq!(fs::read_to_string(self.at("tree/etc/landfall/policy.toml")).unwrap(), POLICY);
        let id = fs::metadata(self.at("tree/etc/machine-id")).unwrap();
        assert_eq!((id.len(), id.permissions().mode() & 0o777), (0, 0o444), "empty, never 'uninitialized'");
    }
}

#[test]
fn a_checker_of_shell_scripts_finds_nothing() {
    let scripts = [
        "packer/provision.sh",
        "mkosi/mkosi.finalize",
        "diskimage-builder/landfall/cleanup.d/99-landfall",
        "libguestfs/inject.sh",
    ];
    match Command::new("shellcheck").args(scripts.map(snippet)).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(_) => eprintln!("left out: shellcheck is not here"),
    }
}

/// The scripts that run `landfall install --root`, each as its builder runs it.
const FOR_TREES: [fn(&Place) -> Output; 3] = [mkosi, diskimage_builder, libguestfs];

/// mkosi 14 runs the script where it lies.
fn mkosi(place: &Place) -> Output {
    let script = place.at("files/mkosi.finalize");
    fs::copy(snippet("mkosi/mkosi.finalize"), &script).unwrap();
    place.run(&script, &[Path::new("final")], &[("BUILDROOT", place.at("tree"))])
}

fn diskimage_builder(place: &Place) -> Output {
    let script = snippet("diskimage-builder/landfall/cleanup.d/99-landfall");
    place.run(&script, &[], &[("TARGET_ROOT", place.at("tree")), ("LANDFALL_FILES", place.at("files"))])
}

/// As libguestfs does, the process that serves the mount goes on writing when `guestunmount` has long returned.
fn libguestfs(place: &Place) -> Output {
    libguestfs_with(place, "true", "true")
}

/// `mounts` and `unmounts` say whether the two programs come to their end.
fn libguestfs_with(place: &Place, mounts: &str, unmounts: &str) -> Output {
    let guestmount = r#"#!/bin/sh
set -eu
[ "$1 $3 $4 $5" = "-a -i --rw --pid-file" ] && [ -f "$2" ] && [ -d "$7" ] || exit 9
echo mount >>"$LOG"
MOUNTS
mv "$TREE"/* "$7"/
(
    while [ -e "$7/etc" ]; do sleep 0.05; done
    sleep 0.5
    echo whole >"$2"
) </dev/null >/dev/null 2>&1 &
echo $! >"$6"
"#;
    let guestunmount = "#!/bin/sh\nset -eu\necho unmount >>\"$LOG\"\nUNMOUNTS\nmv \"$1\"/* \"$TREE\"/\n";
    executable(&place.at("bin/guestmount"), &guestmount.replace("MOUNTS", mounts));
    executable(&place.at("bin/guestunmount"), &guestunmount.replace("UNMOUNTS", unmounts));
    fs::write(place.at("image.qcow2"), "half").unwrap();
    fs::create_dir_all(place.at("temporary")).unwrap();
    let env = [("TREE", place.at("tree")), ("TMPDIR", place.at("temporary"))];
    place.run(&snippet("libguestfs/inject.sh"), &[&place.at("image.qcow2"), &place.at("files")], &env)
}

#[test]
fn every_script_for_a_tree_puts_landfall_and_its_policy_there() {
    for script in FOR_TREES {
        let place = Place::new();
        place.demand_tree(&script(&place));
        let install = "landfall install --root ";
        assert_eq!(place.log().matches(install).count(), 1, "{}", place.log());
    }
}

#[test]
fn a_policy_is_a_choice_and_one_that_is_none_lets_no_image_out() {
    for script in FOR_TREES {
        let place = Place::new();
        fs::remove_file(place.at("files/policy.toml")).unwrap();
        assert!(script(&place).status.success());
        assert!(!place.at("tree/etc/landfall/policy.toml").exists());
        let place = Place::new();
        fs::write(place.at("files/policy.toml"), "no policy\n").unwrap();
        assert!(!script(&place).status.success());
        assert!(!place.at("tree/etc/landfall/policy.toml").exists());
    }
}

#[test]
fn mkosis_script_leaves_the_image_that_is_thrown_away_alone() {
    let place = Place::new();
    let root = [("BUILDROOT", place.at("tree"))];
    let script = snippet("mkosi/mkosi.finalize");
    assert!(place.run(&script, &[Path::new("build")], &root).status.success());
    assert_eq!(place.log(), "");
}

#[test]
fn a_newer_mkosi_runs_its_script_elsewhere_and_says_where_the_sources_are() {
    let place = Place::new();
    let script = place.at("work/finalize");
    executable(&script, &fs::read_to_string(snippet("mkosi/mkosi.finalize")).unwrap());
    place.demand_tree(&place.run(
        &script,
        &[],
        &[("BUILDROOT", place.at("tree")), ("SRCDIR", place.at("files"))],
    ));
}

#[test]
fn the_script_for_libguestfs_ends_when_the_image_is_whole() {
    let place = Place::new();
    place.demand_tree(&libguestfs(&place));
    assert_eq!(fs::read_to_string(place.at("image.qcow2")).unwrap(), "whole\n");
    assert_eq!(fs::read_dir(place.at("temporary")).unwrap().count(), 0, "no folder is left");
}

#[test]
fn the_script_for_libguestfs_fails_where_a_mount_an_unmount_or_landfall_does() {
    let place = Place::new();
    assert!(!libguestfs_with(&place, "exit 1", "true").status.success());
    assert_eq!(place.log(), "mount\n", "what was not mounted is not unmounted");
    assert_eq!(fs::read_dir(place.at("temporary")).unwrap().count(), 0, "no folder is left");

    let place = Place::new();
    let output = libguestfs_with(&place, "true", "exit 1");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("is still mounted") && said.contains("image.qcow2"), "{said}");

    let place = Place::new();
    fs::remove_file(place.at("files/config.toml")).unwrap();
    assert_eq!(libguestfs(&place).status.code(), Some(2));
    assert!(place.log().ends_with("unmount\n"), "{}", place.log());
    assert_eq!(fs::read_to_string(place.at("image.qcow2")).unwrap(), "whole\n");
}

#[test]
fn packers_script_bakes_seals_and_lets_nothing_out_that_the_gate_holds() {
    for (verify, code) in [("0", 0), ("3", 3)] {
        let place = Place::new();
        let text = fs::read_to_string(snippet("packer/provision.sh")).unwrap();
        // Where the installer puts itself, which is not here.
        executable(&place.at("provision.sh"), &text.replace("/usr/local/bin/landfall", "landfall"));
        executable(&place.at("bin/landfall"), LANDFALL);
        let output =
            place.run(&place.at("provision.sh"), &[&place.at("files")], &[("VERIFY", verify.into())]);
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(
            place.log(),
            "landfall install --config AT/files/config.toml --policy AT/files/policy.toml\nlandfall seal\nlandfall seal --verify\n"
        );
        assert!(!place.at("files").exists(), "nothing of Packer's is left");
    }
}

/// The value of a setting in a block of Packer's template; a list gives its only entry.
fn setting<'a>(block: &'a str, name: &str) -> Option<&'a str> {
    let line = block.lines().find(|line| line.trim_start().split(' ').next() == Some(name))?;
    line.split_once('"')?.1.rsplit_once('"').map(|(value, _)| value)
}

/// Does in this place what the template tells Packer to do in its machine. As Packer's upload does, this one makes no
/// folder.
fn packer_builds(place: &Place, template: &str) {
    let machine = |text: &str| text.replace("/tmp/", &format!("{}/", place.at("machine").display()));
    fs::create_dir_all(place.at("machine")).unwrap();
    for block in template.split("provisioner \"").skip(1) {
        let (command, source, to) =
            (setting(block, "inline"), setting(block, "source"), setting(block, "destination"));
        let run = match (command, source, to) {
            (Some(command), ..) => machine(command),
            (_, Some("${var.landfall}/"), Some(to)) => {
                format!("test -d {0} && cp {1}/* {0}/", machine(to), place.at("files").display())
            }
            _ => {
                let script = setting(block, "script").expect("a provisioner that this stand-in knows");
                let execute = setting(block, "execute_command").unwrap();
                machine(execute).replace("{{ .Path }}", &place.at(script).display().to_string())
            }
        };
        let output = place.run(Path::new("sh"), &[Path::new("-c"), Path::new(&run)], &[]);
        assert!(output.status.success(), "{run}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn packers_template_brings_the_files_to_where_its_script_looks_for_them() {
    let place = Place::new();
    let script = fs::read_to_string(snippet("packer/provision.sh")).unwrap();
    executable(&place.at("provision.sh"), &script.replace("/usr/local/bin/landfall", "landfall"));
    executable(&place.at("bin/landfall"), LANDFALL);
    packer_builds(&place, &fs::read_to_string(snippet("packer/landfall.pkr.hcl")).unwrap());
    assert_eq!(
        place.log(),
        "landfall install --config AT/machine/landfall/config.toml --policy AT/machine/landfall/policy.toml\n\
         landfall seal\nlandfall seal --verify\n"
    );
    assert!(!place.at("machine/landfall").exists(), "nothing of Packer's is left");
}

#[test]
fn packer_finds_its_template_right() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["landfall.pkr.hcl", "provision.sh"] {
        fs::copy(snippet("packer").join(name), folder.path().join(name)).unwrap();
    }
    fs::create_dir_all(folder.path().join("landfall")).unwrap();
    fs::create_dir_all(folder.path().join("seed")).unwrap();
    for name in ["seed/meta-data", "seed/user-data"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let sum = format!("base_checksum=sha256:{}", "0".repeat(64));
    let run = |args: &[&str]| {
        Command::new("packer").args(args).current_dir(folder.path()).env("CHECKPOINT_DISABLE", "1").output()
    };
    // From 1.7 on the builder is a plugin, which would have to be fetched.
    let Some(version) = run(&["--version"]).ok().map(|it| String::from_utf8_lossy(&it.stdout).into_owned())
    else {
        eprintln!("left out: packer is not here");
        return;
    };
    let mut key = Command::new("ssh-keygen");
    let made = key.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.path().join("key")).status();
    assert!(made.unwrap().success());
    let args: &[&str] = match version.starts_with("1.6") {
        true => {
            &["validate", "-var", "base=base.qcow2", "-var", &sum, "-var", "ssh_private_key_file=key", "."]
        }
        false => &["validate", "-syntax-only", "."],
    };
    let output = run(args).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
