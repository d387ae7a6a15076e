//! `NAME.reproducible.md` beside an image: what is the same when it is built again, and what is not, said for this
//! image and not in general.

use crate::manifest::Manifest;
use crate::recipe::{Format, Recipe, Source};

/// How its name ends.
pub const ENDING: &str = "reproducible.md";

/// The statement.
#[must_use]
pub fn statement(recipe: &Recipe, manifest: &Manifest) -> String {
    let made_of = &manifest.made_of;
    let mut text = format!(
        "# What is reproducible of `{}`, and what not\n\n\
         Key `{}`: the same recipe, base, binary and program landfall-image give the same key. While the\n\
         files beside this one have the digests of `{}.SHA256SUMS`, such a build is not run again.\n\n## The same each time\n\n",
        manifest.name, manifest.key, manifest.name
    );
    let mut same = vec![
        format!("the recipe and the files that it names (SHA-256 `{}`)", made_of.recipe),
        format!("Landfall's binary in the image (SHA-256 `{}`)", made_of.landfall),
        "the policy, the configuration and every file of the recipe, bit by bit".into(),
        "the bill of materials of the same packages: it carries no time".into(),
    ];
    let mut other = Vec::new();
    match recipe.base.source(recipe.architecture) {
        Ok(Source::Packages(distro)) => {
            other.push(format!(
                "the packages of {}: its repository moves; the manifest has the versions of this build",
                distro.name
            ));
        }
        _ => same.push(format!("the base, bit by bit (`{}`)", made_of.base_digest)),
    }
    other.push(
        "packages that were installed or upgraded while baking: their versions are those of that day, unless the \
         recipe names a mirror that does not move"
            .into(),
    );
    other.push(
        "the root file system's layout, its times, logs and caches that programs wrote while the image was booted: \
         two builds differ there even with the same packages"
            .into(),
    );
    let random = |format: &Format| matches!(format, Format::Vmdk | Format::Vhdx | Format::Vhd | Format::Ova);
    let formats: Vec<&str> =
        manifest.outputs.iter().map(|it| &it.format).filter(|it| random(it)).map(|it| it.ending()).collect();
    if !formats.is_empty() {
        other.push(format!(
            "the identifiers or times that qemu-img puts into {}: the disk inside is the same",
            formats.join(", ")
        ));
    }
    if manifest.outputs.iter().any(|it| matches!(it.format, Format::Qcow2 | Format::Raw)) {
        same.push("qcow2 and raw of the same disk, by the same version of qemu-img".into());
    }
    for line in same {
        text.push_str(&format!("- {line}\n"));
    }
    text.push_str("\n## Not the same\n\n");
    for line in other {
        text.push_str(&format!("- {line}\n"));
    }
    text
}
