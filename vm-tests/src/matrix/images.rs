//! Where the image of a cell comes from: from somebody who has it, from packages, from a stand-in, from its vendor.

use std::fs;
use std::path::{Path, PathBuf};

use image_recipes::base::{self, Client, Store};
use image_recipes::bootstrap::packages;
use image_recipes::recipe::Recipe;
use serde::Deserialize;

use super::{Cell, Path as WholePath};
use crate::error::{Error, Result, While};
use crate::system::StandIn;

/// Where the image of a cell comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// Somebody has it: `--images FILE`.
    Given(GivenImage),
    /// `landfall-image bootstrap` makes it.
    Packages,
    /// A Debian with the package manager of the release.
    StandIn(StandIn),
    /// Its vendor gives it to everybody.
    Vendor,
    /// Nobody gives it to everybody; why.
    None(String),
}

/// An image that somebody has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GivenImage {
    /// The release, by its name in the matrix.
    pub release: String,
    /// What it runs on.
    pub architecture: String,
    /// The file: a path, from the list's folder on.
    pub file: PathBuf,
    /// What it has to be: `sha256:...` or `sha512:...`.
    pub digest: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    image: Vec<GivenImage>,
}

/// Reads a list of images that somebody has.
pub fn given(file: &Path) -> Result<Vec<GivenImage>> {
    let text = fs::read_to_string(file).doing(|| format!("reading {}", file.display()))?;
    let list: List = toml::from_str(&text).doing(|| format!("reading {}", file.display()))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut images = list.image;
    for image in &mut images {
        if distro_matrix::named(&image.release).is_none() {
            return Err(Error::new(format!(
                "{}: no release is called '{}'\nhint: releases are named as the files of distro-matrix/distros are",
                file.display(),
                image.release
            )));
        }
        image.file = fs::canonicalize(folder.join(&image.file))
            .doing(|| format!("looking for {}", image.file.display()))?;
    }
    Ok(images)
}

/// Where the image of this cell comes from: what somebody has counts before what can be made, and that before what
/// has to be downloaded.
#[must_use]
pub fn of(cell: &Cell, given: &[GivenImage]) -> Image {
    let (release, architecture) = (&cell.distro.release, &cell.architecture);
    let is_it = |it: &&GivenImage| it.release == *release && it.architecture == *architecture;
    if let Some(image) = given.iter().find(is_it) {
        return Image::Given(image.clone());
    }
    if packages::releases().contains(release) {
        return Image::Packages;
    }
    if let Some(stand_in) = stand_in(cell) {
        return Image::StandIn(stand_in);
    }
    match cell.distro.images.get(architecture) {
        Some(image) if image.url.is_some() => Image::Vendor,
        Some(_) => Image::None("its vendor gives it to customers, or under names that move".to_owned()),
        None => Image::None("no image of its vendor's is known".to_owned()),
    }
}

/// A stand-in has a kernel and a package manager, and no cloud-init: one path is for it.
fn stand_in(cell: &Cell) -> Option<StandIn> {
    let fits = cell.architecture == "x86_64" && cell.firmware == "bios" && cell.path == WholePath::Up;
    let poses = |it: &&StandIn| it.release() == cell.distro.release;
    StandIn::ALL.iter().find(|it| fits && poses(it)).copied()
}

/// Brings an image here that is not made here, checked.
pub fn bring(cell: &Cell, image: &Image) -> Result<PathBuf> {
    let release = &cell.distro.release;
    let base = match image {
        Image::Given(it) => format!(
            "{{ release = \"{release}\", file = {}, digest = {} }}",
            toml::Value::from(it.file.display().to_string()),
            toml::Value::from(it.digest.clone())
        ),
        _ => format!("\"{release}\""),
    };
    let recipe = format!("base = {base}\narchitecture = \"{}\"\n", cell.architecture);
    let recipe =
        Recipe::parse(&recipe, "the image of a cell").doing(|| format!("choosing {cell}'s image"))?;
    let brought = base::bring(&recipe, &Store::of_user()?)?;
    brought.map(|it| it.path).ok_or_else(|| Error::new(format!("{release} has no image to bring")))
}

/// Why a vendor's image cannot be had now, where its server does not answer.
#[must_use]
pub fn why_not_reachable(cell: &Cell) -> Option<String> {
    let image = cell.distro.images.get(&cell.architecture)?;
    let address = image.digests.as_ref().or(image.url.as_ref())?;
    let asked = Client::new().and_then(|client| client.ask(address, 0));
    match asked {
        Ok(Ok(_)) => None,
        Ok(Err(reason)) => Some(reason),
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix;

    fn cell(name: &str) -> Cell {
        matrix::named(name).unwrap()
    }

    #[test]
    fn what_somebody_has_counts_before_what_can_be_made() {
        let image = GivenImage {
            release: "debian-12".into(),
            architecture: "x86_64".into(),
            file: "/images/debian.qcow2".into(),
            digest: format!("sha256:{}", "0".repeat(64)),
        };
        let given = [image.clone()];
        assert_eq!(of(&cell("debian-12/x86_64/bios/up"), &given), Image::Given(image));
        assert_eq!(of(&cell("debian-13/x86_64/bios/up"), &given), Image::Packages);
    }

    #[test]
    fn a_stand_in_goes_one_path_and_the_vendors_image_the_others() {
        assert_eq!(of(&cell("fedora-43/x86_64/bios/up"), &[]), Image::StandIn(StandIn::Fedora43));
        assert_eq!(of(&cell("fedora-43/x86_64/bios/one-liner"), &[]), Image::Vendor);
        assert_eq!(of(&cell("fedora-43/aarch64/uefi/up"), &[]), Image::Vendor);
        assert!(matches!(of(&cell("rhel-9/x86_64/uefi/up"), &[]), Image::None(_)));
    }

    #[test]
    fn a_list_of_images_names_files_from_its_own_folder_on_and_releases_that_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("images.toml");
        let written = |release: &str, file: &str| {
            let text = format!(
                "[[image]]\nrelease = \"{release}\"\narchitecture = \"x86_64\"\nfile = \"{file}\"\n\
                 digest = \"sha256:00\"\n"
            );
            fs::write(&list, text).unwrap();
            given(&list)
        };
        fs::write(folder.path().join("rhel.qcow2"), "").unwrap();
        let images = written("rhel-9", "rhel.qcow2").unwrap();
        assert_eq!(images[0].file, fs::canonicalize(folder.path().join("rhel.qcow2")).unwrap());
        let said = written("rhel-999", "rhel.qcow2").unwrap_err().to_string();
        assert!(said.contains("no release is called 'rhel-999'"), "{said}");
        let said = written("rhel-9", "none.qcow2").unwrap_err().to_string();
        assert!(said.contains("looking for none.qcow2"), "{said}");
    }
}
