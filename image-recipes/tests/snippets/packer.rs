//! Packer, whose script bakes and seals a machine from within.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{LANDFALL, Place, executable, snippet};

/// Where the installer puts itself is not here, so the script finds it elsewhere.
fn bring_script(place: &Place) {
    let text = fs::read_to_string(snippet("packer/provision.sh")).unwrap();
    executable(&place.at("provision.sh"), &text.replace("/usr/local/bin/landfall", "landfall"));
    executable(&place.at("bin/landfall"), LANDFALL);
}

#[test]
fn packers_script_bakes_seals_and_lets_nothing_out_that_the_gate_holds() {
    for (verify, code) in [("0", 0), ("3", 3)] {
        let place = Place::new();
        bring_script(&place);
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
    bring_script(&place);
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
