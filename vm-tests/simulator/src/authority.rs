//! The test authority: a root certificate, made once for a state folder, and one leaf for all simulated host
//! names, made at each start. Whoever installs `ca.pem` in a machine's store trusts this simulator; so install
//! it only in machines that are thrown away.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

/// The TLS door's configuration, with a leaf for `names` (host names or addresses).
pub fn server_config(state: &Path, names: &[String]) -> io::Result<Arc<ServerConfig>> {
    let issuer = Issuer::new(root_params().map_err(io::Error::other)?, root_key(state)?);
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let leaf =
        leaf_params(names).and_then(|params| params.signed_by(&key, &issuer)).map_err(io::Error::other)?;
    let certificate = CertificateDer::from(leaf.der().to_vec());
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
        .map_err(io::Error::other)?;
    // The agents would take HTTP/2 where it is offered; the websockets need HTTP/1.1.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Makes an authority for a state folder where there is none yet. Simulators whose folders hold copies of one are
/// trusted alike.
///
/// # Errors
/// When its files cannot be written.
pub fn prepare(state: &Path) -> io::Result<()> {
    root_key(state).map(drop)
}

/// Reads the root's key, or makes root and key on first use. `ca.pem` comes last: where it is, the key is too.
fn root_key(state: &Path) -> io::Result<KeyPair> {
    let (certificate_file, key_file) = (state.join("ca.pem"), state.join("ca-key.pem"));
    if certificate_file.exists() {
        return KeyPair::from_pem(&std::fs::read_to_string(key_file)?).map_err(io::Error::other);
    }
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let root = root_params().and_then(|params| params.self_signed(&key)).map_err(io::Error::other)?;
    let mut private =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(key_file)?;
    private.write_all(key.serialize_pem().as_bytes())?;
    std::fs::write(certificate_file, root.pem())?;
    Ok(key)
}

fn root_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = valid_for_ten_years(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Landfall AWS simulator, for tests only");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf_params(names: &[String]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = valid_for_ten_years(names.to_vec())?;
    params.distinguished_name.push(DnType::CommonName, "AWS simulator");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

/// From yesterday, because guests' clocks are not ours.
fn valid_for_ten_years(names: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let yesterday = Timestamp::now().to_zoned(TimeZone::UTC).date().saturating_sub(1.day());
    let midnight = |date: jiff::civil::Date| {
        // Every year has a 28 February, not every year a 29th.
        rcgen::date_time_ymd(date.year().into(), date.month() as u8, date.day().min(28) as u8)
    };
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = midnight(yesterday);
    params.not_after = midnight(yesterday.saturating_add(10.years()));
    Ok(params)
}
