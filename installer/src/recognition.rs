//! Which release a system is taken for, and how far Landfall stands behind it: one answer, for every command.

use distro_matrix::{Distro, Found, OsRelease, Support, all};
use serde::Serialize;

use crate::error::{Error, Result};

#[cfg(test)]
mod tests;

/// What a person reads at once of what a system calls itself.
const MOST_SHOWN: usize = 80;

/// What a system is taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recognised {
    /// The matrix's name of the release; of a derivative its parent's; nothing of what is refused.
    pub release: Option<String>,
    /// How far Landfall stands behind it.
    pub support: Support,
    /// The name for people; nothing where the system has none.
    pub name: Option<String>,
    /// The name of the release that a derivative is like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
    /// The day the release's support ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_of_life: Option<String>,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a system is taken for, by its os-release, which may be broken.
///
/// # Errors
/// Beside the answer, where that is a refusal.
pub fn recognised(os: &OsRelease, broken: Option<&str>) -> (Recognised, Result<()>) {
    let own_name = Some(shown(&os.pretty_name)).filter(|name| !name.is_empty());
    let found = distro(os, broken).and_then(|distro| refusal(&distro).map_or(Ok(distro), Err));
    let distro = match found {
        Ok(distro) => distro,
        Err(e) => {
            let (support, reason) = (Support::Refused, Some(e.what.clone()));
            let refused =
                Recognised { release: None, support, name: own_name, like: None, end_of_life: None, reason };
            return (refused, Err(e));
        }
    };
    let parent = distro_matrix::named(&distro.release).filter(|_| distro.support == Support::Untested);
    let answer = Recognised {
        name: if parent.is_some() { own_name } else { Some(distro.name) },
        like: parent.map(|parent| parent.name.clone()),
        release: Some(distro.release),
        support: distro.support,
        end_of_life: distro.end_of_life,
        reason: None,
    };
    (answer, Ok(()))
}

/// The release that an os-release names; for a derivative its parent, under the derivative's name and untested.
/// It may be one that is turned away: see [`refusal`].
///
/// # Errors
/// When the os-release is broken, or the matrix does not know what it names.
pub fn distro(os: &OsRelease, broken: Option<&str>) -> Result<Distro> {
    if let Some(broken) = broken {
        return Err(Error::refused(broken).hint(
            "os-release(5) tells how it is written; the distribution's own package has a whole one, mostly as \
             /usr/lib/os-release",
        ));
    }
    match distro_matrix::find(os) {
        Found::Release(distro) => Ok(distro.clone()),
        Found::Like(parent) => Ok(derivative(os, parent)),
        Found::Unknown => Err(unknown(os)),
    }
}

fn unknown(os: &OsRelease) -> Error {
    let called = Some(shown(&os.pretty_name)).filter(|name| !name.is_empty());
    let which = variant_of(os).map(|distro| {
        format!(
            "; the variant '{}' of {} is a system of its own, mostly one that takes no packages",
            os.variant_id, distro.name
        )
    });
    Error::refused(format!(
        "this is {} (ID '{}', VERSION_ID '{}'), which is not supported{}",
        called.as_deref().unwrap_or("a system without a name"),
        shown(&os.id),
        shown(&os.version_id),
        which.unwrap_or_default()
    ))
    .hint(supported(&os.id))
}

/// The release that this would be, if its variant were not another system.
fn variant_of(os: &OsRelease) -> Option<&'static Distro> {
    let without = OsRelease { variant_id: String::new(), ..os.clone() };
    let distro = distro_matrix::find(&without).release();
    distro.filter(|distro| distro.identity.other_variants.contains(&os.variant_id))
}

/// What is turned away stays so, whatever is made from it.
fn derivative(os: &OsRelease, parent: &Distro) -> Distro {
    let mut distro = parent.clone();
    distro.name = format!("{} (like {})", shown(&os.pretty_name), parent.name);
    if parent.support != Support::Refused {
        distro.support = Support::Untested;
    }
    // A derivative may have a codename of its own, and Docker has a suite for its parent's.
    if let Some(repository) = &mut distro.packages.docker_repository {
        repository.suite = repository.suite.take().or_else(|| parent.identity.codename.clone());
    }
    distro
}

/// Why a release that is known is turned away, where it is.
#[must_use]
pub fn refusal(distro: &Distro) -> Option<Error> {
    let of_windows = || {
        Error::refused(format!("{} is planned for on Windows alone", distro.name))
            .hint("run landfall.exe there: see docs/windows.md")
    };
    turned_away(distro).or_else(|| distro.windows.as_ref().map(|_| of_windows()))
}

/// Why a release is turned away on its own system, where it is.
#[must_use]
pub(crate) fn turned_away(distro: &Distro) -> Option<Error> {
    if distro.support != Support::Refused {
        return None;
    }
    let because = distro.refused.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let sentence = format!("{} is not supported{because}", distro.name);
    Some(Error::refused(sentence).hint(supported(distro.identity.ids.first().map_or("", String::as_str))))
}

/// The release of the matrix that a person named.
///
/// # Errors
/// When there is none of this name; the hint has those that are near.
pub fn named(release: &str) -> Result<&'static Distro> {
    distro_matrix::named(release).ok_or_else(|| {
        let wanted = parts(release).0;
        let mut near: Vec<&str> = all().iter().map(|distro| distro.release.as_str()).collect();
        if near.iter().any(|name| parts(name).0 == wanted) {
            near.retain(|name| parts(name).0 == wanted);
        }
        Error::refused(format!("there is no release '{}'", shown(&printable(release))))
            .hint(format!("the releases are called: {}", near.join(", ")))
    })
}

/// The supported releases of the system with this `ID`, or of all.
fn supported(id: &str) -> String {
    let mut distros: Vec<&Distro> =
        all().iter().filter(|distro| distro.support == Support::Supported).collect();
    let is_its = |distro: &Distro| distro.identity.ids.iter().any(|one| one == id);
    if distros.iter().any(|distro| is_its(distro)) {
        distros.retain(|distro| is_its(distro));
        let names: Vec<&str> = distros.iter().map(|distro| distro.name.as_str()).collect();
        return format!("supported are: {}", names.join(", "));
    }
    let mut systems: Vec<(&str, Vec<&str>)> = Vec::new();
    for (system, number) in distros.iter().map(|distro| parts(&distro.release)) {
        match systems.last_mut().filter(|last| last.0 == system) {
            Some((_, numbers)) => numbers.push(number),
            None => systems.push((system, vec![number])),
        }
    }
    let each: Vec<String> = systems
        .into_iter()
        .map(|(system, mut numbers)| {
            numbers.sort_by_key(|number| (number.len(), *number));
            format!("{system} {}", numbers.join(", "))
        })
        .collect();
    format!("supported are: {}", each.join("; "))
}

/// `debian-12` is `debian` and `12`.
fn parts(release: &str) -> (&str, &str) {
    release.rsplit_once('-').unwrap_or((release, ""))
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

fn printable(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).collect()
}
