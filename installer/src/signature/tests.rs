//! What counts as a signature, with keys made here.

use std::sync::LazyLock;

use pgp::composed::{ArmorOptions, KeyType, SecretKeyParamsBuilder, SignedPublicKey, SignedSecretKey};
use pgp::packet::{SignatureConfig, Subpacket, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{Duration, Password, Tag, Timestamp as PgpTime};
use rand::thread_rng;

use super::*;

const DATA: &[u8] = b"a package";

static TRUSTED: LazyLock<SignedSecretKey> = LazyLock::new(key);
static OTHER: LazyLock<SignedSecretKey> = LazyLock::new(key);

fn key() -> SignedSecretKey {
    let mut parameters = SecretKeyParamsBuilder::default();
    parameters
        .key_type(KeyType::Rsa(2048))
        .can_certify(true)
        .can_sign(true)
        .primary_user_id("Test <test@landfall.test>".into())
        .preferred_hash_algorithms(vec![HashAlgorithm::Sha256].into());
    parameters.build().unwrap().generate(thread_rng()).unwrap()
}

fn trust(usage: Use) -> Trust {
    Trust { certificate: Some(certificate(&fingerprint()).unwrap()), ..Trust::of(usage) }
}

fn certificate(fingerprint: &str) -> Result<Certificate> {
    let armored = SignedPublicKey::from(TRUSTED.clone()).to_armored_string(ArmorOptions::default()).unwrap();
    Certificate::read(armored, fingerprint)
}

fn fingerprint() -> String {
    TRUSTED.fingerprint().to_string().to_uppercase()
}

/// How a signature is made; what a test does not change is as it should be.
struct Making<'a> {
    key: &'a SignedSecretKey,
    typ: SignatureType,
    hash: HashAlgorithm,
    issuer: Option<pgp::types::Fingerprint>,
    made: u32,
    life: Option<u32>,
}

impl Default for Making<'_> {
    fn default() -> Self {
        let made = u32::try_from(Timestamp::now().as_second()).unwrap();
        Making {
            key: &TRUSTED,
            typ: SignatureType::Binary,
            hash: HashAlgorithm::Sha256,
            issuer: None,
            made,
            life: None,
        }
    }
}

impl Making<'_> {
    fn sign(self) -> Vec<u8> {
        let key = &self.key.primary_key;
        let mut config = SignatureConfig::v4(self.typ, key.algorithm(), self.hash);
        let issuer = self.issuer.unwrap_or_else(|| key.fingerprint());
        config.hashed_subpackets = vec![
            Subpacket::regular(SubpacketData::SignatureCreationTime(PgpTime::from_secs(self.made))).unwrap(),
            Subpacket::regular(SubpacketData::IssuerFingerprint(issuer)).unwrap(),
        ];
        if let Some(seconds) = self.life {
            let life = SubpacketData::SignatureExpirationTime(Duration::from_secs(seconds));
            config.hashed_subpackets.push(Subpacket::regular(life).unwrap());
        }
        let signature = config.sign(key, &Password::empty(), DATA).unwrap();
        DetachedSignature::new(signature).to_bytes().unwrap()
    }
}

fn refusal(usage: Use, signature: &[u8], data: &[u8]) -> String {
    let error = trust(usage).verify(signature, data, Timestamp::now()).unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert!(error.hint.is_some_and(|hint| hint.starts_with("nothing was installed")));
    error.what
}

#[test]
fn a_binary_signature_of_a_trusted_key_counts() {
    let signer = trust(Use::Ecs).verify(&Making::default().sign(), DATA, Timestamp::now()).unwrap();
    assert_eq!(signer, TRUSTED.fingerprint().to_string().to_uppercase());
}

#[test]
fn an_armored_signature_counts_as_well() {
    let signature = DetachedSignature::from_bytes(&Making::default().sign()[..]).unwrap();
    let armored = signature.to_armored_string(ArmorOptions::default()).unwrap();
    assert!(trust(Use::Ssm).verify(armored.as_bytes(), DATA, Timestamp::now()).is_ok());
}

#[test]
fn a_key_that_nobody_trusts_does_not_count() {
    let signature = Making { key: &OTHER, ..Making::default() }.sign();
    let why = refusal(Use::Ecs, &signature, DATA);
    assert!(why.contains(&OTHER.fingerprint().to_string().to_uppercase()), "{why}");
    assert!(why.ends_with("that key is not trusted for this package"), "{why}");
}

#[test]
fn another_key_under_a_trusted_name_does_not_count() {
    let named = Some(TRUSTED.fingerprint());
    let signature = Making { key: &OTHER, issuer: named, ..Making::default() }.sign();
    assert!(refusal(Use::Ecs, &signature, DATA).contains("the file is not what"));
}

#[test]
fn each_pinned_key_counts_for_its_own_use_only() {
    for pinned in pinned() {
        let made = u32::try_from(pinned.created.as_second()).unwrap() + 1;
        let issuer = Some(pinned.key.fingerprint());
        let signature = Making { issuer, made, ..Making::default() }.sign();
        let (own, other) = if pinned.usage == Use::Ssm { (Use::Ssm, Use::Ecs) } else { (Use::Ecs, Use::Ssm) };
        // Named for its own use, the forgery is found out by the figures; for the other, by the name.
        assert!(refusal(own, &signature, DATA).contains("the file is not what"));
        assert!(refusal(other, &signature, DATA).contains("is not trusted for this package"));
    }
}

#[test]
fn a_signature_over_text_does_not_count() {
    let signature = Making { typ: SignatureType::Text, ..Making::default() }.sign();
    assert!(refusal(Use::Ecs, &signature, DATA).contains("not a signature over a binary file"));
}

#[test]
fn a_sha_1_signature_does_not_count() {
    let signature = Making { hash: HashAlgorithm::Sha1, ..Making::default() }.sign();
    assert!(refusal(Use::Ecs, &signature, DATA).contains("at least SHA-256"));
}

#[test]
fn a_signature_older_than_its_key_does_not_count() {
    let signature = Making { made: 1_000_000_000, ..Making::default() }.sign();
    assert!(refusal(Use::Ecs, &signature, DATA).contains("when that key was not valid"));
}

#[test]
fn a_signature_after_the_last_day_of_a_pinned_key_does_not_count() {
    let ended = pinned().into_iter().find(|key| key.valid_until.is_some()).unwrap();
    let made = u32::try_from(ended.valid_until.unwrap().as_second()).unwrap();
    let issuer = Some(ended.key.fingerprint());
    let signature = Making { issuer, made, ..Making::default() }.sign();
    assert!(refusal(ended.usage, &signature, DATA).contains("when that key was not valid"));
}

#[test]
fn a_truncated_signature_does_not_count() {
    let signature = Making::default().sign();
    for length in [0, 1, 10, signature.len() / 2, signature.len() - 1] {
        refusal(Use::Ecs, &signature[..length], DATA);
    }
}

#[test]
fn garbage_does_not_count() {
    for garbage in
        [&b"<?xml version=\"1.0\"?><Error/>"[..], &[0xff; 300], b"-----BEGIN PGP SIGNATURE-----\n\nAAAA"]
    {
        refusal(Use::Ecs, garbage, DATA);
    }
}

#[test]
fn another_file_under_a_good_signature_does_not_count() {
    let signature = Making::default().sign();
    assert!(refusal(Use::Ecs, &signature, b"another package").contains("the file is not what"));
}

#[test]
fn a_certificate_counts_under_its_own_fingerprint_alone_which_may_be_written_in_groups() {
    let fingerprint = fingerprint();
    let groups: Vec<&str> = (0..10).map(|at| &fingerprint[at * 4..at * 4 + 4]).collect();
    for written in [fingerprint.clone(), fingerprint.to_lowercase(), groups.join(" ")] {
        assert_eq!(certificate(&written).unwrap().fingerprint, fingerprint);
    }
    let other = OTHER.fingerprint().to_string();
    for wrong in [other.as_str(), &fingerprint[24..], "", "hello", &fingerprint.replace('A', "B")[..39]] {
        let error = certificate(wrong).unwrap_err();
        assert!(error.exit_code() == 2 && error.hint.is_some(), "{wrong}: {error}");
    }
}

#[test]
fn a_trust_key_that_is_no_certificate_is_refused_before_anything_is_fetched() {
    let error = Certificate::read("hello".into(), &fingerprint()).unwrap_err();
    assert!(error.exit_code() == 2 && error.hint.is_some(), "{error}");
}

#[test]
fn a_receipt_shows_the_fingerprint_and_not_the_certificate_and_one_from_before_still_reads() {
    let text = serde_json::to_string(&trust(Use::Ssm)).unwrap();
    assert_eq!(
        text,
        format!("{{\"aws\":\"ssm\",\"certificate\":{{\"fingerprint\":\"{}\"}}}}", fingerprint())
    );
    assert_eq!(serde_json::from_str::<Trust>(&text).unwrap().certificate.unwrap().fingerprint, fingerprint());
    let before = r#"{"aws": "ecs", "also": "-----BEGIN PGP PUBLIC KEY BLOCK-----"}"#;
    assert_eq!(serde_json::from_str::<Trust>(before).unwrap(), Trust::of(Use::Ecs));
}

#[test]
fn a_signature_that_its_signer_gave_an_end_does_not_count_after_it() {
    let later = Timestamp::now() + SignedDuration::from_secs(1000);
    let sign = |life| Making { life, ..Making::default() }.sign();
    let error = trust(Use::Ecs).verify(&sign(Some(500)), DATA, later).unwrap_err();
    assert!(error.exit_code() == 1 && error.what.contains("it was good until"), "{error}");
    for life in [None, Some(0), Some(2000)] {
        trust(Use::Ecs).verify(&sign(life), DATA, later).unwrap();
    }
}

#[test]
fn a_signature_that_is_still_to_come_does_not_count() {
    let now = Timestamp::now();
    let made = |hours: i64| u32::try_from(now.as_second() + hours * 3600).unwrap();
    trust(Use::Ecs).verify(&Making { made: made(23), ..Making::default() }.sign(), DATA, now).unwrap();
    let later = Making { made: made(25), ..Making::default() }.sign();
    let error = trust(Use::Ecs).verify(&later, DATA, now).unwrap_err();
    assert!(error.exit_code() == 1 && error.what.contains("still to come"), "{error}");
    assert!(error.hint.is_some_and(|hint| hint.contains("clock")));
}

const BIRTH: u32 = 1_600_000_000;
const LIFE: u32 = 1000;

/// What a key says of itself, or of its user id, at a second of its life.
fn says(key: &SignedSecretKey, typ: SignatureType, at: u32, life: Option<u32>) -> Signature {
    let (secret, public) = (&key.primary_key, key.primary_key.public_key());
    let mut config = SignatureConfig::v4(typ, secret.algorithm(), HashAlgorithm::Sha256);
    config.hashed_subpackets = vec![
        Subpacket::regular(SubpacketData::SignatureCreationTime(PgpTime::from_secs(BIRTH + at))).unwrap(),
        Subpacket::regular(SubpacketData::IssuerFingerprint(secret.fingerprint())).unwrap(),
    ];
    if let Some(life) = life {
        let life = SubpacketData::KeyExpirationTime(Duration::from_secs(life));
        config.hashed_subpackets.push(Subpacket::regular(life).unwrap());
    }
    let user = &key.details.users[0].id;
    match typ {
        SignatureType::Key => config.sign_key(secret, &Password::empty(), &public).unwrap(),
        _ => config.sign_certification(secret, &public, &Password::empty(), Tag::UserId, user).unwrap(),
    }
}

/// A key of a thousand seconds, long ago, whose user id was given these signatures.
fn mortal(of_user: &[(SignatureType, u32, Option<u32>)]) -> SignedSecretKey {
    let mut parameters = SecretKeyParamsBuilder::default();
    parameters
        .key_type(KeyType::Rsa(2048))
        .can_certify(true)
        .can_sign(true)
        .created_at(PgpTime::from_secs(BIRTH))
        .primary_user_id("Test <test@landfall.test>".into());
    let mut key = parameters.build().unwrap().generate(thread_rng()).unwrap();
    let signatures = of_user.iter().map(|(typ, at, life)| says(&key, *typ, *at, *life)).collect();
    key.details.users[0].signatures = signatures;
    key.details.direct_signatures.clear();
    key
}

#[test]
fn a_signature_after_the_end_of_an_operators_key_does_not_count_also_where_its_user_id_was_revoked_since() {
    use SignatureType::{CertGeneric, CertPositive, CertRevocation, Key};
    let given = (CertPositive, 0, Some(LIFE));
    let revoked = (CertRevocation, 500, None);
    for of_user in [&[given][..], &[given, revoked], &[(CertGeneric, 0, Some(5)), given, revoked]] {
        let key = mortal(of_user);
        let armored = SignedPublicKey::from(key.clone()).to_armored_string(ArmorOptions::default()).unwrap();
        let named = Certificate::read(armored, &key.fingerprint().to_string()).unwrap();
        let trust = Trust { certificate: Some(named), ..Trust::of(Use::Ecs) };
        let sign = |at| Making { key: &key, made: BIRTH + at, ..Making::default() }.sign();
        trust.verify(&sign(LIFE - 1), DATA, Timestamp::now()).unwrap();
        let error = trust.verify(&sign(LIFE), DATA, Timestamp::now()).unwrap_err();
        assert!(error.what.contains("when that key was not valid"), "{error}");
    }
    // A longer life that was given to the key itself counts beside a user id that was revoked.
    let mut key = mortal(&[given, revoked]);
    key.details.direct_signatures.push(says(&key, Key, 600, Some(2 * LIFE)));
    let armored = SignedPublicKey::from(key.clone()).to_armored_string(ArmorOptions::default()).unwrap();
    let named = Certificate::read(armored, &key.fingerprint().to_string()).unwrap();
    assert_eq!(named.key(Use::Ecs).unwrap().valid_until.unwrap().as_second(), i64::from(BIRTH + 2 * LIFE));
}

#[test]
fn a_sum_is_asked_for_beside_the_signature_and_alone_only_where_that_was_said() {
    let (good, garbage, now) = (Making::default().sign(), b"garbage", Timestamp::now());
    let both = Trust { sha256: Some(sum(DATA)), ..trust(Use::Ecs) };
    assert_eq!(both.verify(&good, DATA, now).unwrap(), fingerprint());
    assert_eq!(both.verify(garbage, DATA, now).unwrap_err().exit_code(), 1);
    let alone = Trust { unsigned: true, ..both.clone() };
    assert_eq!(alone.verify(&[], DATA, now).unwrap(), format!("sha256:{}", sum(DATA)));
    for trust in [alone, Trust { sha256: Some(sum(b"other")), ..both }] {
        let other = if trust.unsigned { &b"other"[..] } else { DATA };
        let error = trust.verify(&good, other, now).unwrap_err();
        assert!(error.exit_code() == 1 && error.what.contains("SHA-256"), "{error}");
        assert!(error.hint.is_some_and(|hint| hint.starts_with("nothing was installed")));
    }
    assert!(Trust { unsigned: true, ..Trust::of(Use::Ecs) }.verify(&[], DATA, now).is_err());
}

fn sum(data: &[u8]) -> String {
    hex::encode(Sha256::digest(data))
}
