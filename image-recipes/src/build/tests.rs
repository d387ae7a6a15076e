//! Builds of a small disk: what stands beside the outputs, when nothing is rebuilt, and what a cut leaves.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::packages::Packages;

struct Place {
    folder: TempDir,
    recipe: Recipe,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = "base = { release = \"debian-12\", from = \"packages\" }\noutputs = [\"qcow2\", \"vmdk\"]\n\
                    files = [{ path = \"/etc/site\", source = \"site\" }]\n";
        fs::write(folder.path().join("edge.toml"), text).unwrap();
        fs::write(folder.path().join("site"), "site").unwrap();
        fs::write(folder.path().join("landfall"), "binary").unwrap();
        fs::File::create(folder.path().join("raw")).unwrap().set_len(1 << 20).unwrap();
        let recipe = Recipe::read(&folder.path().join("edge.toml")).unwrap();
        Self { folder, recipe }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn begin(&self) -> Build<'_> {
        let base = ("debian-12 from packages", "sha256:00");
        Build::begin(&self.recipe, Folder::lock(&self.at("out")).unwrap(), base, &self.at("landfall"))
            .unwrap()
    }

    fn built(&self) -> Manifest {
        self.begin().finish(&self.at("raw"), contents(), Vec::new()).unwrap()
    }
}

fn contents() -> Contents {
    let status = "bash\t0:5.2+dfsg-1~a\tx86_64\nzlib\t1:1.2-3\tx86_64\n";
    Contents::of("ID=\"fedora\"\nVERSION_ID=44\n", Packages::of_guest(status).unwrap())
}

#[test]
fn everything_stands_beside_the_outputs() {
    let place = Place::new();
    let manifest = place.built();
    let mut names: Vec<String> = fs::read_dir(place.at("out"))
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let wanted = ["SHA256SUMS", "cdx.json", "manifest.json", "qcow2", "reproducible.md", "vmdk"]
        .map(|it| format!("edge.{it}"));
    assert_eq!(names[1..], wanted, "and the lock, {}", names[0]);
    let check =
        Program::new("sh", "dash").args(["-c", "cd \"$1\" && sha256sum --check edge.SHA256SUMS", "sh"]);
    check.arg(place.at("out")).run().unwrap();
    assert_eq!(Manifest::read(&place.at("out"), "edge"), Some(manifest.clone()));
    assert_eq!(manifest.tools[0].name, "qemu-img");
    let text = fs::read_to_string(place.at("out/edge.manifest.json")).unwrap();
    assert!(!text.contains(place.folder.path().to_str().unwrap()), "no path of this machine");
    let statement = fs::read_to_string(place.at("out/edge.reproducible.md")).unwrap();
    assert!(
        statement.contains("its repository moves") && statement.contains("puts into vmdk"),
        "{statement}"
    );
}

#[test]
fn nothing_changed_means_nothing_rebuilt_and_any_change_means_all() {
    let place = Place::new();
    place.built();
    let unchanged = |place: &Place| place.begin().unchanged().is_some();
    assert!(unchanged(&place));
    for (name, content) in [("landfall", "another binary"), ("site", "another site")] {
        let before = fs::read(place.at(name)).unwrap();
        fs::write(place.at(name), content).unwrap();
        assert!(!unchanged(&place), "{name}");
        fs::write(place.at(name), before).unwrap();
    }
    assert!(unchanged(&place));
    let other = Build::begin(
        &place.recipe,
        Folder::lock(&place.at("out")).unwrap(),
        ("x", "sha256:11"),
        &place.at("landfall"),
    )
    .unwrap();
    assert!(other.unchanged().is_none(), "another base");
    drop(other);
    let mut image = fs::read(place.at("out/edge.qcow2")).unwrap();
    image[100] ^= 1;
    fs::write(place.at("out/edge.qcow2"), &image).unwrap();
    assert!(!unchanged(&place), "an output that was damaged");
    fs::remove_file(place.at("out/edge.qcow2")).unwrap();
    assert!(!unchanged(&place), "an output that is gone");
    fs::write(place.at("out/edge.manifest.json"), "{ half").unwrap();
    assert!(!unchanged(&place), "a manifest that is none");
}

#[test]
fn images_of_two_recipes_share_a_folder_and_neither_is_taken_for_the_other() {
    let place = Place::new();
    place.built();
    fs::copy(place.at("edge.toml"), place.at("quay.toml")).unwrap();
    let quay = Recipe::read(&place.at("quay.toml")).unwrap();
    let base = ("debian-12 from packages", "sha256:00");
    let build =
        Build::begin(&quay, Folder::lock(&place.at("out")).unwrap(), base, &place.at("landfall")).unwrap();
    assert!(build.unchanged().is_none(), "the same recipe by another name");
    build.finish(&place.at("raw"), contents(), Vec::new()).unwrap();
    drop(build);
    assert!(place.begin().unchanged().is_some(), "the first is whole still");
    for name in ["edge", "quay"] {
        let sums = fs::read_to_string(place.at(&format!("out/{name}.SHA256SUMS"))).unwrap();
        assert!(sums.lines().all(|line| line.contains(&format!("  {name}."))), "{sums}");
    }
}

#[test]
fn a_build_that_fails_leaves_no_manifest_that_fits() {
    let place = Place::new();
    place.built();
    let build = place.begin();
    build.finish(&place.at("no-such-disk"), contents(), Vec::new()).unwrap_err();
    assert!(build.unchanged().is_none());
    assert!(!place.at("out/edge.manifest.json").exists());
}

#[test]
fn two_builds_of_the_same_disk_differ_in_what_the_statement_names_alone() {
    let (one, two) = (Place::new(), Place::new());
    let (first, second) = (one.built(), two.built());
    assert_eq!(first.key, second.key);
    assert_eq!(first.outputs[0], second.outputs[0], "the qcow2");
    let bill = |place: &Place| fs::read(place.at("out/edge.cdx.json")).unwrap();
    assert_eq!(bill(&one), bill(&two));
}

/// What CycloneDX 1.6 demands of what is used of it.
#[test]
fn the_bill_has_the_shape_of_cyclonedx() {
    let bill = sbom::bill(&Place::new().built());
    assert_eq!(bill["bomFormat"], "CycloneDX");
    assert_eq!(bill["specVersion"], "1.6");
    assert_eq!(bill["version"], 1);
    let serial = bill["serialNumber"].as_str().unwrap().strip_prefix("urn:uuid:").unwrap();
    let lengths: Vec<usize> = serial.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    assert_eq!((&serial[14..15], serial[19..20].contains(['8', '9', 'a', 'b'])), ("8", true));
    let components = bill["components"].as_array().unwrap();
    let mut references = std::collections::BTreeSet::new();
    for component in components {
        let kind = component["type"].as_str().unwrap();
        assert!(["operating-system", "library", "application"].contains(&kind));
        assert!(component["name"].as_str().is_some_and(|name| !name.is_empty()));
        assert!(references.insert(component["bom-ref"].as_str().unwrap()), "bom-refs are unique");
    }
    let purls: Vec<&str> = components.iter().filter_map(|it| it["purl"].as_str()).collect();
    assert_eq!(
        purls,
        [
            "pkg:rpm/fedora/bash@5.2%2Bdfsg-1~a?arch=x86_64&distro=fedora-44",
            "pkg:rpm/fedora/zlib@1.2-3?arch=x86_64&distro=fedora-44&epoch=1",
        ]
    );
    let landfall = components.iter().find(|it| it["name"] == "landfall").unwrap();
    assert_eq!(landfall["hashes"][0]["content"].as_str().unwrap().len(), 64);
    assert!(matches!(bill["metadata"]["component"]["bom-ref"], Value::String(_)));
}

#[test]
fn a_debian_package_keeps_its_epoch_in_its_version() {
    let status =
        "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2.36-9+deb12u1\n";
    let folder = tempfile::tempdir().unwrap();
    crate::disk::samples::tree(
        folder.path(),
        &[
            ("tree/etc/os-release", 0o644, "ID=debian\nVERSION_ID=\"12\"\n"),
            ("tree/var/lib/dpkg/status", 0o644, status),
        ],
    );
    let disk = crate::disk::samples::gpt(folder.path(), &folder.path().join("tree"));
    let tree = crate::disk::ImageTree::open(&crate::disk::Disk::open(&disk).unwrap()).unwrap();
    assert!(matches!(Packages::read(&tree).unwrap(), Packages::Dpkg(_)));
    let mut manifest = Place::new().built();
    manifest.contents = Contents::read(&tree).unwrap();
    let text = sbom::bill(&manifest).to_string();
    assert!(text.contains("pkg:deb/debian/libc6@1%3A2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12"), "{text}");
}
