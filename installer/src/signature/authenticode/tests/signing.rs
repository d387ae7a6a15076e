//! Authorities, and the real `osslsigncode` and `openssl` that sign with their keys.
//!
//! A server of this process answers for who says the time: `openssl` makes each answer.
#![allow(clippy::disallowed_methods, reason = "tests run programs over files of their own")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, date_time_ymd,
};
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

/// Whom the tests trust.
pub const PUBLISHER: &str = "Amazon Web Services, Inc.";

/// What a certificate is for, as its extension has it.
pub const SIGNING_CODE: u8 = 3;
pub const STAMPING_TIME: u8 = 8;
pub const SERVER: u8 = 1;

/// An authority, one below it, and a folder for what they make.
pub struct Authority {
    pub root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    chain: String,
    folder: TempDir,
}

/// A key with its certificate, as files for programs.
#[derive(Clone)]
pub struct Identity {
    pub key: PathBuf,
    pub certificates: PathBuf,
}

/// An RSA key, as those have who sign what is real. It takes a second to make.
static RSA: LazyLock<String> = LazyLock::new(|| {
    let key = rsa::RsaPrivateKey::new(&mut rand::thread_rng(), 2048).unwrap();
    key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
});

impl Authority {
    pub fn new() -> Self {
        let name = |name: &str| {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
            params
        };
        let (key, params) = (KeyPair::generate().unwrap(), name("Root"));
        let root = params.self_signed(&key).unwrap().der().clone();
        let below = KeyPair::generate().unwrap();
        let middle = name("Below").signed_by(&below, &Issuer::new(params, key)).unwrap();
        let issuer = Issuer::new(name("Below"), below);
        Self { root, issuer, chain: middle.pem(), folder: TempDir::new().unwrap() }
    }

    /// Somebody with a certificate for this use, from a day ago on for so many days.
    pub fn identity(&self, organisation: &str, usage: u8, days: u64) -> Identity {
        self.with_key(&KeyPair::generate().unwrap(), organisation, usage, days)
    }

    /// Who signs, with an RSA key.
    pub fn publisher(&self, days: u64) -> Identity {
        let key = KeyPair::from_pkcs8_pem_and_sign_algo(&RSA, &PKCS_RSA_SHA256).unwrap();
        self.with_key(&key, PUBLISHER, SIGNING_CODE, days)
    }

    fn with_key(&self, key: &KeyPair, organisation: &str, usage: u8, days: u64) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::OrganizationName, organisation);
        params.distinguished_name.push(DnType::CommonName, organisation);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // One purpose, and critical: openssl says the time with no other.
        let purpose = vec![0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, usage];
        let mut purpose = CustomExtension::from_oid_content(&[2, 5, 29, 37], purpose);
        purpose.set_criticality(true);
        params.custom_extensions.push(purpose);
        let start = date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(yesterday()).unwrap());
        params.not_before = start;
        params.not_after = start + Duration::from_hours(24 * days);
        let certificate = params.signed_by(key, &self.issuer).unwrap();
        let name = hex::encode(rand::random::<[u8; 8]>());
        let (own, chain) = (certificate.pem(), &self.chain);
        Identity {
            key: self.file(&format!("{name}.key"), key.serialize_pem().as_bytes()),
            certificates: self.file(&format!("{name}.pem"), format!("{own}{chain}").as_bytes()),
        }
    }

    /// A program that this one signed, with further arguments of `osslsigncode`.
    pub fn signed(&self, program: &[u8], by: &Identity, more: &[&str]) -> Vec<u8> {
        let input = self.file("in.exe", program);
        let output = self.folder.path().join("out.exe");
        let _ = fs::remove_file(&output);
        let mut command = Command::new("osslsigncode");
        command.arg("sign").arg("-certs").arg(&by.certificates).arg("-key").arg(&by.key);
        if !more.contains(&"-h") {
            command.args(["-h", "sha256"]);
        }
        run(command.args(more).arg("-in").arg(input).arg("-out").arg(&output));
        fs::read(output).unwrap()
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Starts somebody who says the time, by either way; returns the address. The thread ends with the tests.
    pub fn clock(&self, by: &Identity) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let by = by.clone();
        thread::spawn(move || {
            for connection in listener.incoming() {
                answer(&connection.unwrap(), &by);
            }
        });
        address
    }
}

fn yesterday() -> i64 {
    Timestamp::now().as_second() - 24 * 3600
}

/// Reads one request and answers it, and closes the connection.
fn answer(mut connection: &TcpStream, by: &Identity) {
    let mut reader = BufReader::new(connection);
    let (mut length, mut is_token) = (0, false);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        is_token |= line.starts_with("content-type: application/timestamp-query");
        if line.starts_with("expect: 100-continue") {
            connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let folder = TempDir::new().unwrap();
    let (kind, said) = match is_token {
        true => ("application/timestamp-reply", token(folder.path(), &body, by)),
        false => ("application/octet-stream", countersignature(folder.path(), &body, by)),
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        said.len()
    );
    connection.write_all(&[head.as_bytes(), &said].concat()).unwrap();
}

/// As RFC 3161 has it.
fn token(folder: &Path, query: &[u8], by: &Identity) -> Vec<u8> {
    let path = |name: &str| folder.join(name);
    fs::write(path("query"), query).unwrap();
    fs::write(path("serial"), "01\n").unwrap();
    let settings = format!(
        "[tsa]\ndefault_tsa = it\n[it]\nserial = {}\nsigner_digest = sha256\ndefault_policy = 1.2.3.4\n\
         digests = sha256, sha384, sha512\n",
        path("serial").display()
    );
    fs::write(path("settings"), settings).unwrap();
    let mut openssl = Command::new("openssl");
    openssl.args(["ts", "-reply", "-config"]).arg(path("settings")).arg("-queryfile").arg(path("query"));
    openssl.arg("-signer").arg(&by.certificates).arg("-inkey").arg(&by.key);
    run(openssl.arg("-chain").arg(&by.certificates).arg("-out").arg(path("reply")));
    fs::read(path("reply")).unwrap()
}

/// The older way: a signature over the signature, which stands last in the question, as text on both ways.
fn countersignature(folder: &Path, question: &[u8], by: &Identity) -> Vec<u8> {
    let text: Vec<u8> = question.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let question = BASE64_STANDARD.decode(text).unwrap();
    // An RSA signature of 2,048 bits.
    let signature = &question[question.len() - 256..];
    let path = |name: &str| folder.join(name);
    fs::write(path("signature"), signature).unwrap();
    let mut openssl = Command::new("openssl");
    openssl.args([
        "smime",
        "-sign",
        "-binary",
        "-nodetach",
        "-nosmimecap",
        "-md",
        "sha256",
        "-outform",
        "DER",
    ]);
    openssl.arg("-signer").arg(&by.certificates).arg("-inkey").arg(&by.key);
    run(openssl.arg("-in").arg(path("signature")).arg("-out").arg(path("reply")));
    BASE64_STANDARD.encode(fs::read(path("reply")).unwrap()).into_bytes()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}; scripts/setup installs it"));
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
}
