//! Where this machine itself gets Debian from, for the release that is wanted.
//!
//! No mirror is named here: the machine's own configuration is read, and the entries of other
//! publishers in it are left alone.

use std::fs;
use std::path::PathBuf;

use crate::error::{Error, Result, While};

/// The one release that is never released, and so has no pockets beside it.
const ROLLING: &str = "sid";

/// The machine's Debian sources in deb822 form, with its own release's name replaced by `suite`.
pub fn for_suite(suite: &str) -> Result<String> {
    let own = own_release()?;
    let stanzas: Vec<String> = source_files()?
        .iter()
        .flat_map(|(path, text)| if path.ends_with(".sources") { deb822(text) } else { one_line(text) })
        .filter(|stanza| offers(stanza, &own))
        .map(|stanza| stanza.replace(&own, suite))
        .filter_map(|stanza| if suite == ROLLING { without_pockets(&stanza) } else { Some(stanza) })
        .collect();
    match stanzas.is_empty() {
        true => Err(Error::refused(format!("no apt source of this machine offers Debian {own}"))
            .hint("give apt's sources for the release: --sources FILE")),
        false => Ok(stanzas.join("\n\n") + "\n"),
    }
}

fn own_release() -> Result<String> {
    let text = fs::read_to_string("/etc/os-release").while_doing(|| "reading /etc/os-release".into())?;
    let name = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    name.map(|name| name.trim_matches('"').to_owned()).ok_or_else(|| {
        Error::refused("this machine's os-release has no VERSION_CODENAME; is it a Debian?")
            .hint("give apt's sources for the release: --sources FILE")
    })
}

fn source_files() -> Result<Vec<(String, String)>> {
    let mut paths: Vec<PathBuf> = vec!["/etc/apt/sources.list".into()];
    let parts = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten();
    paths.extend(parts.map(|entry| entry.path()));
    paths.sort();
    let named = |path: PathBuf| (path.to_string_lossy().into_owned(), fs::read_to_string(path).ok());
    Ok(paths.into_iter().map(named).filter_map(|(path, text)| Some((path, text?))).collect())
}

/// The stanzas of a `.sources` file, without comments.
fn deb822(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines.join("\n").split("\n\n").map(|stanza| stanza.trim().to_owned()).filter(|s| !s.is_empty()).collect()
}

/// The `deb` lines of a `.list` file as stanzas.
fn one_line(text: &str) -> Vec<String> {
    let stanza = |line: &str| {
        let line = line.trim().strip_prefix("deb ")?.trim();
        let (options, rest) = match line.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => ("", line),
        };
        let mut words = rest.split_whitespace();
        let (uri, suite) = (words.next()?, words.next()?);
        let components = words.collect::<Vec<_>>().join(" ");
        let signed_by = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by="));
        let keyring = signed_by.unwrap_or("/usr/share/keyrings/debian-archive-keyring.gpg");
        Some(format!(
            "Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: {components}\nSigned-By: {keyring}"
        ))
    };
    text.lines().filter_map(stanza).collect()
}

/// Whether all suites of the stanza are `release` itself or one of its pockets (`-updates`, `-security`);
/// a backport is not what a freshly installed Debian takes packages from.
fn offers(stanza: &str, release: &str) -> bool {
    let suites = stanza.lines().find_map(|line| line.strip_prefix("Suites:")).unwrap_or("");
    let is_pocket = |suite: &str| match suite.split('/').next().unwrap_or("").strip_prefix(release) {
        Some(pocket) => ["", "-updates", "-security"].contains(&pocket),
        None => false,
    };
    !suites.trim().is_empty() && suites.split_whitespace().all(is_pocket)
}

/// The stanza with the rolling release alone; None when it only has pockets.
fn without_pockets(stanza: &str) -> Option<String> {
    let suites = stanza.lines().find_map(|line| line.strip_prefix("Suites:"))?;
    let rolling = suites.split_whitespace().any(|suite| suite == ROLLING);
    rolling.then(|| stanza.replace(suites, &format!(" {ROLLING}")))
}

#[cfg(test)]
mod tests {
    use super::{deb822, offers, one_line, without_pockets};

    #[test]
    fn the_rolling_release_is_asked_for_without_pockets() {
        let stanza = "URIs: http://x\nSuites: sid sid-updates\nComponents: main";
        assert_eq!(without_pockets(stanza).unwrap(), "URIs: http://x\nSuites: sid\nComponents: main");
        assert_eq!(without_pockets("URIs: http://x\nSuites: sid-security"), None);
    }

    #[test]
    fn other_publishers_and_backports_are_left_out() {
        let of = |suites: &str| offers(&format!("URIs: http://x\nSuites: {suites}"), "bookworm");
        assert!(of("bookworm bookworm-updates"));
        assert!(of("bookworm-security"));
        assert!(!of("bookworm-backports"));
        assert!(!of("cloud-sdk-bookworm"));
        assert!(!of("nodistro"));
    }

    #[test]
    fn both_spellings_of_a_source_are_read() {
        let list = one_line(
            "# deb http://a b c\ndeb [signed-by=/k.gpg arch=amd64] http://a/d bookworm main contrib\n",
        );
        assert_eq!(
            list,
            ["Types: deb\nURIs: http://a/d\nSuites: bookworm\nComponents: main contrib\nSigned-By: /k.gpg"]
        );
        assert_eq!(deb822("# c\nTypes: deb\n\nTypes: deb\nURIs: x\n").len(), 2);
    }
}
