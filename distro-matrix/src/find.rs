//! From an os-release to the release it names, or the one that it is like.
//!
//! A system whose own `ID` the matrix knows is that or nothing: a release that is not here yet is not "like"
//! an older one. Any other system may be made from one that is here, and says so by `ID_LIKE`, together with
//! the parent's codename, or its version and platform. `ID_LIKE` alone says too little: there are hypervisors and
//! read-only systems that claim a release without being one.

use crate::{Distro, OsRelease, all};

/// What an os-release names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// This release.
    Release(&'static Distro),
    /// A derivative of this release, which nobody tested.
    Like(&'static Distro),
    /// Nothing that is known.
    Unknown,
}

impl Found {
    /// The release, itself or that of the parent.
    #[must_use]
    pub fn release(self) -> Option<&'static Distro> {
        match self {
            Self::Release(distro) | Self::Like(distro) => Some(distro),
            Self::Unknown => None,
        }
    }
}

/// The release that an os-release names.
#[must_use]
pub fn find(os: &OsRelease) -> Found {
    // One that is told by its name as well comes before the one that is told by its numbers alone.
    let mut these = all().iter().filter(|distro| distro.identity.is(os)).collect::<Vec<_>>();
    these.sort_by_key(|distro| distro.identity.names.is_empty());
    if let Some(distro) = these.first() {
        return Found::Release(distro);
    }
    if all().iter().any(|distro| distro.identity.ids.contains(&os.id)) {
        return Found::Unknown;
    }
    parent(os).map_or(Found::Unknown, Found::Like)
}

fn parent(os: &OsRelease) -> Option<&'static Distro> {
    if let Some(distro) = all().iter().find(|distro| is_named_derivative(distro, os)) {
        return Some(distro);
    }
    os.id_like.iter().find_map(|id| {
        let mut siblings = all().iter().filter(|distro| distro.identity.ids.contains(id));
        siblings.find(|distro| is_made_from(distro, os))
    })
}

fn is_named_derivative(distro: &Distro, os: &OsRelease) -> bool {
    let identity = &distro.identity;
    identity.like.contains(&os.id) && (identity.has_version(&os.version_id) || identity.versions == [""])
}

/// By the parent's codename where it has one, else by version and platform; never by a version alone.
fn is_made_from(distro: &Distro, os: &OsRelease) -> bool {
    let identity = &distro.identity;
    match (&identity.codename, &identity.platform_id) {
        (Some(codename), _) => [&os.parent_codename, &os.codename].contains(&codename),
        (None, Some(platform)) => {
            *platform == os.platform_id && identity.has_version(&os.version_id) && identity.names.is_empty()
        }
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests;
