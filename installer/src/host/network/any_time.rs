//! A certificate check that forgives a certificate's dates, remembers that it did, and forgives nothing else.
//!
//! Where this machine's clock is outside the dates, the whole check (chain, name, signatures) is made
//! again as of a time inside them. Good for asking what time it is, and never for anything that is
//! then believed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::UnixTime;
use rustls::{CertificateError, ClientConfig, Error};

use super::authorities;
use super::authorities::judged::{Ask, Judge, Judged, Verdict};

/// Dates are moved this often: once for each certificate of the longest chains.
const MOVES: usize = 6;

/// The check, with this system's authorities.
pub(super) struct AnyTime {
    inner: Option<Arc<dyn ServerCertVerifier>>,
}

/// What was forgiven in one handshake.
pub(super) struct Dates(Arc<AtomicBool>);

impl Dates {
    pub(super) fn were_forgiven(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl AnyTime {
    /// With the authorities that this system trusts.
    pub(super) fn of_this_system() -> Arc<Self> {
        Arc::new(Self { inner: authorities::of_this_system() })
    }

    #[cfg(test)]
    pub(super) fn trusting(roots: rustls::RootCertStore) -> Arc<Self> {
        Arc::new(Self { inner: authorities::listed(roots) })
    }

    /// TLS for one handshake.
    pub(super) fn client(&self) -> Result<(Arc<ClientConfig>, Dates), String> {
        let forgiven = Arc::new(AtomicBool::new(false));
        let inner = self.inner.clone().ok_or(authorities::NONE)?;
        let check = Judged(Forgiving { inner, forgiven: forgiven.clone() });
        let versions = ClientConfig::builder_with_provider(authorities::provider());
        let builder = versions.with_safe_default_protocol_versions().map_err(|e| e.to_string())?;
        let config =
            builder.dangerous().with_custom_certificate_verifier(Arc::new(check)).with_no_client_auth();
        Ok((Arc::new(config), Dates(forgiven)))
    }
}

#[derive(Debug)]
struct Forgiving {
    inner: Arc<dyn ServerCertVerifier>,
    forgiven: Arc<AtomicBool>,
}

impl Judge for Forgiving {
    fn other(&self) -> &Arc<dyn ServerCertVerifier> {
        &self.inner
    }

    fn judge(&self, ask: &Ask, now: UnixTime) -> Verdict {
        let mut time = now;
        for _ in 0..MOVES {
            time = match ask(&*self.inner, time) {
                Err(Error::InvalidCertificate(
                    CertificateError::NotValidYetContext { not_before: inside, .. }
                    | CertificateError::ExpiredContext { not_after: inside, .. },
                )) => inside,
                otherwise => return otherwise,
            };
            self.forgiven.store(true, Ordering::Relaxed);
        }
        Err(Error::InvalidCertificate(CertificateError::Expired))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
    use rustls::RootCertStore;
    use rustls::pki_types::{CertificateDer, ServerName};

    use super::*;

    /// An authority, and a certificate of it for `ssm.example` that was good in 2020.
    fn issued() -> (CertificateDer<'static>, CertificateDer<'static>) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        let mut params = CertificateParams::new(vec!["ssm.example".into()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 12, 31);
        let leaf = params.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
        (authority.der().clone(), leaf.der().clone())
    }

    /// Whether the check passes in a year, and whether it forgave for that.
    fn checked(authority: &CertificateDer, leaf: &CertificateDer, name: &str, year: u64) -> (bool, bool) {
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone()).unwrap();
        let forgiven = Arc::new(AtomicBool::new(false));
        let inner = AnyTime::trusting(roots).inner.clone().unwrap();
        let check = Judged(Forgiving { inner, forgiven: forgiven.clone() });
        let now =
            UnixTime::since_unix_epoch(std::time::Duration::from_secs((year - 1970) * 31_557_000 + 86_400));
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let passes = check.verify_server_cert(leaf, &[], &name, &[], now).is_ok();
        (passes, forgiven.load(Ordering::Relaxed))
    }

    #[test]
    fn dates_are_forgiven_before_and_after_and_it_is_known() {
        let (authority, leaf) = issued();
        assert_eq!(checked(&authority, &leaf, "ssm.example", 2020), (true, false));
        assert_eq!(checked(&authority, &leaf, "ssm.example", 1971), (true, true));
        assert_eq!(checked(&authority, &leaf, "ssm.example", 2038), (true, true));
    }

    #[test]
    fn another_name_or_authority_is_never_forgiven_whatever_the_time() {
        let (authority, leaf) = issued();
        let (stranger, _) = issued();
        for year in [1971, 2020, 2038] {
            assert!(!checked(&authority, &leaf, "ecs.example", year).0, "{year}");
            assert!(!checked(&stranger, &leaf, "ssm.example", year).0, "{year}");
        }
    }
}
