//! Random identifiers (UUID version 4), for fingerprints, client tokens and message ids.

use ring::rand::{SecureRandom, SystemRandom};

/// A new random UUID in its hyphenated form.
pub fn uuid4() -> String {
    let mut bytes = [0u8; 16];
    SystemRandom::new().fill(&mut bytes).expect("the kernel's random source answers");
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits = hex::encode(bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_identifier_is_a_version_4_uuid_and_never_the_same_twice() {
        let one = super::uuid4();
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4');
        assert_ne!(one, super::uuid4());
    }
}
