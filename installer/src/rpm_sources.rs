//! What the files of yum, dnf and zypper say about where packages come from, as far as Landfall asks: whether
//! somebody offers a repository here already.

use std::path::Path;

use distro_matrix::Manager;

use crate::apt_sources::words_of;

/// Where the package manager's repositories are.
pub(crate) fn folder(manager: Manager) -> &'static Path {
    Path::new(if manager == Manager::Zypper { "/etc/zypp/repos.d" } else { "/etc/yum.repos.d" })
}

/// Whether a file offers packages of the repository at this address. The manager's own variables may stand in
/// for a part of the address: what they come to is its business.
pub(crate) fn offers(text: &str, url: &str) -> bool {
    sections(text).iter().any(|section| {
        let is_on =
            !values(section, "enabled").iter().any(|word| matches!(word.as_str(), "0" | "no" | "false"));
        is_on && values(section, "baseurl").iter().any(|pattern| is_like(pattern, url))
    })
}

/// Whether a file offers packages of anything.
pub(crate) fn is_on(text: &str) -> bool {
    let off = |section: &Vec<&str>| {
        values(section, "enabled").iter().any(|word| matches!(word.as_str(), "0" | "no" | "false"))
    };
    sections(text).iter().any(|section| !off(section))
}

/// The lines of each section, without comments.
fn sections(text: &str) -> Vec<Vec<&str>> {
    let mut sections: Vec<Vec<&str>> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with(['#', ';'])) {
        match sections.last_mut() {
            _ if line.starts_with('[') => sections.push(Vec::new()),
            Some(section) => section.push(line),
            None => {}
        }
    }
    sections
}

/// The words of a key; commas stand between some.
fn values(section: &[&str], key: &str) -> Vec<String> {
    let words = words_of(section.iter().copied(), key, '=');
    let parts = words.iter().flat_map(|word| word.split(','));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Piece by piece between slashes; a variable stands for one piece.
fn is_like(pattern: &str, url: &str) -> bool {
    let (pattern, url) = (pattern.trim_end_matches('/'), url.trim_end_matches('/'));
    let is_variable = |piece: &str| piece.starts_with('$');
    pattern.split('/').count() == url.split('/').count()
        && pattern.split('/').zip(url.split('/')).all(|(want, is)| want == is || is_variable(want))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://download.docker.com/linux/centos/9/x86_64/stable";

    #[test]
    fn a_repository_is_seen_with_variables_in_its_address_and_on_further_lines() {
        for text in [
            "[docker-ce-stable]\nname=x\nbaseurl=https://download.docker.com/linux/centos/$releasever/$basearch/stable\nenabled=1\n",
            "# ours\n[a]\nbaseurl = https://elsewhere.test/\n   https://download.docker.com/linux/centos/9/x86_64/stable/\n",
            "[a]\nenabled=0\nbaseurl=https://elsewhere.test/\n[b]\nbaseurl=https://download.docker.com/linux/centos/9/x86_64/stable\n",
        ] {
            assert!(offers(text, URL), "{text}");
        }
    }

    #[test]
    fn a_repository_that_is_off_or_another_is_not_seen() {
        for text in [
            "[a]\nbaseurl=https://download.docker.com/linux/centos/9/x86_64/stable\nenabled=0\n",
            "[a]\nbaseurl=https://download.docker.com/linux/centos/$releasever/$basearch/test\n",
            "[a]\nbaseurl=https://download.docker.com/linux/fedora/$releasever/$basearch/stable\n",
            "#[a]\n#baseurl=https://download.docker.com/linux/centos/9/x86_64/stable\n",
            "",
        ] {
            assert!(!offers(text, URL), "{text}");
        }
    }
}
