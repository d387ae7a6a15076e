//! A list of proofs: a file beside this crate's sources, and how what ran gets onto it.
//!
//! What came to its end writes a small file of its own ([`record`]) into the folder that `LANDFALL_PROOFS` names, and
//! nothing without it. So tests that run side by side do not meet, and a list changes only when somebody merges those
//! files into it ([`merge`]): `cargo run -p vm-tests -- support-table --proofs FOLDER`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Result, While};
use crate::programs::workspace;

/// The variable that names the folder.
const FOLDER: &str = "LANDFALL_PROOFS";

/// What a list is of.
pub trait Listed: Serialize + DeserializeOwned {
    /// What tells it from the others of its list, and orders them.
    type Key: Ord;
    /// The list's name, in this crate's folder.
    const LIST: &'static str;
    /// Where it is recorded, in the folder of proofs.
    const RECORDED: &'static str;
    /// What the list begins with.
    const ABOVE: &'static str;

    /// What ran: a test or a cell.
    fn name(&self) -> &str;
    /// See [`Self::Key`].
    fn key(&self) -> Self::Key;
}

#[derive(Serialize, Deserialize)]
struct List<P> {
    #[serde(default = "Vec::new")]
    proof: Vec<P>,
}

/// The folder of proofs, where there is one.
pub(super) fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// Writes into the folder of proofs, where there is one, what `proof` makes.
pub(crate) fn record<P: Listed>(proof: impl FnOnce() -> Result<P>) -> Result<()> {
    let Some(folder) = folder() else { return Ok(()) };
    let proof = proof().doing(|| "recording what was proved")?;
    let folder = folder.join(P::RECORDED);
    fs::create_dir_all(&folder)?;
    let place = folder.join(format!("{}.toml", proof.name().replace('/', "_")));
    let text = toml::to_string(&proof).doing(|| "writing a proof")?;
    fs::write(&place, text).doing(|| format!("writing {}", place.display()))
}

fn file<P: Listed>() -> PathBuf {
    workspace().join("vm-tests").join(P::LIST)
}

/// The list.
pub fn all<P: Listed>() -> Result<Vec<P>> {
    let reading = || format!("reading {}", P::LIST);
    let text = fs::read_to_string(file::<P>()).doing(reading)?;
    Ok(toml::from_str::<List<P>>(&text).doing(reading)?.proof)
}

/// Takes what was recorded in the folder of proofs onto the list; returns how many that are, and the names of those that
/// were dropped, as nothing is called so any more.
pub(crate) fn merge<P: Listed>(
    folder: &Path,
    is_there: impl Fn(&str) -> bool,
) -> Result<(usize, Vec<String>)> {
    let new = recorded::<P>(folder)?;
    let count = new.len();
    let (proof, dropped) = merged(all()?, new, is_there);
    let text = toml::to_string(&List { proof }).doing(|| format!("writing {}", P::LIST))?;
    fs::write(file::<P>(), format!("{}{text}", P::ABOVE))?;
    Ok((count, dropped))
}

fn recorded<P: Listed>(folder: &Path) -> Result<Vec<P>> {
    let entries = match fs::read_dir(folder.join(P::RECORDED)) {
        // The folder is the right one, and nothing of this list ran.
        Err(e) if e.kind() == ErrorKind::NotFound && folder.is_dir() => return Ok(Vec::new()),
        entries => entries.doing(|| format!("reading {}", folder.display()))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let reading = || format!("reading {}", path.display());
            let text = fs::read_to_string(&path).doing(reading)?;
            found.push(toml::from_str(&text).doing(reading)?);
        }
    }
    Ok(found)
}

/// A newer proof takes the place of an older one of the same; one of what is gone goes, and its name is returned.
pub(crate) fn merged<P: Listed>(
    old: Vec<P>,
    new: Vec<P>,
    is_there: impl Fn(&str) -> bool,
) -> (Vec<P>, Vec<String>) {
    let is_renewed = |proof: &P| new.iter().any(|newer| newer.key() == proof.key());
    let mut all: Vec<P> = old.into_iter().filter(|proof| !is_renewed(proof)).collect();
    all.extend(new);
    let (mut all, gone): (Vec<P>, Vec<P>) = all.into_iter().partition(|proof| is_there(proof.name()));
    all.sort_by_key(P::key);
    (all, gone.iter().map(|proof| proof.name().to_owned()).collect())
}
