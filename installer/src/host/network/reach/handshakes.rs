//! Whole handshakes on loopback, with certificates made for the test.

use std::net::TcpListener;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection};

use super::*;

/// An authority, and a server that shows a certificate of it for `localhost` that was good in 2020.
fn server(name: &str) -> (CertificateDer<'static>, String, thread::JoinHandle<()>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::new(vec!["localhost".into()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2020, 12, 31);
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = Arc::new(builder.with_single_cert(vec![leaf.der().clone()], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let served = thread::spawn(move || {
        let (tcp, _) = listener.accept().unwrap();
        let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), tcp);
        // A client that does not trust us ends here, as it should.
        if tls.read(&mut [0; 512]).is_ok() {
            tls.write_all(b"HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 20:53:08 GMT\r\n\r\n").unwrap();
        }
    });
    (authority.der().clone(), address, served)
}

fn asked(authority: &CertificateDer<'static>, address: String) -> Result<Heard, Silence> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone()).unwrap();
    reach_as_checked_by(Some(&AnyTime::trusting(roots)), &[address], None).remove(0).outcome
}

#[test]
fn a_certificate_that_is_out_of_date_is_known_as_such_and_its_servers_clock_is_read() {
    let (authority, address, served) = server("ours");
    let heard = asked(&authority, address).unwrap();
    assert!(heard.out_of_date, "{heard:?}");
    assert_eq!(heard.time.map(|it| it.to_string()).as_deref(), Some("2026-11-22T20:53:08Z"));
    served.join().unwrap();
}

#[test]
fn one_of_an_unknown_authority_is_refused_and_nothing_is_read() {
    let (_, address, served) = server("theirs");
    let (stranger, other, unused) = server("ours");
    let silence = asked(&stranger, address).unwrap_err();
    assert_eq!(silence.stage, Stage::Authority, "{silence:?}");
    served.join().unwrap();
    asked(&stranger, other).unwrap();
    unused.join().unwrap();
}
