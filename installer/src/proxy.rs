//! The proxy through which everything leaves this machine: Landfall, the package manager, both agents,
//! and a Docker that Landfall brings.
//!
//! A plain `http://` proxy that tunnels TLS (CONNECT), without a login: its address stands in files of
//! systemd, in the agent's configuration and in the plan, where a password has no place.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

mod spared;

/// What no proxy can serve: this machine itself, the addresses of metadata and task credentials, and
/// Docker's socket, which the ECS agent looks for in this list.
const NEVER: [&str; 6] =
    ["localhost", "127.0.0.1", "::1", "169.254.169.254", "169.254.170.2", "/var/run/docker.sock"];

/// A proxy, and what is reached without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxy {
    /// Its address, such as `http://proxy:3128`.
    pub url: String,
    /// Hosts that are reached without it, besides those that always are.
    pub no_proxy: Vec<String>,
}

impl Proxy {
    /// Reads an address and a list as people write them; `from` names where they stand.
    ///
    /// # Errors
    /// When it is no proxy that everything here can use. The address is not repeated: it may hold a
    /// password.
    pub fn parse(url: &str, no_proxy: &str, from: &str) -> Result<Self> {
        let refused =
            |what: &str, hint: &str| Err(Error::refused(format!("the proxy of {from} {what}")).hint(hint));
        let (scheme, rest) = url.trim().split_once("://").unwrap_or(("http", url.trim()));
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('@') {
            return refused(
                "has a user name or a password in it, which would stand in files of systemd and the agents",
                "use a proxy that admits this machine by its address, or run a local one that knows the password",
            );
        }
        if scheme != "http" {
            return refused(
                "is not an http:// address",
                "the agents speak to http:// proxies, through which TLS passes unopened: give http://HOST:PORT",
            );
        }
        if !is_authority(authority) {
            return refused("is no address", "write it as http://HOST:PORT");
        }
        let no_proxy: Vec<String> =
            no_proxy.split([',', ' ']).filter(|host| !host.is_empty()).map(str::to_owned).collect();
        if let Some(host) = no_proxy.iter().find(|host| !host.bytes().all(is_plain)) {
            return Err(Error::refused(format!("'{host}' is no host to spare the proxy of {from}"))
                .hint("write --no-proxy HOST,.DOMAIN,10.0.0.0/8"));
        }
        Ok(Self { url: format!("http://{authority}"), no_proxy })
    }

    /// All that is reached without it, as `NO_PROXY` wants it.
    #[must_use]
    pub fn spared(&self) -> String {
        let mut hosts: Vec<&str> = NEVER.to_vec();
        hosts.extend(self.no_proxy.iter().map(String::as_str).filter(|host| !NEVER.contains(host)));
        hosts.join(",")
    }

    /// Whether a host is reached through it: not where the list names it, a domain it is in, or a block of
    /// addresses it is in. Landfall has no other judge of that.
    #[must_use]
    pub fn serves(&self, host: &str, port: u16) -> bool {
        !self.spared().split(',').any(|entry| spared::matches(entry, host, port))
    }

    /// The variables in which programs look for it. Those written in Go know both spellings, apt this one.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 3] {
        [("http_proxy", self.url.clone()), ("https_proxy", self.url.clone()), ("no_proxy", self.spared())]
    }
}

/// A host and perhaps a port, in characters that mean nothing to systemd or a shell.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let fine = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|it| it.is_ascii_alphanumeric() || b".-_".contains(&it)),
    };
    fine && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_:*/[]".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_sent_through_a_proxy_comes_first_and_once() {
        let proxy =
            Proxy::parse("http://proxy:3128/", "localhost, .example.org,10.0.0.0/8", "--proxy").unwrap();
        assert_eq!(proxy.url, "http://proxy:3128");
        assert_eq!(
            proxy.spared(),
            "localhost,127.0.0.1,::1,169.254.169.254,169.254.170.2,/var/run/docker.sock,.example.org,10.0.0.0/8"
        );
    }

    #[test]
    fn an_address_may_come_without_a_scheme_and_be_an_ipv6_one() {
        for (given, taken) in [
            ("proxy:3128", "http://proxy:3128"),
            ("http://10.0.0.1", "http://10.0.0.1"),
            ("http://[fd00::1]:8080", "http://[fd00::1]:8080"),
        ] {
            assert_eq!(Proxy::parse(given, "", "--proxy").unwrap().url, taken);
        }
    }

    #[test]
    fn a_proxy_with_a_password_is_refused_without_repeating_it() {
        for address in ["http://ann:sesame@proxy:3128", "ann:sesame@proxy", "https://ann:sesame@proxy"] {
            let error = Proxy::parse(address, "", "https_proxy").unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.what.starts_with("the proxy of https_proxy has a user name"), "{error}");
            assert!(error.hint.is_some() && !error.to_string().contains("sesame"), "{error}");
        }
    }

    #[test]
    fn what_is_no_http_proxy_is_refused() {
        for address in [
            "socks5://proxy:1080",
            "https://proxy:3128",
            "http://",
            "http://proxy:0",
            "http://proxy:x",
            "http://a b",
            "http://proxy/path",
            "http://proxy\"\nX=y",
        ] {
            let error = Proxy::parse(address, "", "--proxy").unwrap_err();
            assert!(error.exit_code() == 2 && error.hint.is_some(), "{address}: {error}");
        }
        assert_eq!(Proxy::parse("http://proxy", "a\"b", "--proxy").unwrap_err().exit_code(), 2);
    }
}
