//! One entry of a list of hosts that are reached without the proxy, read as the agents read it, which are
//! written in Go: a host, a domain with or without `.` or `*.` before it, an address, a block of addresses,
//! `*`, each perhaps with a port. A leading dot spares the domain itself too, as with curl.

use std::net::IpAddr;

/// Whether the entry is about this host. Names are compared, and never looked up.
pub(super) fn matches(entry: &str, host: &str, port: u16) -> bool {
    let host = unbracketed(host).trim_end_matches('.').to_ascii_lowercase();
    let entry = entry.trim().to_ascii_lowercase();
    let (entry, only) = without_port(&entry);
    if entry == "*" {
        return true;
    }
    if only.is_some_and(|only| only != port) {
        return false;
    }
    match host.parse::<IpAddr>() {
        Ok(address) => holds(entry, address),
        Err(_) => is_within(entry, &host),
    }
}

fn is_within(entry: &str, host: &str) -> bool {
    let domain = entry.strip_prefix('*').unwrap_or(entry);
    let domain = domain.strip_prefix('.').unwrap_or(domain).trim_end_matches('.');
    let rest = host.strip_suffix(domain).filter(|_| !domain.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether an address, or a block such as `10.0.0.0/8`, has this one in it.
fn holds(entry: &str, address: IpAddr) -> bool {
    let (network, length) = match entry.split_once('/') {
        Some((network, length)) => (network, length.parse::<u32>().ok()),
        None => (entry, Some(128)),
    };
    match (unbracketed(network).parse(), address, length) {
        (Ok(IpAddr::V4(network)), IpAddr::V4(address), Some(length)) => {
            let differ = network.to_bits() ^ address.to_bits();
            differ.leading_zeros() >= length.min(32)
        }
        (Ok(IpAddr::V6(network)), IpAddr::V6(address), Some(length)) => {
            let differ = network.to_bits() ^ address.to_bits();
            differ.leading_zeros() >= length.min(128)
        }
        _ => false,
    }
}

/// A colon is a port's only where it is the one, or stands behind a bracket.
fn without_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spared_with_all_below_them_and_no_matter_how_they_are_written() {
        for entry in ["example.org", ".example.org", "*.example.org", "EXAMPLE.org", "example.org.", "*"] {
            for host in ["example.org", "a.example.org", "A.B.Example.Org", "example.org."] {
                assert!(matches(entry, host, 443), "{entry} {host}");
            }
        }
        for entry in ["example.org", ".example.org", "*.example.org", ".", "", "*."] {
            for host in ["badexample.org", "example.org.evil.test", "org"] {
                assert!(!matches(entry, host, 443), "{entry} {host}");
            }
        }
    }

    #[test]
    fn addresses_are_spared_one_by_one_and_in_blocks() {
        for (entry, host) in [
            ("10.0.0.0/8", "10.255.0.1"),
            ("0.0.0.0/0", "192.0.2.1"),
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("fd00::/8", "[fd00::17]"),
            ("[fd00::17]", "fd00:0::17"),
            ("::1", "[::1]"),
        ] {
            assert!(matches(entry, host, 443), "{entry} {host}");
        }
        for (entry, host) in [
            ("10.0.0.0/8", "11.0.0.1"),
            ("10.0.0.0/x", "10.0.0.1"),
            ("192.0.2.1", "192.0.2.10"),
            ("0.0.0.1", "192.0.0.1"),
            ("fd00::/8", "10.0.0.1"),
            ("10.0.0.0/8", "10.example.org"),
        ] {
            assert!(!matches(entry, host, 443), "{entry} {host}");
        }
    }

    #[test]
    fn an_entry_with_a_port_is_about_that_port() {
        for entry in ["example.org:8443", "[fd00::1]:8443", "10.0.0.1:8443"] {
            let host = entry.strip_suffix(":8443").unwrap();
            assert!(matches(entry, host, 8443) && !matches(entry, host, 443), "{entry}");
        }
    }
}
