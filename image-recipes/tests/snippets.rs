//! The snippets for other builders of images: every script is run here, with stand-ins for what is not; what a test
//! cannot run says so in its head.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Writes down how it was called, and for a tree does what `install --root` does as far as it matters here.
const LANDFALL: &str = r#"#!/bin/sh
echo "landfall $*" >>"$LOG"
[ "${2:-}" != --root ] || echo sealed >"$3/sealed"
[ "$*" != "seal --verify" ] || exit "${VERIFY:-0}"
"#;

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
        fs::write(place.at("files/policy.toml"), "policy").unwrap();
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
        command.args(args).env("PATH", path).env("LOG", self.at("log"));
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
        assert_eq!(fs::read_to_string(self.at("tree/etc/landfall/policy.toml")).unwrap(), "policy");
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

#[test]
fn mkosis_script_puts_landfall_into_its_tree_once() {
    let place = Place::new();
    let script = place.at("files/mkosi.finalize");
    fs::copy(snippet("mkosi/mkosi.finalize"), &script).unwrap();
    let root = [("BUILDROOT", place.at("tree"))];
    assert!(place.run(&script, &[Path::new("build")], &root).status.success());
    assert_eq!(place.log(), "", "nothing in the image that is thrown away");
    place.demand_tree(&place.run(&script, &[Path::new("final")], &root));
    assert_eq!(place.log(), "landfall install --root AT/tree --config AT/files/config.toml\n");
}

#[test]
fn diskimage_builders_element_puts_landfall_into_its_tree() {
    let place = Place::new();
    let script = snippet("diskimage-builder/landfall/cleanup.d/99-landfall");
    let env = [("TARGET_ROOT", place.at("tree")), ("LANDFALL_FILES", place.at("files"))];
    place.demand_tree(&place.run(&script, &[], &env));
}

#[test]
fn the_script_for_libguestfs_mounts_writes_and_always_unmounts() {
    for (mounts, succeeds) in [("mv \"$TREE\"/* \"$last\"/", true), ("exit 1", false)] {
        let place = Place::new();
        let fake = format!(
            "#!/bin/sh\necho \"mount $1 $2 $3 $4\" >>\"$LOG\"\nfor last; do :; done\necho \"$last\" >\"$LOG.at\"\n{mounts}\n"
        );
        executable(&place.at("bin/guestmount"), &fake);
        executable(
            &place.at("bin/guestunmount"),
            "#!/bin/sh\necho unmount >>\"$LOG\"\nmv \"$1\"/* \"$TREE\"/\n",
        );
        let env = [("TREE", place.at("tree"))];
        let output = place.run(
            &snippet("libguestfs/inject.sh"),
            &[Path::new("image.qcow2"), &place.at("files")],
            &env,
        );
        assert_eq!(output.status.success(), succeeds, "{}", String::from_utf8_lossy(&output.stderr));
        assert!(
            place.log().starts_with("mount -a image.qcow2 -i --rw\n") && place.log().ends_with("unmount\n")
        );
        let at = fs::read_to_string(place.at("log.at")).unwrap();
        assert!(!Path::new(at.trim()).exists(), "no folder is left");
        if succeeds {
            place.demand_tree(&output);
        }
    }
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
