//! The authorities that Windows trusts for programs.
//!
//! Its list has few at first: Windows fetches another one as soon as it is asked to find the chain of a certificate of
//! that one, and keeps it.

use std::io;
use std::mem::size_of;
use std::ptr::{null, null_mut};

use rustls::pki_types::CertificateDer;
use schannel::RawPointer;
use schannel::cert_chain::CertChainContext;
use schannel::cert_context::{CertContext, ValidUses};
use schannel::cert_store::{CertStore, Memory};
use windows_sys::Win32::Security::Cryptography::{CERT_CHAIN_PARA, CertGetCertificateChain};

const SIGNING_CODE: &str = "1.3.6.1.5.5.7.3.3";

/// Those that are for signing code, now; none where there is no list.
pub(super) fn for_programs() -> Vec<CertificateDer<'static>> {
    let Ok(store) = CertStore::open_current_user("ROOT") else { return Vec::new() };
    let good = |root: &CertContext| is_for_code(root) && root.is_time_valid().unwrap_or(false);
    store.certs().filter(good).map(|root| CertificateDer::from(root.to_der().to_vec())).collect()
}

fn is_for_code(root: &CertContext) -> bool {
    match root.valid_uses() {
        Ok(ValidUses::All) => true,
        Ok(ValidUses::Oids(uses)) => uses.iter().any(|it| it == SIGNING_CODE),
        Err(_) => false,
    }
}

/// Has Windows look for who vouches for each of these, which all came together. What it does not find is then missing
/// from its list: to judge is for others.
pub(super) fn complete(certificates: &[CertificateDer]) {
    let Ok(mut together) = Memory::new() else { return };
    let mut add = |it: &CertificateDer| together.add_encoded_certificate(it).ok();
    let contexts: Vec<CertContext> = certificates.iter().filter_map(&mut add).collect();
    let store = together.into_store();
    for context in &contexts {
        let _ = chain(context, &store);
    }
}

#[allow(
    unsafe_code,
    reason = "a call with a certificate and a store, which outlive it, that fills in one handle"
)]
fn chain(certificate: &CertContext, store: &CertStore) -> io::Result<CertChainContext> {
    let size = u32::try_from(size_of::<CERT_CHAIN_PARA>()).unwrap_or_default();
    let wanted = CERT_CHAIN_PARA { cbSize: size, ..CERT_CHAIN_PARA::default() };
    let mut found = null_mut();
    // SAFETY: both handles are open, `wanted` says its own size and asks for no certain use, and `found` outlives the call;
    // where that succeeds, nobody else has the chain in it.
    unsafe {
        match CertGetCertificateChain(
            null_mut(),
            certificate.as_ptr().cast(),
            null(),
            store.as_ptr(),
            &raw const wanted,
            0,
            null(),
            &raw mut found,
        ) {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(CertChainContext::from_ptr(found.cast())),
        }
    }
}
