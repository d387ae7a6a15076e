//! The HTTPS client that downloads and probes share: the system's own authorities, and no plain HTTP.

use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};

use crate::error::{Error, Result};

const CONNECT: Duration = Duration::from_secs(15);
const SILENCE: Duration = Duration::from_secs(60);

/// A client for HTTPS alone.
pub(super) fn client(redirects: Policy) -> Result<Client> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(Error::failed("this system has no certificate authorities to trust")
            .hint("install the package ca-certificates, and run again"));
    }
    Client::builder()
        .tls_backend_preconfigured(tls(roots)?)
        .redirect(redirects)
        .https_only(true)
        .connect_timeout(CONNECT)
        .timeout(SILENCE)
        .user_agent(concat!("landfall/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| Error::bug(e.to_string()))
}

/// TLS that trusts these authorities.
pub(super) fn tls(roots: RootCertStore) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|e| Error::bug(e.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The innermost reason: the outer ones say no more than that a request failed.
pub(super) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
