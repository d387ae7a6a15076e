//! What rpm says is on the machine. Its database has had three formats, so rpm itself is asked.
//!
//! rpm keeps no state for a package whose scripts an interruption cut off: it is in the database or it is
//! not. What such a transaction brought is told by Landfall's own record (see [`crate::brought`]).

use std::collections::BTreeMap;

use super::{Package, PackageDatabase};
use crate::brought;
use crate::error::Result;
use crate::host::Host;

/// What rpm is asked to print of each package; the third word is the transaction that brought it, in seconds
/// since 1970.
#[cfg(unix)]
pub(crate) const QUERY: &str = "%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{INSTALLTID} %{ARCH}\\n";

pub(super) fn read(host: &dyn Host) -> Result<PackageDatabase> {
    let text = host.rpms()?;
    let mut packages = parse(&text);
    let others = text.lines().filter_map(parse_line).map(by_whole_name).collect();
    let cut_short = brought::cut_short(host, &packages)?;
    for name in cut_short.iter().flatten() {
        if let Some(package) = packages.get_mut(name) {
            package.reinstall = true;
        }
    }
    Ok(PackageDatabase { packages, others, interrupted: cut_short.is_some() })
}

fn parse(text: &str) -> BTreeMap<String, Package> {
    text.lines().filter_map(parse_line).collect()
}

fn by_whole_name((name, package): (String, Package)) -> (String, Package) {
    (format!("{name}-{}.{}", package.version, package.architecture), package)
}

/// Keys that rpm trusts are packages to it, of no architecture.
fn parse_line(line: &str) -> Option<(String, Package)> {
    let mut words = line.split(' ');
    let (name, version, transaction, architecture) =
        (words.next()?, words.next()?, words.next()?, words.next()?);
    if name == "gpg-pubkey" {
        return None;
    }
    let package = Package {
        version: version.to_owned(),
        architecture: architecture.to_owned(),
        state: "installed".to_owned(),
        reinstall: false,
        transaction: transaction.parse().unwrap_or(0),
    };
    Some((name.to_owned(), package))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_no_packages_and_an_epoch_is_part_of_a_version() {
        let packages = parse(
            "rpm 4.18.0-1 1700000000 x86_64\ndocker-ce 3:28.3.2-1.el9 1700000100 x86_64\n\
             gpg-pubkey 621e9f35-58adea78 1700000001 (none)\n",
        );
        assert_eq!(packages.keys().collect::<Vec<_>>(), ["docker-ce", "rpm"]);
        assert_eq!(packages["docker-ce"].version, "3:28.3.2-1.el9");
        assert_eq!(packages["docker-ce"].transaction, 1_700_000_100);
    }
}
