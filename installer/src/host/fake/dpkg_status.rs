//! dpkg's status file, as far as Landfall reads it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Fake;
use crate::package_database::STATUS;

/// dpkg's note on a package: its flag and its state.
type State = (String, String);

/// All that dpkg notes on a package.
struct Note {
    flag: String,
    state: String,
    version: String,
}

impl Fake {
    pub(super) fn states(&self) -> BTreeMap<String, State> {
        let noted = |(name, note): (String, Note)| (name, (note.flag, note.state));
        self.notes().into_iter().map(noted).collect()
    }

    /// The version of a package that is installed.
    pub(super) fn version(&self, name: &str) -> Option<String> {
        self.notes().remove(name).filter(|note| note.state == "installed").map(|note| note.version)
    }

    fn notes(&self) -> BTreeMap<String, Note> {
        let text = self.disk.text(STATUS).unwrap_or_default();
        let stanza = |stanza: &str| {
            let value =
                |key: &str| stanza.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
            let mut words = value("Status")?.split(' ').skip(1).map(str::to_owned);
            let (flag, state) = (words.next()?, words.next()?);
            Some((value("Package")?.to_owned(), Note { flag, state, version: value("Version")?.to_owned() }))
        };
        text.split("\n\n").filter_map(stanza).collect()
    }

    pub(super) fn set_state(&mut self, name: &str, state: Option<(&str, &str)>) {
        let mut notes = self.notes();
        let version = notes.remove(name).map_or_else(|| "1".to_owned(), |note| note.version);
        if let Some((flag, state)) = state {
            notes.insert(name.to_owned(), Note { flag: flag.into(), state: state.into(), version });
        }
        self.put_notes(&notes);
    }

    pub(super) fn set_version(&mut self, name: &str, version: &str) {
        let mut notes = self.notes();
        if let Some(note) = notes.get_mut(name) {
            version.clone_into(&mut note.version);
        }
        self.put_notes(&notes);
    }

    fn put_notes(&mut self, notes: &BTreeMap<String, Note>) {
        let mut text = String::new();
        for (name, Note { flag, state, version }) in notes {
            let want = if state == "config-files" { "deinstall" } else { "install" };
            let _ = write!(
                text,
                "Package: {name}\nStatus: {want} {flag} {state}\nArchitecture: amd64\nVersion: {version}\n\n"
            );
        }
        self.put(STATUS, &text, 0o644);
    }
}
