//! What a package manager says it would do, when it has fetched all and installed nothing.
//!
//! apt can be told never to remove. The others can not: what a package declares itself in the place of, they take
//! away without a word. So they are asked first; and what they are about to bring is known then.

use distro_matrix::Manager;

use crate::host::Output;

/// rpm's words for processors, behind a package's name.
const ARCHITECTURES: [&str; 5] = [".x86_64", ".aarch64", ".noarch", ".i686", ".i386"];

/// What would come and what would go, each by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Preview {
    /// Packages that are not here yet.
    pub(crate) brought: Vec<String>,
    /// Packages that would not be here any more.
    pub(crate) removed: Vec<String>,
}

impl Preview {
    /// Reads what was printed.
    pub(crate) fn read(manager: Manager, output: &Output) -> Self {
        match manager {
            Manager::Apt => Self::default(),
            Manager::Zypper => Self {
                brought: of_zypper(&output.stdout, "to-install"),
                removed: of_zypper(&output.stdout, "to-remove"),
            },
            Manager::Yum | Manager::Dnf | Manager::Dnf5 => of_dnf(&output.stdout),
        }
    }
}

/// What was said, as it is without a summary to be read: zypper has messages in the same XML.
pub(crate) fn spoken(manager: Manager, output: &Output) -> Output {
    if manager != Manager::Zypper {
        return output.clone();
    }
    let mut spoken = Output { code: output.code, ..Output::default() };
    for message in output.stdout.split("<message type=\"").skip(1) {
        let Some((kind, rest)) = message.split_once("\">") else { continue };
        let text = plain(rest.split_once("</message>").map_or(rest, |(text, _)| text)) + "\n";
        match kind {
            "error" | "warning" => spoken.stderr += &text,
            _ => spoken.stdout += &text,
        }
    }
    spoken.stderr += &output.stderr;
    spoken
}

fn plain(text: &str) -> String {
    let entities = [("&apos;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, is)| text.replace(entity, is))
}

/// A table with headings: a row begins with one space, and goes on in a second line where a name is long; what is
/// replaced stands in a line of its own below what replaces it. An upgrade replaces an older version of itself,
/// which is no removal.
fn of_dnf(said: &str) -> Preview {
    let mut preview = Preview::default();
    let mut heading = "";
    let mut row = "";
    for line in said.lines() {
        if !line.starts_with(' ') {
            heading = line;
            continue;
        }
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        if first == "replacing" {
            let name = words.next().map(without_architecture).unwrap_or_default();
            if name != row {
                preview.removed.push(name.to_owned());
            }
        } else if line[1..].starts_with(first) {
            row = first;
            if heading.starts_with("Removing") {
                preview.removed.push(row.to_owned());
            } else if heading.starts_with("Installing") {
                preview.brought.push(row.to_owned());
            }
        }
    }
    preview
}

/// A name may have dots of its own.
fn without_architecture(name: &str) -> &str {
    ARCHITECTURES.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

fn of_zypper(said: &str, list: &str) -> Vec<String> {
    let Some((_, rest)) = said.split_once(&format!("<{list}")) else { return Vec::new() };
    let list = rest.split_once(&format!("</{list}>")).map_or(rest, |(list, _)| list);
    let name = |piece: &str| piece.split_once('"').map(|(name, _)| name.to_owned());
    list.split(" name=\"").skip(1).filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(manager: Manager, stdout: &str) -> Preview {
        Preview::read(manager, &Output { stdout: stdout.into(), ..Output::default() })
    }

    #[test]
    fn what_dnf_would_bring_replace_or_remove_is_seen_and_an_upgrade_is_not() {
        let dnf4 = "Dependencies resolved.\n====\n Package  Arch  Version  Repo  Size\n====\nInstalling:\n \
            docker-ce  x86_64  3:28.3.2-1  docker  7.0 k\nInstalling dependencies:\n containerd.io\n\
            \x20               x86_64  1.7-1  docker  6 k\n\
            \x20    replacing  runc.x86_64 1.2-1\n\nTransaction Summary\n====\nInstall  2 Packages\n\nTotal download size: 1 k\n";
        let preview = read(Manager::Dnf, dnf4);
        assert_eq!(preview.brought, ["docker-ce", "containerd.io"]);
        assert_eq!(preview.removed, ["runc"]);
        let dnf5 = "Package  Arch  Version  Repository  Size\nInstalling:\n docker-ce  x86_64  3:28  docker  0 B\n\
            \x20  replacing runc  x86_64 1.2-1 os 0 B\nUpgrading:\n containerd.io x86_64 1.9-1 os 0 B\n   replacing containerd.io x86_64 1.8-1 os 0 B\n\
            Removing:\n podman  x86_64 5.2-1 os 0 B\n\nTransaction Summary:\n Installing:  1 package\n";
        let preview = read(Manager::Dnf5, dnf5);
        assert_eq!(preview.brought, ["docker-ce"]);
        assert_eq!(preview.removed, ["runc", "podman"]);
        assert_eq!(read(Manager::Dnf, "Nothing to do.\n"), Preview::default());
    }

    #[test]
    fn what_zypper_says_in_xml_is_told_as_if_it_had_not() {
        let stdout = "<?xml version='1.0'?>\n<stream>\n<message type=\"info\">Loading repository data...</message>\n\
            <message type=\"error\">No provider of &apos;docker&apos; found.</message>\n</stream>\n";
        let output = Output { code: 104, stdout: stdout.into(), stderr: String::new() };
        let spoken = spoken(Manager::Zypper, &output);
        assert_eq!(spoken.stderr, "No provider of 'docker' found.\n");
        assert_eq!((spoken.stdout.as_str(), spoken.code), ("Loading repository data...\n", 104));
    }

    #[test]
    fn what_zypper_would_bring_and_remove_is_seen() {
        let said = "<stream><install-summary download-size=\"1\"><to-install><solvable type=\"package\" name=\"docker\" \
            edition=\"28-1\"/></to-install><to-remove><solvable type=\"package\" name=\"podman\" edition=\"5.2-1\" \
            arch=\"x86_64\"/></to-remove></install-summary></stream>";
        let preview = read(Manager::Zypper, said);
        assert_eq!(
            (preview.brought, preview.removed),
            (vec!["docker".to_owned()], vec!["podman".to_owned()])
        );
        assert_eq!(read(Manager::Zypper, "<stream></stream>"), Preview::default());
    }
}
