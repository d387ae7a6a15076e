//! Downloads from a server on loopback that cuts, lies, leads astray, refuses and stalls.
//!
//! Each ends well, byte for byte, or in one sentence with a hint, without anything half-written.
#![allow(clippy::disallowed_methods, reason = "tests look at what is on the disk")]

use std::path::PathBuf;
use std::sync::LazyLock;

use pgp::composed::{ArmorOptions, KeyType, SecretKeyParamsBuilder, SignedPublicKey, SignedSecretKey};
use pgp::packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize;
use pgp::types::{KeyDetails, Password, Timestamp};
use rand::{RngCore, SeedableRng, thread_rng};

use super::*;
use crate::host::network::http::trusting;
use crate::signature::{Certificate, Trust, Use};

mod badly;
mod server;

use server::{Asked, Reply, Server};

const PIECE: usize = 64 * 1024;
const FILE: &str = "/package.deb";
const SIGNATURE: &str = "/package.deb.sig";

/// A little more than a MiB, and no multiple of anything.
static BODY: LazyLock<Vec<u8>> = LazyLock::new(|| body(1));
/// Another of the same length.
static OTHER: LazyLock<Vec<u8>> = LazyLock::new(|| body(2));
static KEY: LazyLock<SignedSecretKey> = LazyLock::new(|| {
    let mut parameters = SecretKeyParamsBuilder::default();
    parameters.key_type(KeyType::Rsa(2048)).can_sign(true).primary_user_id("Test".into());
    parameters.build().unwrap().generate(thread_rng()).unwrap()
});
/// Both bodies' signatures.
static SIGNED: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| [signed(&BODY), signed(&OTHER)]);

fn body(seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; (1 << 20) + 4321];
    rand::rngs::StdRng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

fn signed(data: &[u8]) -> Vec<u8> {
    let key = &KEY.primary_key;
    let mut config =
        SignatureConfig::v4(SignatureType::Binary, key.algorithm(), pgp::crypto::hash::HashAlgorithm::Sha256);
    config.hashed_subpackets = vec![
        Subpacket::regular(SubpacketData::SignatureCreationTime(Timestamp::now())).unwrap(),
        Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint())).unwrap(),
    ];
    let signature = config.sign(key, &Password::empty(), data).unwrap();
    pgp::composed::DetachedSignature::new(signature).to_bytes().unwrap()
}

fn trust() -> Trust {
    let certificate = SignedPublicKey::from(KEY.clone());
    let armored = certificate.to_armored_string(ArmorOptions::default()).unwrap();
    let certificate = Certificate::read(armored, &KEY.primary_key.fingerprint().to_string()).unwrap();
    Trust { certificate: Some(certificate), ..Trust::of(Use::Ssm) }
}

/// An honest answer: the whole, or the rest where the mark still fits.
fn honest(asked: &Asked, body: &[u8], etag: &str) -> Reply {
    let from = asked.from.filter(|_| asked.if_range.as_deref() == Some(etag));
    let (status, from) = match from {
        Some(from) => ("206 Partial Content", from),
        None => ("200 OK", 0),
    };
    let mut head = format!("HTTP/1.1 {status}\r\nETag: {etag}\r\nContent-Length: {}\r\n", body.len() - from);
    if status.starts_with("206") {
        head += &format!("Content-Range: bytes {from}-{}/{}\r\n", body.len() - 1, body.len());
    }
    Reply { head: head + "\r\n", body: body[from..].to_vec(), ..Reply::default() }
}

fn status(line: &str, headers: &str) -> Reply {
    let head = format!("HTTP/1.1 {line}\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n");
    Reply { head, ..Reply::default() }
}

fn signature(which: usize) -> Reply {
    let body = SIGNED[which].clone();
    Reply {
        head: format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()),
        body,
        ..Reply::default()
    }
}

/// A server that sends the right signature, and the file as `reply` says.
fn serving(reply: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |asked, before| match asked.path.as_str() {
        SIGNATURE => signature(0),
        _ => reply(asked, before),
    })
}

/// A place to download to, and what it leads to.
struct Place {
    folder: tempfile::TempDir,
    progress: Arc<Progress>,
    limits: Limits,
}

impl Place {
    fn new() -> Self {
        let first_pause = Duration::from_millis(2);
        let limits = Limits { first_pause, longest_pause: first_pause, ..Limits::USUAL };
        Self { folder: tempfile::tempdir().unwrap(), progress: Arc::default(), limits }
    }

    fn destination(&self) -> PathBuf {
        self.folder.path().join("downloads/package.deb")
    }

    fn fetch(&self, server: &Server) -> Result<Transfer> {
        let roots = trusting(server.roots(), None, leads_to_https())?;
        let client = roots.timeout(Duration::from_millis(400)).build().unwrap();
        let fetch = Fetch {
            url: server.url(FILE),
            signature_url: server.url(SIGNATURE),
            destination: self.destination(),
            trust: trust(),
        };
        let means = Means { proxy: None, progress: self.progress.clone(), seed: 1 };
        fetch_verified(&client, &fetch, &means, self.limits)
    }

    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("downloads"));
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        entries.map(|entries| entries.map(name).collect()).unwrap_or_default()
    }

    /// It came whole, under its name alone.
    fn must_have(&self, outcome: Result<Transfer>, body: &[u8]) {
        let transfer = outcome.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(transfer.bytes, body.len() as u64);
        assert_eq!(transfer.signer, format!("{:X}", KEY.primary_key.fingerprint()));
        assert!(fs::read(self.destination()).unwrap() == body, "another file than was sent");
        assert_eq!(self.left(), ["package.deb"]);
        assert_eq!(self.progress.running(), None);
    }

    /// It ended in one sentence and a hint, and left nothing.
    fn must_fail(&self, outcome: Result<Transfer>, what: &str) -> Error {
        let error = outcome.expect_err(what);
        assert!(error.what.contains(what), "{what}: {error}");
        assert!(!error.what.contains('\n') && !error.what.ends_with('.'), "{error}");
        assert_eq!((error.exit_code(), error.hint.is_some()), (1, true), "{error}");
        assert_eq!(self.left(), [""; 0]);
        assert_eq!(self.progress.running(), None);
        error
    }
}

#[test]
fn a_cut_at_every_64_kib_is_taken_up_where_it_ended() {
    for cut in (0..BODY.len()).step_by(PIECE).chain([BODY.len() - 1]) {
        let server = serving(move |asked, before| {
            let mut reply = honest(asked, &BODY, "\"one\"");
            if before == 0 {
                reply.body.truncate(cut);
            }
            reply
        });
        let place = Place::new();
        place.must_have(place.fetch(&server), &BODY);
        let asked = server.asked(FILE);
        assert_eq!(asked.len(), 2, "cut at {cut}");
        if cut > 0 {
            assert_eq!((asked[1].from, asked[1].if_range.as_deref()), (Some(cut), Some("\"one\"")));
        }
    }
}

#[test]
fn a_server_that_cuts_after_every_64_kib_is_outlasted() {
    let server = serving(|asked, _| {
        let mut reply = honest(asked, &BODY, "\"one\"");
        reply.body.truncate(PIECE);
        reply
    });
    let place = Place::new();
    place.must_have(place.fetch(&server), &BODY);
    assert_eq!(server.asked(FILE).len(), BODY.len().div_ceil(PIECE));
}

#[test]
fn another_file_under_the_same_name_is_fetched_from_its_beginning() {
    let server = Server::start(|asked, before| match asked.path.as_str() {
        SIGNATURE => signature(1),
        _ if before == 0 => {
            let mut reply = honest(asked, &BODY, "\"one\"");
            reply.body.truncate(5 * PIECE);
            reply
        }
        _ => honest(asked, &OTHER, "\"other\""),
    });
    let place = Place::new();
    place.must_have(place.fetch(&server), &OTHER);
}

#[test]
fn a_part_of_another_file_is_not_sewn_on() {
    // A cache that ignores If-Range, and says so by the mark of what it sends.
    let server = Server::start(|asked, before| match (asked.path.as_str(), before) {
        (SIGNATURE, _) => signature(1),
        (_, 0) => {
            let mut reply = honest(asked, &BODY, "\"one\"");
            reply.body.truncate(PIECE);
            reply
        }
        _ => honest(&Asked { if_range: Some("\"other\"".into()), ..asked.clone() }, &OTHER, "\"other\""),
    });
    let place = Place::new();
    place.must_have(place.fetch(&server), &OTHER);
    let asked = server.asked(FILE);
    assert_eq!(asked.iter().map(|it| it.from).collect::<Vec<_>>(), [None, Some(PIECE), None]);
}

#[test]
fn without_a_strong_mark_everything_is_asked_for_again() {
    let server = serving(|asked, before| {
        let mut reply = honest(&Asked { from: None, ..asked.clone() }, &BODY, "W/\"weak\"");
        if before == 0 {
            reply.body.truncate(3 * PIECE);
        }
        reply
    });
    let place = Place::new();
    place.must_have(place.fetch(&server), &BODY);
    assert_eq!(server.asked(FILE)[1].from, None);
}

#[test]
fn a_slow_server_that_never_falls_silent_is_waited_for() {
    let server = serving(|asked, _| Reply {
        drip: Some((2 * PIECE, Duration::from_millis(150))),
        ..honest(asked, &BODY, "\"one\"")
    });
    let place = Place::new();
    place.must_have(place.fetch(&server), &BODY);
    assert_eq!(server.asked(FILE).len(), 1, "1.3 s in all, and never 0.4 s of silence");
}
