//! Key files as a careless or a hostile server may send them, with keys made here.

use std::sync::LazyLock;

use pgp::composed::{EncryptionCaps, KeyType, SecretKeyParamsBuilder, SignedSecretKey, SubkeyParamsBuilder};
use pgp::ser::Serialize;
use rand::thread_rng;

use super::*;

/// The vendor's key, with a signing subkey as Docker's has.
pub(crate) static VENDOR: LazyLock<SignedSecretKey> = LazyLock::new(key);
/// Somebody else's.
pub(crate) static OTHER: LazyLock<SignedSecretKey> = LazyLock::new(key);

fn key() -> SignedSecretKey {
    let subkey = SubkeyParamsBuilder::default()
        .key_type(KeyType::Ed25519Legacy)
        .can_sign(true)
        .can_encrypt(EncryptionCaps::None)
        .build()
        .unwrap();
    let mut parameters = SecretKeyParamsBuilder::default();
    parameters
        .key_type(KeyType::Ed25519Legacy)
        .can_certify(true)
        .can_sign(true)
        .can_encrypt(EncryptionCaps::None)
        .primary_user_id("Test <test@landfall.test>".into())
        .subkey(subkey);
    parameters.build().unwrap().generate(thread_rng()).unwrap()
}

pub(crate) fn public(key: &SignedSecretKey) -> SignedPublicKey {
    SignedPublicKey::from(key.clone())
}

pub(crate) fn fingerprint(key: &SignedSecretKey) -> String {
    primary(&public(key))
}

pub(crate) fn armor(certificate: &SignedPublicKey) -> String {
    certificate.to_armored_string(ArmorOptions::default()).unwrap()
}

/// Both certificates in one armored block, as `gpg --export --armor` writes them, the other one first.
fn both_in_one_block() -> Vec<u8> {
    struct Both(Vec<u8>);
    impl Serialize for Both {
        fn to_writer<W: std::io::Write>(&self, writer: &mut W) -> pgp::errors::Result<()> {
            Ok(writer.write_all(&self.0)?)
        }
        fn write_len(&self) -> usize {
            self.0.len()
        }
    }
    let mut armored = Vec::new();
    let kind = pgp::armor::BlockType::PublicKey;
    pgp::armor::write(&Both(both_in_binary()), kind, &mut armored, None, true).unwrap();
    armored
}

fn both_in_binary() -> Vec<u8> {
    [public(&OTHER).to_bytes().unwrap(), public(&VENDOR).to_bytes().unwrap()].concat()
}

#[test]
fn a_second_certificate_in_the_file_is_not_written() {
    let blocks = [armor(&public(&OTHER)), armor(&public(&VENDOR))].concat();
    for file in [both_in_one_block(), both_in_binary(), blocks.into_bytes()] {
        assert_eq!(fingerprints(&file), [fingerprint(&OTHER), fingerprint(&VENDOR)]);
        let written = only(&file, &fingerprint(&VENDOR)).unwrap();
        assert_eq!(written, armor(&public(&VENDOR)));
        assert!(holds_only(written.as_bytes(), &fingerprint(&VENDOR)));
        assert!(!holds_only(&file, &fingerprint(&VENDOR)));
    }
}

#[test]
fn a_file_without_the_pinned_certificate_has_none() {
    let pinned = fingerprint(&VENDOR);
    for file in [armor(&public(&OTHER)).into_bytes(), Vec::new(), b"<html>".to_vec(), vec![0xff; 500]] {
        assert_eq!(only(&file, &pinned), None);
        assert!(!holds_only(&file, &pinned));
    }
}

#[test]
fn a_certificate_with_the_pinned_key_as_a_subkey_does_not_count() {
    let subkey = public(&VENDOR).public_subkeys[0].key.fingerprint().to_string().to_uppercase();
    assert_eq!(only(armor(&public(&VENDOR)).as_bytes(), &subkey), None);
}

#[test]
fn a_subkey_that_the_primary_key_never_signed_for_is_not_written() {
    let mut forged = public(&VENDOR);
    forged.public_subkeys.extend(public(&OTHER).public_subkeys);
    let written = only(armor(&forged).as_bytes(), &fingerprint(&VENDOR)).unwrap();
    assert_eq!(written, armor(&public(&VENDOR)));
}

#[test]
fn what_stands_around_the_certificate_is_not_written() {
    let file = format!("Version: hello\n{}\ntrailing words\n", armor(&public(&VENDOR)));
    assert_eq!(only(file.as_bytes(), &fingerprint(&VENDOR)).unwrap(), armor(&public(&VENDOR)));
}
