//! A release of Landfall as its signed sums tell of it: which version it is, and what its program must be.
//!
//! The version is the signature's trusted comment, which is signed too: so an old release cannot pass for a newer one.
//! `scripts/finish-release` writes both.

use std::fmt;

use minisign_verify::{PublicKey, Signature};

use crate::error::{Error, Result};

/// A version of Landfall: three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([u32; 3]);

impl Version {
    /// That of this program.
    ///
    /// # Errors
    /// Never, where Cargo.toml has three numbers.
    pub fn own() -> Result<Self> {
        Self::parse(env!("CARGO_PKG_VERSION"))
            .ok_or_else(|| Error::bug("our own version is not three numbers"))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(str::parse::<u32>);
        let mut next = || numbers.next()?.ok();
        let version = Self([next()?, next()?, next()?]);
        // What is written otherwise, as with a plus or more zeros, is not what was signed.
        (version.to_string() == text).then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// A release, as far as one machine cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// The SHA-256 of its program for this machine, in small hexadecimal figures.
    pub sum: String,
}

/// The key that a release must be signed with.
///
/// # Errors
/// When this is none of minisign's.
pub fn key(text: &str) -> Result<PublicKey> {
    PublicKey::from_base64(text.trim()).map_err(|_| {
        Error::refused("--key is not a public key of minisign")
            .hint("it is the second line of the file with the public key, and begins with RW")
    })
}

/// What the program for such a machine is called.
#[must_use]
pub fn program(machine: &str) -> String {
    format!("landfall-{machine}-linux")
}

/// Reads the sums that a key must have signed.
///
/// # Errors
/// When it did not, or they say nothing of a version or of this program.
pub fn read(sums: &[u8], signature: &str, key: &PublicKey, program: &str) -> Result<Release> {
    let distrust = |what: &str| {
        Error::lasting(what)
            .hint("nothing was replaced; compare --key with what its owner publishes elsewhere")
    };
    let signature = Signature::decode(signature)
        .map_err(|_| distrust("what is beside SHA256SUMS is not a signature of minisign's"))?;
    key.verify(sums, &signature, false).map_err(|_| distrust("the key did not sign this SHA256SUMS"))?;
    let version = signature.trusted_comment().strip_prefix("landfall ").and_then(Version::parse);
    let version = version.ok_or_else(|| distrust("the signature names no version of Landfall"))?;
    let sums = String::from_utf8_lossy(sums);
    let sum = sums.lines().find_map(|line| line.strip_suffix(program)?.strip_suffix("  "));
    let sum = sum.filter(|sum| sum.len() == 64 && sum.bytes().all(|it| it.is_ascii_hexdigit()));
    let sum = sum.ok_or_else(|| distrust("SHA256SUMS does not list the program for this machine"))?;
    Ok(Release { version, sum: sum.to_ascii_lowercase() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers_and_what_is_written_oddly_is_none() {
        let of = |text| Version::parse(text).unwrap();
        assert!(of("0.9.0") < of("0.10.0") && of("1.0.0") > of("0.99.99") && of("1.2.3") == of("1.2.3"));
        for odd in
            ["", "1", "1.2", "1.2.3.4", "1.2.x", "+1.2.3", "01.2.3", "1.2.3 ", "1.2.3-rc1", "1.2.4294967296"]
        {
            assert_eq!(Version::parse(odd), None, "{odd}");
        }
        assert_eq!(Version::own().unwrap().to_string(), env!("CARGO_PKG_VERSION"));
    }
}
