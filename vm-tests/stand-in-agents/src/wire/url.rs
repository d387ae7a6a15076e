//! The few parts of an address that the stand-ins use. No user names, no fragments, no IPv6 literals.

use super::WireError;

/// `http://`, `https://`, `ws://` or `wss://`, a host, a port and a path with its query.
#[derive(Clone, Debug, PartialEq)]
pub struct Url {
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The host, without the port.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path, at least `/`.
    pub path: String,
    /// The query without its question mark; empty when there is none.
    pub query: String,
}

impl Url {
    /// Reads an address; one without a scheme is taken as `https`, as the agents take it.
    pub fn parse(text: &str) -> Result<Self, WireError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let tls = match scheme {
            "https" | "wss" => true,
            "http" | "ws" => false,
            _ => return Err(WireError::Address(text.into())),
        };
        let (authority, tail) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| WireError::Address(text.to_owned()))?),
            None => (authority, if tls { 443 } else { 80 }),
        };
        if host.is_empty() {
            return Err(WireError::Address(text.into()));
        }
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        let path = if path.is_empty() { "/" } else { path };
        Ok(Url { tls, host: host.into(), port, path: path.into(), query: query.into() })
    }

    /// The same server, another path and query.
    pub fn at(&self, path: &str, query: &str) -> Self {
        Url { path: path.into(), query: query.into(), ..self.clone() }
    }

    /// The `Host` header: the port only where it is not the usual one.
    pub fn host_header(&self) -> String {
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    /// What stands in the request line.
    pub fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The whole address, in the notation of HTTP or of websockets.
    pub fn text(&self, websocket: bool) -> String {
        let scheme = match (websocket, self.tls) {
            (true, true) => "wss",
            (true, false) => "ws",
            (false, true) => "https",
            (false, false) => "http",
        };
        format!("{scheme}://{}{}", self.host_header(), self.target())
    }
}

/// A query value as Go encodes it: a space becomes `+`.
pub fn query_value(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(byte as char),
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_a_scheme_is_https() {
        let url = Url::parse("ssm.us-east-1.amazonaws.com").unwrap();
        assert_eq!(url.text(false), "https://ssm.us-east-1.amazonaws.com/");
        assert_eq!(url.host_header(), "ssm.us-east-1.amazonaws.com");
    }

    #[test]
    fn a_port_of_its_own_stands_in_the_host_header() {
        let url = Url::parse("http://127.0.0.1:8080/ws?a=b").unwrap();
        assert_eq!((url.host_header().as_str(), url.target().as_str()), ("127.0.0.1:8080", "/ws?a=b"));
        assert_eq!(url.text(true), "ws://127.0.0.1:8080/ws?a=b");
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Url::parse("ftp://x").is_err());
        assert!(Url::parse("https://").is_err());
        assert!(Url::parse("https://x:port/").is_err());
    }

    #[test]
    fn a_query_value_is_encoded_as_go_does() {
        assert_eq!(query_value("DockerVersion: 20.10.24+dfsg1"), "DockerVersion%3A+20.10.24%2Bdfsg1");
    }
}
