//! Random identities in the shapes that AWS gives them. The shapes matter (clients check lengths and
//! prefixes); the values mean nothing.

use ring::rand::{SecureRandom, SystemRandom};

const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const CAPITALS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A version 4 UUID.
pub fn uuid() -> String {
    let mut bytes = random(16);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

/// `mi-` and 17 hexadecimal digits.
pub fn managed_instance_id() -> String {
    format!("mi-{}", &hex::encode(random(9))[..17])
}

/// The 32 hexadecimal digits at the end of a container instance's ARN.
pub fn container_instance_id() -> String {
    hex::encode(random(16))
}

/// 20 characters, the shortest that the SSM agent accepts.
pub fn activation_code() -> String {
    from_alphabet(LETTERS_AND_DIGITS, 20)
}

/// A temporary access key's id: `ASIA` and 16 capitals or digits.
pub fn access_key_id() -> String {
    format!("ASIA{}", from_alphabet(CAPITALS_AND_DIGITS, 16))
}

/// A secret access key's 40 characters.
pub fn secret_access_key() -> String {
    from_alphabet(LETTERS_AND_DIGITS, 40)
}

/// A session token; real ones are longer still, and nobody may rely on a length.
pub fn session_token() -> String {
    from_alphabet(LETTERS_AND_DIGITS, 360)
}

fn from_alphabet(alphabet: &[u8], length: usize) -> String {
    random(length).into_iter().map(|byte| alphabet[byte as usize % alphabet.len()] as char).collect()
}

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    SystemRandom::new().fill(&mut bytes).expect("the kernel gives randomness");
    bytes
}
