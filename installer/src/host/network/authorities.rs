//! Who vouches for a server: the authorities that this system trusts.
//!
//! Windows' own list has few of them at first. It fetches another one when it is asked about a certificate of that one,
//! and so where the list knows nobody, Windows itself is asked. Only then: it looks for revoked certificates, too, in
//! places that a proxy of ours does not lead to, and waits ten seconds for each that does not answer.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;

pub(super) mod judged;
#[cfg(any(windows, test))]
mod second_opinion;

/// What is told where there are none.
pub(super) const NONE: &str = "this system has no certificate authorities to trust";

/// The check of a server's certificate; nothing where nobody is trusted.
pub(super) fn of_this_system() -> Option<Arc<dyn ServerCertVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let listed = listed(roots)?;
    #[cfg(windows)]
    if let Ok(windows) = rustls_platform_verifier::Verifier::new(provider()) {
        let both = second_opinion::SecondOpinion { first: listed, second: Arc::new(windows) };
        return Some(Arc::new(judged::Judged(both)));
    }
    Some(listed)
}

/// The check against these authorities alone.
pub(super) fn listed(roots: RootCertStore) -> Option<Arc<dyn ServerCertVerifier>> {
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider());
    builder.build().ok().map(|verifier| verifier as Arc<dyn ServerCertVerifier>)
}

/// The cryptography of all connections.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
