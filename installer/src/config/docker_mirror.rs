//! A mirror of Docker's repository: its address, and the key that signs it. One does not count without the
//! other, so that neither leads to an official address under a foreign key.

use super::sources::address;
use crate::cli::Options;
use crate::error::{Error, Result};
use crate::partition::host_of;

const OFFICIAL: &str = "download.docker.com";

/// What stands in for Docker's own server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerMirror {
    /// Its address, without a slash at the end.
    pub url: String,
    /// The primary key that signs what it has, by its fingerprint in capitals.
    pub fingerprint: String,
}

impl DockerMirror {
    /// # Errors
    /// When one of the two flags is missing or wrong.
    pub(super) fn resolve(options: &Options) -> Result<Option<Self>> {
        match (&options.docker_mirror, &options.docker_trust_fingerprint) {
            (None, None) => Ok(None),
            (Some(url), Some(fingerprint)) => {
                Ok(Some(Self { url: checked_url(url)?, fingerprint: checked_fingerprint(fingerprint)? }))
            }
            (Some(_), None) => {
                Err(Error::refused("a mirror of Docker's repository was given without its key")
                    .hint("give --docker-trust-fingerprint too: the fingerprint of the key that signs it"))
            }
            (None, Some(_)) => Err(Error::refused("--docker-trust-fingerprint was given without a mirror")
                .hint("give --docker-mirror too: Docker's own repository is signed by Docker's own key")),
        }
    }
}

/// What Docker itself serves is signed by Docker, or is not installed.
fn checked_url(url: &str) -> Result<String> {
    let url = address("--docker-mirror", url)?;
    if host_of(&url).is_some_and(|host| host == OFFICIAL) {
        return Err(Error::refused(format!("--docker-mirror '{url}' is Docker's own server")).hint(
            "leave --docker-mirror and --docker-trust-fingerprint out: Docker's own key counts there",
        ));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn checked_fingerprint(text: &str) -> Result<String> {
    let digits: String = text.split_whitespace().collect::<String>().to_uppercase();
    if digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(digits);
    }
    Err(Error::refused(format!("--docker-trust-fingerprint '{text}' is not a fingerprint"))
        .hint("a fingerprint has forty hexadecimal digits, as 'gpg --show-keys FILE' prints it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINGERPRINT: &str = "0123 4567 89ab cdef 0123  4567 89ab cdef 0123 4567";

    fn resolve(url: Option<&str>, fingerprint: Option<&str>) -> Result<Option<DockerMirror>> {
        DockerMirror::resolve(&Options {
            docker_mirror: url.map(str::to_owned),
            docker_trust_fingerprint: fingerprint.map(str::to_owned),
            ..Options::default()
        })
    }

    #[test]
    fn a_mirror_and_its_key_come_together() {
        assert_eq!(resolve(None, None).unwrap(), None);
        let mirror = resolve(Some("https://mirror.test/docker/"), Some(FINGERPRINT)).unwrap().unwrap();
        assert_eq!(mirror.url, "https://mirror.test/docker");
        assert_eq!(mirror.fingerprint, "0123456789ABCDEF0123456789ABCDEF01234567");
        for (url, fingerprint) in [(Some("https://mirror.test"), None), (None, Some(FINGERPRINT))] {
            let error = resolve(url, fingerprint).unwrap_err();
            assert!(error.exit_code() == 2 && error.hint.is_some(), "{error}");
        }
    }

    #[test]
    fn a_slip_in_a_mirrors_address_or_key_is_refused() {
        for url in [
            "http://mirror.test",
            "https://",
            "mirror.test",
            "https://a b",
            "https://a\nSigned-By: b",
            "https://me:sesame@mirror.test",
            "https://mirror.test?sesame",
            "https://download.docker.com/",
            "https://DOWNLOAD.docker.com./linux",
            "https://%64ownload.docker.com:443",
        ] {
            let error = resolve(Some(url), Some(FINGERPRINT)).unwrap_err();
            assert!(error.exit_code() == 2 && error.hint.is_some(), "{url}: {error}");
        }
        for fingerprint in ["", "8D81803C0EBFCD88", "g123456789abcdef0123456789abcdef01234567"] {
            let error = resolve(Some("https://mirror.test"), Some(fingerprint)).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{fingerprint}");
        }
    }
}
