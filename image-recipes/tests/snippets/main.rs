//! The snippets for other builders of images: every script is run here, with stand-ins for what is not; what a test
//! cannot run says so in its head.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

mod packer;
mod trees;

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
