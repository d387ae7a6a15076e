//! Percent-encoding as SigV4 and file paths need it: everything but unreserved characters is encoded, upper
//! case. Not form encoding: the one place where `+` means a space says so by name.

/// Encodes every byte that RFC 3986 does not call unreserved.
pub fn encode(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Decodes `%XX`; a stray `%` stays as it is.
pub fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let coded = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        match coded.and_then(|pair| hex::decode(pair).ok()) {
            Some(byte) => {
                out.extend(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

/// The name and value pairs of a query or a form, decoded; here `+` is a space.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let readable = |text: &str| String::from_utf8_lossy(&decode(&text.replace('+', " "))).into_owned();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (readable(name), readable(value)))
        .collect()
}

/// The first value of `name` in a query or a form.
pub fn value_of(query: &str, name: &str) -> Option<String> {
    pairs(query).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_undoes_encoding() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all)), all);
        assert_eq!(decode("100%"), b"100%");
    }

    #[test]
    fn a_plus_in_a_query_is_a_space() {
        assert_eq!(
            value_of("a=1&dockerVersion=DockerVersion%3A+20.10", "dockerVersion").unwrap(),
            "DockerVersion: 20.10"
        );
    }
}
