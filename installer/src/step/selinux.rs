//! Let SELinux only tell what it would refuse: now, and at every boot.
//!
//! The file is read here as libselinux reads it: the first line that begins with `SELINUX=` and goes on with
//! a mode counts, whatever its case and whatever follows. That line alone is edited. The file is replaced by
//! one made in the same folder, whose label it gets with that. `enforcing=1` on the kernel's command line
//! would win over the file at the next boot; it is not touched.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Before, Leftovers};
use crate::durable;
use crate::error::{Error, Result};
use crate::host::Host;

/// Whether SELinux enforces, now.
pub(crate) const NOW: &str = "/sys/fs/selinux/enforce";
/// What it does from the next boot on.
pub(crate) const FILE: &str = "/etc/selinux/config";

const KEY: &str = "SELINUX=";
const MODES: [&str; 3] = ["enforcing", "permissive", "disabled"];
const OURS: &str = "SELINUX=permissive";

/// The mode `permissive`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selinux {}

impl Selinux {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let enforces = enforces(host)?;
        let line = content(host)?.and_then(|(text, _)| line(&text).map(|(_, line)| line.to_owned()));
        let line = line.filter(|line| mode(line) == Some("enforcing"));
        Ok((enforces || line.is_some()).then_some(Before::Selinux { enforces, line }))
    }

    pub(super) fn apply(&self, host: &mut dyn Host) -> Result<()> {
        if enforces(host)? {
            host.set_enforcing(false)?;
        }
        replace(host, |line| mode(line) == Some("enforcing"), OURS)
    }

    /// A mode that somebody chose since stays in the file.
    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        let Before::Selinux { enforces: enforced, line } = before else { return Ok(Leftovers::new()) };
        if let Some(line) = line {
            replace(host, |there| there == OURS, line)?;
        }
        if *enforced && is_there(host)? && !enforces(host)? {
            host.set_enforcing(true)?;
        }
        Ok(Leftovers::new())
    }
}

fn is_there(host: &dyn Host) -> Result<bool> {
    Ok(host.stat(Path::new(NOW))?.is_some())
}

fn enforces(host: &dyn Host) -> Result<bool> {
    Ok(host.read(Path::new(NOW))?.is_some_and(|flag| flag.trim_ascii() == b"1"))
}

/// The mode that the file sets, in libselinux's words.
pub(crate) fn mode_at_boot(text: &str) -> Option<&'static str> {
    line(text).and_then(|(_, line)| mode(line))
}

/// The line that counts, without its end, and where it begins.
fn line(text: &str) -> Option<(usize, &str)> {
    let mut at = 0;
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end_matches(['\n', '\r']);
        if mode(line).is_some() {
            return Some((at, line));
        }
        at += whole.len();
    }
    None
}

fn mode(line: &str) -> Option<&'static str> {
    let value = line.strip_prefix(KEY)?.trim_start().to_ascii_lowercase();
    MODES.into_iter().find(|mode| value.starts_with(mode))
}

fn content(host: &dyn Host) -> Result<Option<(String, u32)>> {
    let path = Path::new(FILE);
    let (Some(content), Some(stat)) = (host.read(path)?, host.stat(path)?) else { return Ok(None) };
    let text = String::from_utf8(content)
        .map_err(|_| Error::failed(format!("{FILE} is not text")).hint("mend the file, and run again"))?;
    Ok(Some((text, stat.mode)))
}

fn replace(host: &mut dyn Host, goes: impl Fn(&str) -> bool, new: &str) -> Result<()> {
    let Some((text, mode)) = content(host)? else { return Ok(()) };
    match line(&text) {
        Some((at, old)) if goes(old) => {
            let text = format!("{}{new}{}", &text[..at], &text[at + old.len()..]);
            durable::write(host, Path::new(FILE), text.as_bytes(), mode)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::{Fake, enforcing};

    fn brought(text: &str) -> (Fake, Before) {
        let mut fake = enforcing();
        fake.put(FILE, text, 0o600);
        let before = Selinux {}.check(&fake).unwrap().expect("it enforces");
        Selinux {}.apply(&mut fake).unwrap();
        assert_eq!(Selinux {}.check(&fake).unwrap(), None);
        (fake, before)
    }

    #[test]
    fn that_line_alone_is_edited_and_comes_back_byte_for_byte() {
        for (text, edited) in [
            (
                "# SELINUX=enforcing\n\nSELINUX=enforcing\nSELINUXTYPE=targeted\n",
                "# SELINUX=enforcing\n\nSELINUX=permissive\nSELINUXTYPE=targeted\n",
            ),
            ("SELINUX= Enforcing # theirs", "SELINUX=permissive"),
            ("SELINUX=enforcing\r\nA=b\r\n", "SELINUX=permissive\r\nA=b\r\n"),
            (
                "SELINUX=what\nSELINUX=enforcing\nSELINUX=disabled\n",
                "SELINUX=what\nSELINUX=permissive\nSELINUX=disabled\n",
            ),
        ] {
            let (mut fake, before) = brought(text);
            assert_eq!(fake.disk.text(FILE).as_deref(), Some(edited));
            assert!(!enforces(&fake).unwrap());
            for _ in 0..2 {
                Selinux {}.undo(&mut fake, &before).unwrap();
                assert_eq!(fake.disk.text(FILE).as_deref(), Some(text));
                assert!(enforces(&fake).unwrap());
            }
        }
    }

    #[test]
    fn a_mode_that_somebody_chose_since_stays() {
        let (mut fake, before) = brought("SELINUX=enforcing\n");
        fake.somebody_writes(FILE, "SELINUX=disabled\n");
        Selinux {}.undo(&mut fake, &before).unwrap();
        assert_eq!(fake.disk.text(FILE).as_deref(), Some("SELINUX=disabled\n"));
    }

    #[test]
    fn where_the_file_enforces_at_the_next_boot_alone_it_is_edited_alone() {
        let mut fake = enforcing();
        fake.set_enforcing(false).unwrap();
        let before = Selinux {}.check(&fake).unwrap().unwrap();
        assert_eq!(before, Before::Selinux { enforces: false, line: Some("SELINUX=enforcing".into()) });
        Selinux {}.apply(&mut fake).unwrap();
        Selinux {}.undo(&mut fake, &before).unwrap();
        assert!(!enforces(&fake).unwrap());
        assert_eq!(mode_at_boot(&fake.disk.text(FILE).unwrap()), Some("enforcing"));
    }

    #[test]
    fn a_machine_that_is_permissive_disabled_or_without_selinux_has_nothing_to_do() {
        let mut fake = enforcing();
        fake.set_enforcing(false).unwrap();
        for mode in ["permissive", "disabled", "nonsense"] {
            fake.put(FILE, &format!("SELINUX={mode}\n"), 0o644);
            assert_eq!(Selinux {}.check(&fake).unwrap(), None, "{mode}");
        }
        assert_eq!(Selinux {}.check(&crate::host::fake::fresh()).unwrap(), None);
    }
}
