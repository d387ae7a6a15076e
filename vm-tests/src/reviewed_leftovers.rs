//! What may be different on a machine after `landfall uninstall`: a reviewed list, each line with its reason.
//!
//! Anything else that changed fails the test. A pattern is a path in which `*` stands for any text
//! within one folder's name, and a final `/**` for the folder with all that is in it.

use serde::Deserialize;

use crate::error::{Error, Result, While};
use crate::guest::Guest;
use crate::guest::tree::{Change, Tree};

const LIST: &str = include_str!("../leftovers.toml");

#[derive(Deserialize)]
struct List {
    leftover: Vec<Leftover>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leftover {
    pattern: String,
    reason: String,
}

/// Fails when something changed on a guest's disk that no line of the list covers.
pub fn all_is_explained(before: &Tree, guest: &dyn Guest) -> Result<()> {
    let rest: Vec<String> =
        unexplained(before.changes(&guest.tree()?))?.iter().map(ToString::to_string).collect();
    match rest.is_empty() {
        true => Ok(()),
        false => Err(Error::new(format!("{} unexplained changes:\n{}", rest.len(), rest.join("\n")))),
    }
}

/// The changes that no line of the list covers.
fn unexplained(changes: Vec<Change>) -> Result<Vec<Change>> {
    let list: List = toml::from_str(LIST).doing(|| "reading leftovers.toml")?;
    let explained = |path: &str| list.leftover.iter().any(|line| covers(&line.pattern, path));
    debug_assert!(list.leftover.iter().all(|line| !line.reason.is_empty()));
    Ok(changes.into_iter().filter(|change| !explained(change.path())).collect())
}

fn covers(pattern: &str, path: &str) -> bool {
    let (folder, with_content) = match pattern.strip_suffix("/**") {
        Some(folder) => (folder, true),
        None => (pattern, false),
    };
    let mut names = path.split('/');
    for wanted in folder.split('/') {
        if !names.next().is_some_and(|name| name_matches(wanted, name)) {
            return false;
        }
    }
    with_content || names.next().is_none()
}

/// Whether the parts between the stars stand in the name in this order, the outer ones at its ends.
fn name_matches(wanted: &str, name: &str) -> bool {
    match wanted.split_once('*') {
        None => wanted == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            (0..=name.len()).any(|at| name.get(at..).is_some_and(|end| name_matches(rest, end)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_star_stays_within_a_name_and_two_cover_a_folder() {
        assert!(covers("/var/lib/docker/**", "/var/lib/docker"));
        assert!(covers("/var/lib/docker/**", "/var/lib/docker/a/b"));
        assert!(!covers("/var/lib/docker/**", "/var/lib/docker2"));
        assert!(covers("/etc/rc*.d/*docker", "/etc/rc2.d/S01docker"));
        assert!(!covers("/etc/*", "/etc/a/b"));
        assert!(!covers("/etc/rc*.d/*docker", "/etc/rc2.d/S01docker-x"));
    }
}
