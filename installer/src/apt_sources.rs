//! What apt's own files say about where packages come from, as far as Landfall asks: whether somebody
//! offers a repository here already. Two sources for one repository under different keys are an error to apt.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::host::{EntryKind, Host};

/// Where sources are.
pub(crate) const FOLDER: &str = "/etc/apt/sources.list.d";
const LIST: &str = "/etc/apt/sources.list";

/// Every file that apt reads sources from, with its text.
pub(crate) fn files(host: &dyn Host) -> Result<Vec<(PathBuf, String)>> {
    let mut files: Vec<_> = text(host, PathBuf::from(LIST))?.into_iter().collect();
    files.extend(files_in(host, Path::new(FOLDER), &[".list", ".sources"])?);
    Ok(files)
}

/// Every file of a folder with one of these endings, with its text.
pub(crate) fn files_in(host: &dyn Host, folder: &Path, endings: &[&str]) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for name in host.list(folder)? {
        if endings.iter().any(|ending| name.ends_with(ending)) {
            files.extend(text(host, folder.join(name))?);
        }
    }
    Ok(files)
}

fn text(host: &dyn Host, path: PathBuf) -> Result<Option<(PathBuf, String)>> {
    if host.stat(&path)?.is_some_and(|stat| stat.kind == EntryKind::Folder) {
        return Ok(None);
    }
    let content = host.read(&path)?;
    Ok(content.map(|content| (path, String::from_utf8_lossy(&content).into_owned())))
}

/// Whether a file of sources offers packages of a suite of a repository.
pub(crate) fn offers(path: &Path, text: &str, url: &str, suite: &str) -> bool {
    let is_deb822 = path.extension().is_some_and(|ending| ending == "sources");
    let offered = if is_deb822 { deb822(text) } else { one_line(text) };
    offered.iter().any(|(its_url, its_suite)| {
        its_url.trim_end_matches('/') == url.trim_end_matches('/') && its_suite == suite
    })
}

/// Each pair of address and suite in the stanzas of a `.sources` file.
fn deb822(text: &str) -> Vec<(String, String)> {
    let uncommented: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let text = uncommented.join("\n");
    let mut pairs = Vec::new();
    for stanza in text.split("\n\n") {
        let words = |key: &str| field(stanza, key);
        let is_off =
            words("enabled").first().is_some_and(|word| matches!(word.as_str(), "no" | "false" | "0"));
        if is_off || !words("types").iter().any(|word| word == "deb") {
            continue;
        }
        for url in words("uris") {
            pairs.extend(words("suites").into_iter().map(|suite| (url.clone(), suite)));
        }
    }
    pairs
}

/// The words of a field.
fn field(stanza: &str, key: &str) -> Vec<String> {
    words_of(stanza.lines(), key, ':')
}

/// The words of a key, those of its further lines too, where a mark stands between a key and its words.
pub(crate) fn words_of<'a>(lines: impl Iterator<Item = &'a str>, key: &str, mark: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut inside = false;
    for line in lines {
        let rest = match line.split_once(mark) {
            _ if line.starts_with([' ', '\t']) => line,
            Some((name, rest)) => {
                inside = name.trim().eq_ignore_ascii_case(key);
                rest
            }
            None => continue,
        };
        if inside {
            words.extend(rest.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// The same of the `deb` lines of a `.list` file.
fn one_line(text: &str) -> Vec<(String, String)> {
    let pair = |line: &str| {
        let line = line.split('#').next()?.trim();
        let rest = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t']))?.trim();
        let rest = match rest.strip_prefix('[') {
            Some(options) => options.split_once(']')?.1,
            None => rest,
        };
        let mut words = rest.split_whitespace().map(str::to_owned);
        Some((words.next()?, words.next()?))
    };
    text.lines().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://download.docker.com/linux/debian";

    fn is_offered(file: &str, text: &str) -> bool {
        offers(Path::new(file), text, URL, "bookworm")
    }

    #[test]
    fn a_source_in_either_form_is_seen() {
        for line in [
            "deb https://download.docker.com/linux/debian bookworm stable",
            "deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian/ bookworm stable test",
            "deb\t[ arch=amd64 ]\thttps://download.docker.com/linux/debian bookworm stable # ours",
        ] {
            assert!(is_offered("docker.list", line), "{line}");
        }
        for stanza in [
            "Types: deb\nURIs: https://download.docker.com/linux/debian\nSuites: bookworm\nComponents: stable\n",
            "# ours\ntypes: deb deb-src\nuris:\n https://elsewhere.test\n https://download.docker.com/linux/debian/\nsuites: bullseye\n bookworm\n",
            "Types: deb\nURIs: https://elsewhere.test\nSuites: x\n\nTypes: deb\nURIs: https://download.docker.com/linux/debian\nSuites: bookworm\n",
        ] {
            assert!(is_offered("docker.sources", stanza), "{stanza}");
        }
    }

    #[test]
    fn a_source_that_is_off_or_another_is_not_seen() {
        for line in [
            "# deb https://download.docker.com/linux/debian bookworm stable",
            "deb-src https://download.docker.com/linux/debian bookworm stable",
            "deb https://download.docker.com/linux/debian trixie stable",
            "deb https://download.docker.com/linux/ubuntu bookworm stable",
            "deb",
        ] {
            assert!(!is_offered("docker.list", line), "{line}");
        }
        let off =
            "Enabled: no\nTypes: deb\nURIs: https://download.docker.com/linux/debian\nSuites: bookworm\n";
        assert!(!is_offered("docker.sources", off));
    }
}
