//! The policy of this machine: `/etc/landfall/policy.toml`, read and checked.
//!
//! A policy that cannot be read stops a first boot: the default would allow what whoever wrote it may have
//! forbidden.

use std::path::Path;

use landfall_contract::policy::{PATH, Policy};

use super::signed;
use crate::aws::is_account;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::partition::is_region;

/// The policy in force: the default where none was fixed.
///
/// # Errors
/// When there is one and it is not understood.
pub fn load(host: &dyn Host) -> Result<Policy> {
    let Some(content) = host.read(Path::new(PATH))? else { return Ok(Policy::default()) };
    let text = String::from_utf8(content).map_err(|_| broken(Path::new(PATH), "is not text"))?;
    parse(&text, Path::new(PATH))
}

/// Reads a policy.
///
/// # Errors
/// When it is not understood, or demands what nothing can fulfil.
pub fn parse(text: &str, path: &Path) -> Result<Policy> {
    let policy: Policy = toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        broken(path, &format!("line {line}: {}", e.message()))
    })?;
    check(&policy).map_err(|what| broken(path, &what))?;
    Ok(policy)
}

fn check(policy: &Policy) -> std::result::Result<(), String> {
    if policy.sources.is_empty() {
        return Err("allows no source at all, so no seed would ever be found".into());
    }
    if let Some(region) = policy.region.as_ref().filter(|region| !is_region(region)) {
        return Err(format!("'{region}' is not the name of a region"));
    }
    if let Some(account) = policy.account.as_ref().filter(|account| !is_account(account)) {
        return Err(format!("'{account}' is not the number of an account, which has twelve figures"));
    }
    if let Some(key) = policy.seed_keys.iter().find(|key| !signed::is_key(key)) {
        return Err(format!("'{key}' is not a public key of minisign"));
    }
    Ok(())
}

fn broken(path: &Path, what: &str) -> Error {
    Error::refused(format!("the policy {}: {what}", path.display()))
        .hint("its keys are sources, region, cluster, account, seed-keys and on-copy: see docs/first-boot.md")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::fresh;

    fn refused(text: &str) -> String {
        let error = parse(text, Path::new(PATH)).unwrap_err();
        assert!(error.exit_code() == 2 && error.hint.is_some(), "{error}");
        error.what
    }

    #[test]
    fn a_machine_without_a_policy_has_the_default_one() {
        assert_eq!(load(&fresh()).unwrap(), Policy::default());
    }

    #[test]
    fn a_policy_that_is_not_understood_is_refused_with_its_line() {
        assert!(refused("region = \"us-east-1\"\nregoin = 1\n").contains("line 2: unknown field `regoin`"));
        assert!(refused("\n\nsources = [\"floppy\"]\n").contains("line 3: unknown variant `floppy`"));
        assert!(refused("sources = []").contains("no source at all"));
        assert!(refused("region = \"mars\"").contains("'mars' is not the name of a region"));
        assert!(refused("account = \"12\"").contains("twelve figures"));
        assert!(refused("seed-keys = [\"abc\"]").contains("'abc' is not a public key"));
        let mut fake = fresh();
        fake.put(PATH, "sources = [", 0o644);
        assert_eq!(load(&fake).unwrap_err().exit_code(), 2);
    }
}
