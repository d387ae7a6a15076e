//! `self-update`: another release in the place of this program, which its key vouches for.
//!
//! Off unless an address and a key are given: there is neither in the program, nothing is asked of the network before
//! both are there, and no other command updates. What is replaced is replaced whole, durably and in one step.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{must_be_alone, must_be_root, print_json};
use crate::cli::{Options, UpdateFlags};
use crate::config;
use crate::durable;
use crate::error::{Error, Result, While};
use crate::host::Host;
use crate::release::{self, Version};

/// The sums of a few files.
const LONGEST_LIST: u64 = 64 << 10;
/// Four times what a program has.
const LONGEST_PROGRAM: u64 = 20 << 20;
const MODE: u32 = 0o755;

/// Replaces this program by the one of a release, where that is newer.
///
/// # Errors
/// When it is off, nobody vouches for the release, or that is an older one or another of the same version.
pub fn run(host: &mut dyn Host, flags: &UpdateFlags, options: &Options, json: bool) -> Result<()> {
    let (Some(from), Some(key)) = (&flags.from, &flags.key) else {
        return Err(Error::refused("self-update is off: it takes both --from and --key")
            .hint("give the folder of a release that you trust, and the public key that signs it"));
    };
    let from = config::release_address(from)?;
    let key = release::key(key)?;
    must_be_root(host)?;
    must_be_alone(host)?;
    let proxy = config::proxy(host, options)?;
    host.use_proxy(proxy, options.proxy.is_some());

    let (here, path) = (Version::own()?, host.own_program()?);
    let name = release::program(&host.machine());
    let sums = host.download(&format!("{from}/SHA256SUMS"), LONGEST_LIST)?;
    let signature = host.download(&format!("{from}/SHA256SUMS.minisig"), LONGEST_LIST)?;
    let offered = release::read(&sums, &String::from_utf8_lossy(&signature), &key, &name)
        .while_doing(|| format!("reading the release at {from}"))?;
    if offered.version < here {
        return Err(Error::lasting(format!(
            "the release at {from} is {}, and this is {here}",
            offered.version
        ))
        .hint(
            "an older version is never put in the place of a newer one; install.sh of that release does it",
        ));
    }
    if offered.version == here {
        let own = host.read(&path)?.unwrap_or_default();
        if sum(&own) != offered.sum {
            return Err(Error::lasting(format!("the release at {from} is another {here} than this one"))
                .hint("one version is one program: ask whoever made the two; nothing was replaced"));
        }
        eprintln!("nothing to do: this is {here} already");
        return report(json, here, here);
    }
    let program = host.download(&format!("{from}/{name}"), LONGEST_PROGRAM)?;
    if sum(&program) != offered.sum {
        return Err(Error::lasting(format!("{from}/{name} is not the program that was signed"))
            .hint("nothing was replaced; see who else can write there"));
    }
    durable::write(host, &path, &program, MODE)?;
    eprintln!("done: {} is {} now, and was {here}", path.display(), offered.version);
    report(json, here, offered.version)
}

fn report(json: bool, from: Version, to: Version) -> Result<()> {
    if json {
        print_json(&json!({"version": 1, "from": from.to_string(), "to": to.to_string()}));
    }
    Ok(())
}

fn sum(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

#[cfg(test)]
mod tests;
