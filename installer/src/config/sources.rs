//! Where the agents' packages come from, and whose signature on them counts there.
//!
//! An operator's certificate counts for the addresses that were given with it, and never for AWS's own:
//! what comes from there is signed by AWS or is not installed.

use distro_matrix::Format;

use super::text;
use crate::cli::Options;
use crate::error::{Error, Result};
use crate::host::Machine;
use crate::partition::{host_of, is_official};
use crate::signature::{Certificate, Trust, Use};

/// Where the agents' packages come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The base address of a mirror, without a slash at its end.
    pub mirror: Option<String>,
    /// The ECS agent's package, from elsewhere, for systems of each format.
    packages: Vec<(Format, String)>,
    /// Trusted besides AWS's keys, at these addresses.
    certificate: Option<Certificate>,
    /// The SHA-256 that the package from elsewhere must have, in small hexadecimal figures.
    sha256: Option<String>,
    /// Whether that sum alone counts for it.
    unsigned: bool,
}

impl Sources {
    pub(super) fn resolve(host: &dyn Machine, options: &Options) -> Result<Self> {
        let mirror = options.mirror.as_deref().map(|url| address("--mirror", url)).transpose()?;
        let mut packages = Vec::new();
        for (flag, format, url) in package_urls(options) {
            packages.push((format, address(flag, url)?));
        }
        let mirror = mirror.map(|url| url.trim_end_matches('/').to_owned());
        let sha256 = sum(options)?;
        let unsigned = options.skip_gpg_check;
        let sources = Self { mirror, packages, certificate: certificate(host, options)?, sha256, unsigned };
        sources.refuse_a_sum_without_its_package()?;
        sources.refuse_a_certificate_for_aws()?;
        Ok(sources)
    }

    /// The ECS agent's package from elsewhere, for a system that takes this format.
    #[must_use]
    pub fn package_url(&self, format: Format) -> Option<&String> {
        self.packages.iter().find(|(its, _)| *its == format).map(|(_, url)| url)
    }

    /// The flag of a package in another format, where none of this format was given.
    #[must_use]
    pub fn wrong_package(&self, format: Format) -> Option<&'static str> {
        let other = self.packages.first().filter(|_| self.package_url(format).is_none())?;
        Some(flag(other.0))
    }

    /// Whose signature counts for what comes from this address.
    #[must_use]
    pub fn trust(&self, aws: Use, url: &str) -> Trust {
        let named = self.is_named(url);
        Trust {
            aws,
            certificate: self.certificate.clone().filter(|_| self.is_ours(url)),
            sha256: self.sha256.clone().filter(|_| named),
            unsigned: self.unsigned && named,
        }
    }

    /// Whether an address is one of those that were given.
    fn is_ours(&self, url: &str) -> bool {
        let below = |base: &String| url.strip_prefix(base.as_str()).is_some_and(|rest| rest.starts_with('/'));
        self.is_named(url) || self.mirror.as_ref().is_some_and(below)
    }

    fn is_named(&self, url: &str) -> bool {
        self.packages.iter().any(|(_, named)| named == url)
    }

    /// A sum is of one file, and without a signature it is all there is.
    fn refuse_a_sum_without_its_package(&self) -> Result<()> {
        if self.unsigned && (self.packages.is_empty() || self.sha256.is_none()) {
            return Err(Error::refused("--skip-gpg-check cannot be honoured by itself").hint(
                "packages are always verified: name the package with --deb-url or --rpm-url, and give its sum with --package-sha256",
            ));
        }
        if self.sha256.is_some() && self.packages.is_empty() {
            return Err(Error::refused("--package-sha256 was given, and no package that it could be of")
                .hint("name the package with --deb-url or --rpm-url"));
        }
        Ok(())
    }

    fn refuse_a_certificate_for_aws(&self) -> Result<()> {
        if self.certificate.is_none() {
            return Ok(());
        }
        let mirror = self.mirror.iter().map(|url| ("--mirror", url));
        let packages = self.packages.iter().map(|(format, url)| (flag(*format), url));
        let mut given = mirror.chain(packages).peekable();
        if given.peek().is_none() {
            return Err(Error::refused("--trust-key was given, and no address that it could count for")
                .hint(
                    "it counts for what --mirror, --deb-url or --rpm-url name; what comes from AWS is signed by AWS",
                ));
        }
        match given.find(|(_, url)| is_official(url)) {
            Some((flag, url)) => Err(Error::refused(format!(
                "--trust-key does not count for {url}, which is AWS's own address"
            ))
            .hint(format!("leave {flag} or --trust-key out"))),
            None => Ok(()),
        }
    }
}

fn flag(format: Format) -> &'static str {
    match format {
        Format::Deb => "--deb-url",
        Format::Rpm => "--rpm-url",
    }
}

fn package_urls(options: &Options) -> impl Iterator<Item = (&'static str, Format, &str)> {
    let given = [(Format::Deb, &options.deb_url), (Format::Rpm, &options.rpm_url)];
    given.into_iter().filter_map(|(format, url)| Some((flag(format), format, url.as_deref()?)))
}

fn certificate(host: &dyn Machine, options: &Options) -> Result<Option<Certificate>> {
    match (&options.trust_key, &options.trust_fingerprint) {
        (None, None) => Ok(None),
        (Some(file), Some(fingerprint)) => {
            Certificate::read(text(host, file, "--trust-key")?, fingerprint).map(Some)
        }
        (Some(_), None) => Err(Error::refused("--trust-key was given without --trust-fingerprint")
            .hint("give the fingerprint of the certificate too: the file alone could be anybody's")),
        (None, Some(_)) => Err(Error::refused("--trust-fingerprint was given without --trust-key")
            .hint("give the file with the armored certificate too")),
    }
}

/// The sum that somebody gave.
///
/// # Errors
/// When it is none.
pub fn sum(options: &Options) -> Result<Option<String>> {
    let Some(text) = &options.package_sha256 else { return Ok(None) };
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Some(text.to_ascii_lowercase()));
    }
    Err(Error::refused(format!("--package-sha256 '{text}' is not a SHA-256"))
        .hint("it has 64 hexadecimal figures, as 'sha256sum FILE' or PowerShell's Get-FileHash prints them"))
}

/// An address that can be shown: plans, receipts and messages hold it, and files of apt's, where a quote or
/// a bracket would mean something.
pub(super) fn address(flag: &str, url: &str) -> Result<String> {
    if url.starts_with("http://") {
        return Err(Error::refused(format!("{flag} '{url}' is not reached over TLS")).hint(
            "write https://HOST/PATH: Landfall asks nobody without TLS; the server's certificate authority may be one of \
             this machine's own",
        ));
    }
    let rest = url.strip_prefix("https://").unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    if host.contains('@') || rest.contains('?') {
        return Err(Error::refused(format!("{flag} holds a user's name or a query, and maybe a password"))
            .hint("plans and the receipt would show it: let the server know this machine in another way"));
    }
    let fine = |byte: u8| byte.is_ascii_graphic() && !b"\"'#<>[]\\^`{|}".contains(&byte);
    if host.is_empty() || !rest.bytes().all(fine) || host_of(url).is_none() {
        return Err(Error::refused(format!("{flag} '{url}' is not an address"))
            .hint("write https://HOST/PATH, without spaces and quotes"));
    }
    Ok(url.to_owned())
}

#[cfg(test)]
mod tests;
