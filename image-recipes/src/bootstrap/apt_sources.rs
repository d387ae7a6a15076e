//! Where this machine itself gets Debian from, for the release that is wanted.
//!
//! No mirror is named here: the machine's own configuration is read, and the entries of other
//! publishers in it are left alone. What comes of it is in every clone of an image.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, While};
use crate::program::Program;

/// The one release that is never released, and so has no pockets beside it.
pub const ROLLING: &str = "sid";

/// The machine's Debian sources in deb822 form, with its own release's name replaced by `suite`.
pub fn for_suite(suite: &str) -> Result<String> {
    let own = own_release()?;
    let stanzas: Vec<String> = source_files()?
        .iter()
        .flat_map(|(path, text)| if path.ends_with(".sources") { deb822(text) } else { one_line(text) })
        .filter_map(|stanza| offered(&stanza, &own))
        .map(|stanza| without_mirror_files(&stanza).replace(&own, suite))
        .filter_map(|stanza| if suite == ROLLING { without_pockets(&stanza) } else { Some(stanza) })
        .collect();
    match stanzas.is_empty() {
        true => Err(Error::refused(format!("no apt source of this machine offers Debian {own}"))
            .hint("give apt's sources for the release: --sources FILE")),
        false => Ok(stanzas.join("\n\n") + "\n"),
    }
}

/// Those that somebody wrote into a file.
///
/// # Errors
/// When it cannot be read.
pub fn given(file: &Path) -> Result<String> {
    fs::read_to_string(file)
        .map_err(|e| Error::refused(format!("the apt sources {} cannot be read: {e}", file.display())))
}

/// Whether this machine's own apt takes lists past their date from these sources, as one does that reads a snapshot of
/// an archive.
pub fn may_be_stale() -> Result<bool> {
    let asked = ["shell", "CHECKED", "Acquire::Check-Valid-Until/b"];
    Ok(Program::new("apt-config", "apt").args(asked).run()?.trim() == "CHECKED='false'")
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

/// The stanza with those of its suites alone that are `release` itself or one of its pockets (`-updates`, `-security`);
/// a backport is not what a freshly installed Debian takes packages from. None when nothing is left.
fn offered(stanza: &str, release: &str) -> Option<String> {
    let is_pocket = |suite: &&str| match suite.split('/').next().unwrap_or("").strip_prefix(release) {
        Some(pocket) => ["", "-updates", "-security"].contains(&pocket),
        None => false,
    };
    let suites: Vec<&str> = field(stanza, "Suites")?.split_whitespace().filter(is_pocket).collect();
    (!suites.is_empty()).then(|| with_field(stanza, "Suites", &suites.join(" ")))
}

/// The stanza with the rolling release alone; None when it only has pockets.
fn without_pockets(stanza: &str) -> Option<String> {
    let rolling = field(stanza, "Suites")?.split_whitespace().any(|suite| suite == ROLLING);
    rolling.then(|| with_field(stanza, "Suites", ROLLING))
}

/// The stanza with the mirrors themselves where it names a file of this machine that lists them, as Debian's own cloud
/// images do: the file is not in the image that is made.
fn without_mirror_files(stanza: &str) -> String {
    let mirrors = |uri: &str| {
        let file = uri.strip_prefix("mirror+file:")?;
        let list = fs::read_to_string(format!("/{}", file.trim_start_matches('/'))).ok()?;
        let lines = list.lines().filter(|line| !line.starts_with('#'));
        Some(lines.filter_map(|line| line.split_whitespace().next()).collect::<Vec<_>>().join(" "))
    };
    let uris = field(stanza, "URIs").unwrap_or("").split_whitespace();
    let uris: Vec<String> = uris.map(|uri| mirrors(uri).unwrap_or_else(|| uri.to_owned())).collect();
    with_field(stanza, "URIs", &uris.join(" "))
}

fn field<'a>(stanza: &'a str, name: &str) -> Option<&'a str> {
    stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

fn with_field(stanza: &str, name: &str, value: &str) -> String {
    let is_it = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
    let line = |line: &str| if is_it(line) { format!("{name}: {value}") } else { line.to_owned() };
    stanza.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{deb822, offered, one_line, without_mirror_files, without_pockets};

    #[test]
    fn the_rolling_release_is_asked_for_without_pockets() {
        let stanza = "URIs: http://x\nSuites: sid sid-updates\nComponents: main";
        assert_eq!(without_pockets(stanza).unwrap(), "URIs: http://x\nSuites: sid\nComponents: main");
        assert_eq!(without_pockets("URIs: http://x\nSuites: sid-security"), None);
    }

    #[test]
    fn other_publishers_and_backports_are_left_out() {
        let of = |suites: &str| {
            let stanza = offered(&format!("URIs: http://x\nSuites: {suites}\nComponents: main"), "bookworm")?;
            Some(stanza.split('\n').nth(1)?.to_owned())
        };
        assert_eq!(of("bookworm bookworm-updates").unwrap(), "Suites: bookworm bookworm-updates");
        assert_eq!(of("bookworm-security").unwrap(), "Suites: bookworm-security");
        assert_eq!(of("bookworm-backports"), None);
        assert_eq!(of("cloud-sdk-bookworm"), None);
        assert_eq!(of("nodistro"), None);
    }

    #[test]
    fn a_stanza_of_debians_cloud_images_is_taken_without_its_backports_and_with_the_mirror_that_a_file_names()
    {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("debian.list");
        std::fs::write(&list, "# mirrors\nhttps://a/debian\tpriority:1\nhttps://b/debian\n").unwrap();
        let stanza = format!(
            "Types: deb deb-src\nURIs: mirror+file://{}\nSuites: bookworm bookworm-updates bookworm-backports\nComponents: main",
            list.display()
        );
        assert_eq!(
            without_mirror_files(&offered(&stanza, "bookworm").unwrap()),
            "Types: deb deb-src\nURIs: https://a/debian https://b/debian\nSuites: bookworm bookworm-updates\nComponents: main"
        );
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
