//! mkosi, diskimage-builder and libguestfs, whose scripts put Landfall into a tree.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::{Place, executable, snippet};

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
