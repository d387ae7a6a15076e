//! The public key of a managed instance, as its registration sends it: base64 of a DER SubjectPublicKeyInfo
//! (RFC 5280) holding an RSA key. ring verifies with the PKCS#1 key inside, so the envelope is opened here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};

/// The DER of `rsaEncryption` with its NULL parameter (RFC 8017, appendix C).
const RSA_ENCRYPTION: [u8; 13] =
    [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// Whether this is a public key at all.
pub fn is_rsa(base64_spki: &str) -> bool {
    pkcs1(base64_spki).is_some()
}

/// Verifies RSA-PSS with SHA-256 and a salt of 32 bytes, which is what the SSM agent signs with.
pub fn verifies(base64_spki: &str, message: &[u8], base64_signature: &str) -> bool {
    let (Some(key), Ok(signature)) = (pkcs1(base64_spki), STANDARD.decode(base64_signature)) else {
        return false;
    };
    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key).verify(message, &signature).is_ok()
}

fn pkcs1(base64_spki: &str) -> Option<Vec<u8>> {
    let der = STANDARD.decode(base64_spki).ok()?;
    let (spki, trailing) = element(&der, SEQUENCE)?;
    let (algorithm, rest) = element(spki, SEQUENCE)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    let (unused_bits, key) = bits.split_first()?;
    (trailing.is_empty() && algorithm == RSA_ENCRYPTION && *unused_bits == 0).then(|| key.to_vec())
}

/// Splits one DER element with the wanted tag off the front: its content, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (first as usize, rest)
    } else {
        let (octets, rest) = rest.split_at_checked((first & 0x7f) as usize)?;
        // Two length octets reach 64 KiB; no RSA key is longer.
        (octets.len() <= 2).then_some(())?;
        (octets.iter().fold(0, |sum, &octet| sum << 8 | octet as usize), rest)
    };
    (found == tag).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_no_key() {
        for text in ["", "AAAA", "MIIB", "not base64 at all"] {
            assert!(!is_rsa(text), "{text}");
        }
    }
}
