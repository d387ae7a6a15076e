//! From patterns to the paths that are there.
//!
//! A pattern is a path whose names may hold `*`. A name `**` stands for any number of folders, none included;
//! links are not walked through there. `{docker}` is the folder of Docker's data, which `daemon.json` may have moved, and
//! the folder in it that a Docker with user namespaces uses.

use super::{Kind, Tree};

const DAEMON_JSON: &str = "/etc/docker/daemon.json";
const DOCKER: &str = "{docker}";

/// The paths that are there, sorted, each once.
pub(super) fn found<E>(tree: &dyn Tree<Error = E>, patterns: &[&str]) -> Result<Vec<String>, E> {
    let mut found = Vec::new();
    for pattern in patterns {
        match pattern.strip_prefix(DOCKER) {
            Some(rest) => {
                for root in docker_roots(tree)? {
                    descend(tree, &root, &names(rest), &mut found)?;
                }
            }
            None => descend(tree, "", &names(pattern), &mut found)?,
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn names(pattern: &str) -> Vec<&str> {
    pattern.split('/').filter(|name| !name.is_empty()).collect()
}

/// Goes on from a folder by the names that are left.
fn descend<E>(
    tree: &dyn Tree<Error = E>,
    at: &str,
    names: &[&str],
    found: &mut Vec<String>,
) -> Result<(), E> {
    let Some((name, rest)) = names.split_first() else {
        if tree.look(at)?.is_some() {
            found.push(at.to_owned());
        }
        return Ok(());
    };
    if *name == "**" {
        descend(tree, at, rest, found)?;
        for folder in tree.list(if at.is_empty() { "/" } else { at })? {
            let below = format!("{at}/{folder}");
            if tree.look(&below)?.is_some_and(|entry| entry.kind == Kind::Folder) {
                descend(tree, &below, names, found)?;
            }
        }
        return Ok(());
    }
    if !name.contains('*') {
        return descend(tree, &format!("{at}/{name}"), rest, found);
    }
    for candidate in tree.list(if at.is_empty() { "/" } else { at })? {
        if matches(name, &candidate) {
            descend(tree, &format!("{at}/{candidate}"), rest, found)?;
        }
    }
    Ok(())
}

/// Whether a name fits a pattern in which `*` is any text.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(start) else { return false };
    (0..=name.len()).filter(|at| name.is_char_boundary(*at)).any(|at| matches(rest, &name[at..]))
}

fn docker_roots<E>(tree: &dyn Tree<Error = E>) -> Result<Vec<String>, E> {
    let root = moved_root(tree)?.unwrap_or_else(|| "/var/lib/docker".into());
    let mapped = |name: &String| {
        let figures = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        name.split_once('.').is_some_and(|(user, group)| figures(user) && figures(group))
    };
    let inner: Vec<String> = tree.list(&root)?.into_iter().filter(mapped).collect();
    let inner = inner.into_iter().map(|name| format!("{root}/{name}"));
    Ok([root.clone()].into_iter().chain(inner).collect())
}

/// A file that is no JSON says nothing; Docker would not start with it either.
fn moved_root<E>(tree: &dyn Tree<Error = E>) -> Result<Option<String>, E> {
    if tree.look(DAEMON_JSON)?.is_none() {
        return Ok(None);
    }
    let settings: serde_json::Value = serde_json::from_slice(&tree.read(DAEMON_JSON)?).unwrap_or_default();
    let root = settings["data-root"].as_str().filter(|root| root.starts_with('/') && root.len() > 1);
    Ok(root.map(|root| root.trim_end_matches('/').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_within_a_name() {
        let fits = [
            ("ssh_host_*_key*", "ssh_host_ed25519_key.pub"),
            ("*", ".hidden"),
            ("mi-*", "mi-"),
            ("*.gz", "syslog.2.gz"),
            ("a*b*c", "aXbbYc"),
        ];
        assert!(fits.iter().all(|(pattern, name)| matches(pattern, name)));
        let differ = [("mi-*", "i-mi-"), ("*.gz", "syslog.gz.bak"), ("a*b", "ac"), ("a", "ab")];
        assert!(!differ.iter().any(|(pattern, name)| matches(pattern, name)));
    }
}
