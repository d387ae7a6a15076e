//! `self-update`: another release in the place of this program, which its key vouches for.
//!
//! Off unless an address and a key are given: there is neither in the program, nothing is asked of the network before
//! both are there, and no other command updates. What is replaced is replaced whole, durably and in one step.

use std::path::Path;

use distro_matrix::Format;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{must_be_alone, must_be_root, print_json};
use crate::cli::{Options, UpdateFlags};
use crate::components::landfall::{PACKAGED, PROGRAM};
use crate::config;
use crate::durable;
use crate::error::{Error, Result, While};
use crate::facts::Told;
use crate::host::Host;
use crate::package_database::PackageDatabase;
use crate::release::{self, Version};

/// The sums of a few files.
const LONGEST_LIST: u64 = 64 << 10;
/// Four times what a program has.
const LONGEST_PROGRAM: u64 = 20 << 20;
/// Of a program that nobody may run yet.
const MODE: u32 = 0o755;
const RUNS: u32 = 0o111;

/// Replaces this program by the one of a release, where that is newer. The proxy is the flags', else the file's.
///
/// # Errors
/// When it is off, nobody vouches for the release, or that is an older one or another of the same version.
pub fn run(host: &mut dyn Host, flags: &UpdateFlags, file: Options, json: bool) -> Result<()> {
    let (Some(from), Some(key)) = (&flags.from, &flags.key) else {
        return Err(Error::refused("self-update is off: it takes both --from and --key")
            .hint("give the folder of a release that you trust, and the public key that signs it"));
    };
    let from = config::release_address(from)?;
    let key = release::key(key)?;
    must_be_root(host)?;
    must_be_alone(host)?;
    let given =
        Options { proxy: flags.proxy.clone(), no_proxy: flags.no_proxy.clone(), ..Options::default() };
    let options = given.or(file);
    let proxy = config::proxy(host, &options)?;
    host.use_proxy(proxy, options.proxy.is_some());

    let (here, path) = (Version::own()?, host.own_program()?);
    must_be_nobodys(host, &path)?;
    let mode = host.stat(&path)?.ok_or_else(replaced)?.mode & 0o777;
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
            "self-update puts no older version in the place of a newer one; install.sh of that release does, \
             and so does its 'landfall up'",
        ));
    }
    if offered.version == here {
        let own = host.read(&path)?.unwrap_or_default();
        if sum(&own) != offered.sum {
            return Err(Error::lasting(format!("the release at {from} is another {here} than this one"))
                .hint("one version is one program: ask whoever made the two; nothing was replaced"));
        }
        eprintln!("nothing to do: this is {here} already");
        tell_of_another(host, &path)?;
        return report(json, here, here);
    }
    let program = host.download(&format!("{from}/{name}"), LONGEST_PROGRAM)?;
    if sum(&program) != offered.sum {
        return Err(Error::lasting(format!("{from}/{name} is not the program that was signed"))
            .hint("nothing was replaced; see who else can write there"));
    }
    // The kernel calls a file that was replaced by another name.
    if host.own_program()? != path {
        return Err(replaced());
    }
    durable::write(host, &path, &program, if mode & RUNS == 0 { MODE } else { mode })?;
    eprintln!("done: {} is {} now, and was {here}", path.display(), offered.version);
    tell_of_another(host, &path)?;
    report(json, here, offered.version)
}

/// What a package manager put there is its to replace: it would take another file for a broken package, or put its own
/// over it with the next one.
fn must_be_nobodys(host: &dyn Host, path: &Path) -> Result<()> {
    if path != Path::new(PACKAGED) {
        return Ok(());
    }
    let distro = distro_matrix::find(&Told::here(host).os).release();
    // Of a system that nobody here knows, either manager may have it that is there.
    let is_there = |format: &Format| *format == Format::Deb || host.which("rpm").is_some();
    let formats = distro.map_or(vec![Format::Deb, Format::Rpm], |distro| vec![distro.packages.agents]);
    for format in formats.into_iter().filter(is_there) {
        if let Some(package) = PackageDatabase::read(host, format)?.installed("landfall") {
            return Err(Error::refused(format!(
                "{PACKAGED} belongs to the package landfall {}",
                package.version
            ))
            .hint("install the newer package; it is in the same release"));
        }
    }
    Ok(())
}

fn replaced() -> Error {
    Error::failed("the file that this program runs from was replaced meanwhile")
        .hint("nothing was written: see what is there now, and run that")
}

/// Whoever updates a program of their own may think that the units' is newer now, too.
fn tell_of_another(host: &dyn Host, updated: &Path) -> Result<()> {
    if host.resolve(Path::new(PROGRAM))?.is_some_and(|path| path != updated) {
        host.tell(&format!(
            "note: units call {PROGRAM}, which stays as it was: for that one, run '{PROGRAM} self-update'"
        ));
    }
    Ok(())
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
