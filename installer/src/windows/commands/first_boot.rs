//! `first-boot` on Windows: `up` with nobody there, on a copy of a sealed image, by a seed.
//!
//! The seed is `landfall.toml` in Landfall's folder, or at the root of another drive, such as the disc of a virtual
//! machine. It is removed from Landfall's own folder once it was used; what is on another drive stays there.

use std::path::{Path, PathBuf};

use landfall_contract::seed::{FILE, Seed};

use super::up;
use crate::cli::Options;
use crate::config;
use crate::durable;
use crate::error::{Error, Kind, Result, While};
use crate::plan::Goal;
use crate::secret::Secret;
use crate::windows::door::Windows;
use crate::windows::places::{SEALED, SEED};

/// Gives a copy its identity.
///
/// # Errors
/// When there is no seed, or as `up`.
pub fn run(host: &mut dyn Windows, named: Option<&Path>, json: bool) -> Result<()> {
    if host.stat(Path::new(SEALED))?.is_none() {
        eprintln!("nothing to do: this is no copy of a sealed image, or it had its first boot");
        return Ok(());
    }
    let image = config::file(host, named)?;
    let options = seed(host)?.or(image);
    if let Err(e) = up::run(host, &options, Goal::Up, json) {
        // It fails again however often it is tried: only a person can help.
        if e.kind == Kind::Lasting {
            durable::remove(host, Path::new(SEALED))?;
        }
        return Err(e);
    }
    Ok(())
}

fn seed(host: &dyn Windows) -> Result<Options> {
    let drives = ('D'..='Z').map(|drive| PathBuf::from(format!("{drive}:/{FILE}")));
    for path in [PathBuf::from(SEED)].into_iter().chain(drives) {
        // A drive without a medium is no error: it has no seed.
        let Ok(Some(content)) = host.read(&path) else { continue };
        let text = Secret::of_file(content, &path)?;
        return parse(&text).while_doing(|| format!("reading the seed {}", path.display()));
    }
    Err(Error::failed("there is no seed").hint(format!(
        "put {FILE} with region, activation-id and activation-code at the root of a drive, or into {}",
        SEED.replace('/', r"\")
    )))
}

fn parse(text: &Secret) -> Result<Options> {
    // What is wrong may be beside a secret, so the text itself is not shown.
    let seed: Seed = toml::from_str(text.expose()).map_err(|e| {
        Error::refused(format!("it is no seed: {}", e.message()))
            .hint("docs/first-boot.md has what a seed may say")
    })?;
    Ok(Options {
        region: seed.region,
        cluster: seed.cluster,
        activation_id: seed.activation_id,
        activation_code: seed.activation_code.map(Secret::new),
        attribute: seed.attribute,
        tag: seed.tag,
        proxy: seed.proxy,
        no_proxy: seed.no_proxy,
        ..Options::default()
    })
}
