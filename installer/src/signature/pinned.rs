//! AWS's keys, made from the figures in `aws_keys.toml`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use pgp::packet::{PacketHeader, PublicKey};
use pgp::types::{KeyDetails, Tag};
use serde::Deserialize;

use super::Use;

const FIGURES: &str = include_str!("aws_keys.toml");

/// A key whose signature counts.
#[derive(Debug, Clone)]
pub struct PinnedKey {
    /// Its OpenPGP fingerprint, in capitals.
    pub fingerprint: String,
    /// What it may sign.
    pub usage: Use,
    /// When it was made: no signature is older.
    pub created: Timestamp,
    /// The end of its last day of validity, where it has one.
    pub valid_until: Option<Timestamp>,
    pub(super) key: PublicKey,
}

#[derive(Deserialize)]
struct Table {
    key: Vec<Figures>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Figures {
    fingerprint: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "figures are checked against it in a test"))]
    packet_sha256: String,
    #[serde(rename = "use")]
    usage: Use,
    created: u32,
    valid_until: Option<Date>,
    exponent: String,
    modulus: String,
}

/// Every key of AWS that signs packages.
///
/// # Panics
/// When the figures are broken, which a test rules out.
#[must_use]
pub fn pinned() -> Vec<PinnedKey> {
    figures().iter().map(Figures::key).collect()
}

impl PinnedKey {
    /// A key that the operator trusts, for the same use.
    pub(super) fn of_operator(key: PublicKey, usage: Use, valid_until: Option<Timestamp>) -> Self {
        Self {
            fingerprint: key.fingerprint().to_string().to_uppercase(),
            usage,
            created: seconds(key.created_at().as_secs()),
            valid_until,
            key,
        }
    }
}

impl Figures {
    fn key(&self) -> PinnedKey {
        let body = self.packet();
        let length = u32::try_from(body.len()).expect("a key packet is short");
        let key = PublicKey::try_from_reader(PacketHeader::new_fixed(Tag::PublicKey, length), &body[..])
            .expect("the figures make a key");
        let end_of_day = |day: Date| {
            day.tomorrow()
                .and_then(|next| next.to_zoned(TimeZone::UTC))
                .expect("a day in this century")
                .timestamp()
        };
        PinnedKey {
            fingerprint: self.fingerprint.clone(),
            usage: self.usage,
            created: seconds(self.created),
            valid_until: self.valid_until.map(end_of_day),
            key,
        }
    }

    /// The body of an OpenPGP version 4 public key packet (RFC 9580, section 5.5.2.2).
    fn packet(&self) -> Vec<u8> {
        const VERSION: u8 = 4;
        const RSA: u8 = 1;
        let mut body = vec![VERSION];
        body.extend(self.created.to_be_bytes());
        body.push(RSA);
        for figure in [&self.modulus, &self.exponent] {
            let bytes = hex::decode(figure).expect("hexadecimal figures");
            let bytes: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            let bits = bytes.len() * 8 - bytes[0].leading_zeros() as usize;
            body.extend(u16::try_from(bits).expect("at most 4096 bits").to_be_bytes());
            body.extend(bytes);
        }
        body
    }
}

fn figures() -> Vec<Figures> {
    toml::from_str::<Table>(FIGURES).expect("aws_keys.toml is part of this program").key
}

fn seconds(seconds: u32) -> Timestamp {
    Timestamp::from_second(i64::from(seconds)).expect("a time in this century")
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_figures_make_the_fingerprints_and_packets_that_aws_documents() {
        let figures = figures();
        assert_eq!(figures.len(), 8);
        for figures in figures {
            assert_eq!(hex::encode(Sha256::digest(figures.packet())), figures.packet_sha256);
            assert_eq!(figures.key().key.fingerprint().to_string().to_uppercase(), figures.fingerprint);
        }
    }

    #[test]
    fn a_key_with_a_last_day_counts_until_that_day_ends() {
        let last = pinned().into_iter().filter_map(|key| key.valid_until).max();
        assert_eq!(last.map(|end| end.to_string()).as_deref(), Some("2027-11-26T00:00:00Z"));
    }
}
