//! What dpkg says is on the machine, read from its own files: no process, a few milliseconds.
//!
//! A dpkg that was killed has said last what it was at in its journal, not in its status file.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Package, PackageDatabase};
use crate::error::Result;
use crate::host::Host;

/// dpkg's status file.
pub const STATUS: &str = "/var/lib/dpkg/status";
/// dpkg's journal of changes not yet in the status file.
pub const UPDATES: &str = "/var/lib/dpkg/updates";
/// apt's notes on which packages it chose by itself.
pub const EXTENDED_STATES: &str = "/var/lib/apt/extended_states";

pub(super) fn read(host: &dyn Host) -> Result<PackageDatabase> {
    let text = |path: &Path| -> Result<String> {
        Ok(String::from_utf8_lossy(&host.read(path)?.unwrap_or_default()).into_owned())
    };
    let mut packages = parse(&text(Path::new(STATUS))?);
    let mut journal = host.list(Path::new(UPDATES))?;
    journal.retain(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    for name in &journal {
        packages.extend(parse(&text(&Path::new(UPDATES).join(name))?));
    }
    Ok(PackageDatabase { packages, interrupted: !journal.is_empty(), ..PackageDatabase::default() })
}

/// The packages that apt chose by itself, as dependencies.
///
/// # Errors
/// When the machine cannot be read.
pub fn chosen_by_apt(host: &dyn Host) -> Result<Vec<String>> {
    let states = host.read(Path::new(EXTENDED_STATES))?.unwrap_or_default();
    let text = String::from_utf8_lossy(&states).into_owned();
    Ok(text
        .split("\n\n")
        .filter(|stanza| field(stanza, "Auto-Installed") == Some("1"))
        .filter_map(|stanza| field(stanza, "Package").map(str::to_owned))
        .collect())
}

fn parse(status: &str) -> BTreeMap<String, Package> {
    status.split("\n\n").filter_map(parse_stanza).collect()
}

fn parse_stanza(stanza: &str) -> Option<(String, Package)> {
    let name = field(stanza, "Package")?;
    let mut words = field(stanza, "Status")?.split(' ');
    let (_want, flag, state) = (words.next()?, words.next()?, words.next()?);
    let package = Package {
        version: field(stanza, "Version").unwrap_or_default().to_owned(),
        architecture: field(stanza, "Architecture").unwrap_or_default().to_owned(),
        state: state.to_owned(),
        reinstall: flag == "reinstreq",
        transaction: 0,
    };
    Some((name.to_owned(), package))
}

fn field<'a>(stanza: &'a str, name: &str) -> Option<&'a str> {
    stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS_FILE: &str = "Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.21.22\n\n\
        Package: ecs\nStatus: install reinstreq half-installed\nArchitecture: amd64\nVersion: 1\n\n\
        Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 2\n";

    #[test]
    fn an_interrupted_package_is_told_from_an_installed_and_a_removed_one() {
        let database = PackageDatabase { packages: parse(STATUS_FILE), ..PackageDatabase::default() };
        assert_eq!(database.unfinished(), ["ecs"]);
        assert_eq!(database.demanded_again(), ["ecs"]);
        assert_eq!(database.in_state("config-files"), ["gone"]);
        assert_eq!(database.architecture(), Some("amd64"));
    }
}
