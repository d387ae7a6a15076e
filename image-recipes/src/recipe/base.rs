//! What an image starts from.

use std::fmt;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::{Architecture, Digest};
use crate::error::{Error, Result};

/// What an image starts from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Base {
    /// A release by its name in the matrix, such as `debian-12`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Where the release comes from; its vendor's image without this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<From>,
    /// An image that is here instead, as a path from the recipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// An image that is elsewhere instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What the image has to be, bit by bit: `sha256:...` or `sha512:...`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// Where a release comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum From {
    /// Its vendor's cloud image.
    Image,
    /// Its packages, by `landfall-image bootstrap`: Debian 11, 12, 13 and sid.
    Packages,
}

/// A base as a table: a release from elsewhere than its vendor's image, or an image of your own.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "BaseTable")]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Table {
    /// A release by its name in the matrix, such as `debian-12`.
    release: Option<String>,
    /// Where the release comes from; its vendor's image without this.
    from: Option<From>,
    /// An image that is here instead, as a path from the recipe.
    file: Option<PathBuf>,
    /// An image that is elsewhere instead.
    url: Option<String>,
    /// What the image has to be, bit by bit: `sha256:...` or `sha512:...`.
    digest: Option<Digest>,
}

/// What a base resolves to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Made from the packages of this release.
    Packages(&'static distro_matrix::Distro),
    /// An image to download.
    Download {
        /// Its address.
        url: String,
        /// What it has to be, where the recipe or the matrix says so.
        digest: Option<Digest>,
        /// The address of the vendor's list of digests.
        list: Option<String>,
    },
    /// An image that is here.
    File {
        /// Its path, from the recipe's folder.
        path: PathBuf,
        /// What it has to be.
        digest: Option<Digest>,
    },
}

impl Base {
    /// The release it is of, where it says so.
    ///
    /// # Errors
    /// When no release of that name is known, or Landfall does not work on it.
    pub fn distro(&self) -> Result<Option<&'static distro_matrix::Distro>> {
        let Some(name) = &self.release else { return Ok(None) };
        let distro = distro_matrix::named(name).ok_or_else(|| {
            let known: Vec<&str> = distro_matrix::all().iter().map(|d| d.release.as_str()).collect();
            let error = Error::refused(format!("no release is called '{name}'"));
            match super::nearest(name, known.iter().copied()) {
                Some(near) => error.hint(format!("did you mean '{near}'?")),
                None => error.hint("releases are named as the files of distro-matrix/distros are"),
            }
        })?;
        match &distro.refused {
            Some(why) => Err(Error::refused(format!("Landfall does not work on {}: {why}", distro.name))),
            None => Ok(Some(distro)),
        }
    }

    /// Where the base comes from.
    ///
    /// # Errors
    /// When it names none or more than one place, or the release has no image for this architecture.
    pub fn source(&self, architecture: Architecture) -> Result<Source> {
        let distro = self.distro()?;
        let digest = self.digest.clone();
        match (&self.file, &self.url, self.from, distro) {
            (Some(path), None, None, _) => Ok(Source::File { path: path.clone(), digest }),
            (None, Some(url), None, _) => Ok(Source::Download { url: url.clone(), digest, list: None }),
            (None, None, Some(From::Packages), Some(distro)) if digest.is_none() => {
                Ok(Source::Packages(distro))
            }
            (None, None, Some(From::Packages), Some(_)) => {
                Err(Error::refused("a base from packages is made anew: it cannot have a digest"))
            }
            (None, None, None | Some(From::Image), Some(distro)) => vendors(distro, architecture, digest),
            (None, None, _, None) => {
                Err(Error::refused("the base names neither a release, nor a file, nor a url")
                    .hint("write base = \"debian-12\", or a table with file or url, and digest"))
            }
            _ => Err(Error::refused("the base names more than one place to come from")
                .hint("choose one of: from, file, url")),
        }
    }
}

fn vendors(
    distro: &'static distro_matrix::Distro,
    architecture: Architecture,
    digest: Option<Digest>,
) -> Result<Source> {
    let missing = || {
        Error::refused(format!("no vendor's image of {} is known for {}", distro.name, architecture.name()))
            .hint("name one: base = { release = \"...\", file = \"...\", digest = \"sha256:...\" }")
    };
    let image = distro.images.get(architecture.name()).ok_or_else(missing)?;
    if image.first_boot != "cloud-init" {
        return Err(Error::refused(format!(
            "the vendor's image of {} is configured by {}, which is not written yet",
            distro.name, image.first_boot
        )));
    }
    let Some(url) = image.url.clone() else {
        return Err(Error::refused(format!("no public address of {}'s image is known", distro.name)).hint(
            "fetch it, and name it: base = { release = \"...\", file = \"...\", digest = \"sha256:...\" }",
        ));
    };
    let seen = image.digest.clone().and_then(|text| Digest::try_from(text).ok());
    Ok(Source::Download { url, digest: digest.or(seen), list: image.digests.clone() })
}

impl<'de> Deserialize<'de> for Base {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct NameOrTable;

        impl<'de> Visitor<'de> for NameOrTable {
            type Value = Base;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a release's name or a table")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> std::result::Result<Base, E> {
                Ok(Base { release: Some(name.to_owned()), ..Base::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Base, A::Error> {
                let Table { release, from, file, url, digest } =
                    Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Base { release, from, file, url, digest })
            }
        }

        deserializer.deserialize_any(NameOrTable)
    }
}

impl JsonSchema for Base {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Base".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<Table>();
        json_schema!({
            "description": "What an image starts from: a release's name, or a table.",
            "anyOf": [{ "type": "string" }, table]
        })
    }
}
