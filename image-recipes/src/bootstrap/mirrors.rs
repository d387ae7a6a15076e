//! Which mirrors an image may name: its sources are in every clone, for everybody who has one to read.

use std::net::IpAddr;

use crate::error::{Error, Result};

/// Kinds of addresses that are places of this machine.
const LOCAL: [&str; 5] = ["file", "copy", "cdrom", "mirror+file", "mirror+copy"];

/// Refuses sources with a password in an address, and those that no clone could reach.
///
/// # Errors
/// With the mirror's address, and nothing secret of it.
pub fn demand_public(sources: &str) -> Result<()> {
    let lines = sources.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut addresses = lines.flat_map(str::split_whitespace).filter_map(Address::of);
    addresses.try_for_each(|it| it.demand_public())
}

struct Address<'a> {
    scheme: &'a str,
    user: Option<&'a str>,
    /// Host, port and path.
    rest: &'a str,
}

impl<'a> Address<'a> {
    fn of(word: &'a str) -> Option<Self> {
        let (scheme, rest) = word.split_once(':')?;
        let Some(rest) = rest.strip_prefix("//") else {
            return LOCAL.contains(&scheme).then_some(Self { scheme, user: None, rest });
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let (user, rest) = match rest[..end].rfind('@') {
            Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
            None => (None, rest),
        };
        Some(Self { scheme, user, rest })
    }

    fn demand_public(&self) -> Result<()> {
        let address = format!("{}://{}", self.scheme, self.rest);
        if self.user.is_some() {
            return Err(Error::refused(format!(
                "the apt source {address} has a user or a password in its address, which would be in every clone"
            ))
            .hint("name a mirror that asks for none: --sources FILE"));
        }
        if LOCAL.contains(&self.scheme) || self.is_loopback() {
            return Err(Error::refused(format!(
                "the apt source {address} is on this machine, and would be in every clone, where it is not"
            ))
            .hint("name a mirror that the clones reach: --sources FILE"));
        }
        Ok(())
    }

    fn is_loopback(&self) -> bool {
        let authority = self.rest.split('/').next().unwrap_or("");
        let host = match authority.strip_prefix('[') {
            Some(bracketed) => bracketed.split(']').next().unwrap_or(""),
            None => authority.split(':').next().unwrap_or(""),
        };
        let host = host.trim_end_matches('.').to_lowercase();
        let named = host == "localhost" || host.ends_with(".localhost");
        named || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(uris: &str) -> Option<String> {
        let stanza =
            format!("Types: deb\n# http://a:b@c/\nURIs: {uris}\nSuites: bookworm\nSigned-By: /k.gpg");
        demand_public(&stanza).err().map(|e| {
            assert!(e.exit_code() == 2 && e.hint.as_ref().unwrap().contains("--sources FILE"), "{e}");
            e.to_string()
        })
    }

    #[test]
    fn a_mirror_that_asks_for_a_password_is_refused_and_the_password_not_shown() {
        for uri in ["https://reader:t0ken@mirror.example/debian", "https://t0ken@mirror.example/debian"] {
            let said = refused(&format!("http://deb.debian.org/debian {uri}")).unwrap();
            assert!(said.contains("https://mirror.example/debian has a user"), "{said}");
            assert!(!said.contains("t0ken"), "{said}");
        }
        let line = "deb [signed-by=/k.gpg] https://u:t0k@n@mirror.example/debian bookworm main";
        assert!(!demand_public(line).unwrap_err().to_string().contains("t0k"));
    }

    #[test]
    fn a_mirror_of_this_machine_alone_is_refused() {
        for uri in [
            "http://localhost:3142/debian",
            "http://LOCALHOST/debian",
            "http://127.0.1.1/debian",
            "http://[::1]:80/debian",
            "http://[::ffff:127.0.0.1]/debian",
            "file:/srv/debian",
            "file:///srv/debian",
            "mirror+file:/etc/apt/mirrors/no-such.list",
        ] {
            assert!(refused(uri).unwrap().contains("is on this machine"), "{uri}");
        }
    }

    #[test]
    fn any_other_mirror_is_taken() {
        for uri in [
            "http://deb.debian.org/debian",
            "https://mirror.example:8080/a@b/debian",
            "http://192.0.2.7/debian http://[2001:db8::1]/debian",
            "http://localhost.example/debian",
            "tor+http://mirror.example/debian",
        ] {
            assert_eq!(refused(uri), None, "{uri}");
        }
    }
}
