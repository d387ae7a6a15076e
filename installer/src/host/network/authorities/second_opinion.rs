//! A check that asks a second one about authorities that the first does not know, and about nothing else.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::UnixTime;
use rustls::{CertificateError, Error};

use super::judged::{Ask, Judge, Verdict};

/// Both of them.
#[derive(Debug)]
pub(super) struct SecondOpinion {
    pub(super) first: Arc<dyn ServerCertVerifier>,
    pub(super) second: Arc<dyn ServerCertVerifier>,
}

impl Judge for SecondOpinion {
    fn other(&self) -> &Arc<dyn ServerCertVerifier> {
        &self.first
    }

    fn judge(&self, ask: &Ask, now: UnixTime) -> Verdict {
        match ask(&*self.first, now) {
            // The second of these is of one that has the name of one that is known.
            Err(
                unknown @ Error::InvalidCertificate(
                    CertificateError::UnknownIssuer | CertificateError::BadSignature,
                ),
            ) => ask(&*self.second, now).map_err(|e| telling(e, unknown)),
            otherwise => otherwise,
        }
    }
}

/// What Windows has no name for here is a chain that leads nowhere, mostly: that was known before.
fn telling(second: Error, first: Error) -> Error {
    match second {
        Error::InvalidCertificate(CertificateError::Other(_)) | Error::General(_) => first,
        named => named,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, IsCa, Issuer, KeyPair};
    use rustls::RootCertStore;
    use rustls::pki_types::{CertificateDer, ServerName};

    use super::super::judged::Judged;
    use super::super::listed;
    use super::*;

    /// An authority, and a certificate of it for `ssm.example`.
    fn issued() -> (CertificateDer<'static>, CertificateDer<'static>) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&key).unwrap().der().clone();
        let leaf = CertificateParams::new(vec!["ssm.example".into()]).unwrap();
        let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(params, key)).unwrap();
        (authority, leaf.der().clone())
    }

    fn trusting(authority: &CertificateDer<'static>) -> Arc<dyn ServerCertVerifier> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone()).unwrap();
        listed(roots).unwrap()
    }

    #[test]
    fn whom_either_of_both_knows_is_trusted_and_the_name_still_counts() {
        let [ours, another, stranger] = std::array::from_fn(|_| issued());
        let check = Judged(SecondOpinion { first: trusting(&ours.0), second: trusting(&another.0) });
        let checked = |leaf: &CertificateDer, name: &'static str| {
            let name = ServerName::try_from(name).unwrap();
            check.verify_server_cert(leaf, &[], &name, &[], UnixTime::now()).map(drop)
        };
        for (_, leaf) in [&ours, &another] {
            checked(leaf, "ssm.example").unwrap();
            let error = checked(leaf, "ecs.example").unwrap_err();
            assert!(error.to_string().contains("not valid for name"), "{error}");
        }
        checked(&stranger.1, "ssm.example").unwrap_err();
    }

    #[test]
    fn what_the_second_has_no_name_for_stays_an_unknown_authority() {
        let unknown = || Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let revoked = || Error::InvalidCertificate(CertificateError::Revoked);
        assert_eq!(telling(Error::General("it was not there".into()), unknown()), unknown());
        assert_eq!(telling(revoked(), unknown()), revoked());
    }
}
