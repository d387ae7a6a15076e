//! The support tables, `docs/support.md` and `docs/vm-matrix.md`.
//!
//! Every cell comes from what a test did: from the os-release files that the detection is held to, from the plans that
//! were accepted, and from the proofs of scenarios. Nothing is said of a release that no test said.

use std::fs;

use distro_matrix::{Distro, DockerOrigin, Manager};

use crate::error::{Error, Result, While};
use crate::programs::workspace;
use crate::proofs::list;

mod cells;
mod evidence;
mod machines;
mod page;
mod summary;

use evidence::Evidence;

/// A file with generated parts, each between two marks.
struct Document {
    path: &'static str,
    parts: Vec<(&'static str, String)>,
}

fn documents() -> Result<[Document; 2]> {
    let proofs = list::all()?;
    let evidence = Evidence::gather(&proofs)?;
    Ok([
        Document {
            path: "docs/support.md",
            parts: vec![
                ("summary", summary::table(&evidence)),
                ("releases", page::releases(&evidence)),
                ("derivatives", page::derivatives(&evidence)),
                ("docker", page::docker()),
            ],
        },
        Document {
            path: "docs/vm-matrix.md",
            parts: vec![
                ("matrix", cells::table(&list::all()?)?),
                ("machines", machines::table(&list::all()?)?),
            ],
        },
    ])
}

impl Document {
    /// The text as it stands, and as it has to be.
    fn now_and_right(&self) -> Result<(String, String)> {
        let now =
            fs::read_to_string(workspace().join(self.path)).doing(|| format!("reading {}", self.path))?;
        let mut right = now.clone();
        for (name, content) in &self.parts {
            let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->\n"));
            let missing = || Error::new(format!("{} has no marks for {name}", self.path));
            let (above, rest) = right.split_once(&begin).ok_or_else(missing)?;
            let (_, below) = rest.split_once(&end).ok_or_else(missing)?;
            right = format!("{above}{begin}{content}{end}{below}");
        }
        Ok((now, right))
    }
}

/// Writes the generated parts anew; the files that changed by it.
pub fn renew() -> Result<Vec<&'static str>> {
    let mut changed = Vec::new();
    for document in documents()? {
        let (now, right) = document.now_and_right()?;
        if now != right {
            fs::write(workspace().join(document.path), right)?;
            changed.push(document.path);
        }
    }
    Ok(changed)
}

/// The generation of a package manager that decides how it is spoken to, as people say it.
fn generation(manager: Manager) -> &'static str {
    match manager {
        Manager::Apt => "apt",
        Manager::Yum => "yum 3",
        Manager::Dnf => "dnf 4",
        Manager::Dnf5 => "dnf 5",
        Manager::Zypper => "zypper",
    }
}

/// A release's name without what stands in brackets.
fn short(distro: &Distro) -> &str {
    distro.name.split(" (").next().unwrap_or(&distro.name)
}

/// Names with what they begin alike said once: `Debian 10, 11`.
fn joined<'a>(releases: impl IntoIterator<Item = &'a Distro>) -> String {
    joined_by(", ", releases)
}

/// The same with something of one's own between names that begin differently.
fn joined_by<'a>(between: &str, releases: impl IntoIterator<Item = &'a Distro>) -> String {
    let mut text = String::new();
    let mut before = "";
    for distro in releases {
        let name = short(distro).trim_end_matches(" LTS");
        let (words, version) = name.rsplit_once(' ').unwrap_or((name, ""));
        text += &match (text.is_empty(), words == before) {
            (true, _) => name.to_owned(),
            (false, true) => format!(", {version}"),
            (false, false) => format!("{between}{name}"),
        };
        before = words;
    }
    text
}

/// `9` before `10`, whatever stands around them.
fn in_order(name: &str) -> Vec<(String, u64)> {
    let mut parts = vec![(String::new(), 0)];
    for character in name.chars() {
        let last = parts.last_mut().expect("there is one");
        match character.to_digit(10) {
            Some(digit) => last.1 = last.1 * 10 + u64::from(digit),
            None if last.1 > 0 => parts.push((character.to_string(), 0)),
            None => last.0.push(character),
        }
    }
    parts
}

/// The families by name, each with its releases in the order of their versions.
fn families() -> Vec<(&'static str, Vec<&'static Distro>)> {
    let mut releases: Vec<&Distro> = distro_matrix::all().iter().collect();
    releases.sort_by_key(|distro| (&distro.family, in_order(&distro.release)));
    let chunks = releases.chunk_by(|one, other| one.family == other.family);
    chunks.map(|family| (family[0].family.as_str(), family.to_vec())).collect()
}

/// Where Docker comes from where nobody asks for a source.
fn docker_from(distro: &Distro) -> String {
    let words = distro.packages.docker_sources.iter().map(|origin| match origin {
        DockerOrigin::Distro => "the distribution",
        DockerOrigin::Docker => "Docker",
    });
    words.collect::<Vec<_>>().join(", else ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_support_tables_are_what_the_matrix_the_plans_and_the_proofs_say() -> Result<()> {
        if std::env::var("LANDFALL_ACCEPT").is_ok_and(|accept| accept == "1") {
            renew()?;
        }
        for document in documents()? {
            let (now, right) = document.now_and_right()?;
            let differing = now.lines().zip(right.lines()).find(|(now, right)| now != right);
            assert!(
                now == right,
                "{} differs; if that is right: cargo run -p vm-tests -- support-table\n{differing:#?}",
                document.path
            );
        }
        Ok(())
    }

    #[test]
    fn versions_are_in_the_order_of_their_numbers() {
        let mut names = ["el-10", "el-9", "sid", "el-9.10", "el-9.9", "amzn-2023", "amzn-2"];
        names.sort_by_key(|name| in_order(name));
        assert_eq!(names, ["amzn-2", "amzn-2023", "el-9", "el-9.9", "el-9.10", "el-10", "sid"]);
    }

    #[test]
    fn names_say_once_what_they_begin_alike() {
        let releases = ["debian-12", "debian-13", "debian-sid", "ubuntu-22.04", "ubuntu-24.04", "amzn-2"];
        let releases = releases.map(|name| distro_matrix::named(name).unwrap());
        assert_eq!(joined(releases), "Debian 12, 13, sid, Ubuntu 22.04, 24.04, Amazon Linux 2");
    }
}
