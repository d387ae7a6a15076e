//! A check of a server's certificate that judges in its own way, by asking another one.

use std::fmt::Debug;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

/// What a check says.
pub(in crate::host::network) type Verdict = Result<ServerCertVerified, Error>;
/// Asks a check about the certificate of this handshake, as of a time.
pub(in crate::host::network) type Ask<'a> = dyn Fn(&dyn ServerCertVerifier, UnixTime) -> Verdict + 'a;

/// A way to judge.
pub(in crate::host::network) trait Judge: Debug + Send + Sync {
    /// Whose word counts for all but the certificate.
    fn other(&self) -> &Arc<dyn ServerCertVerifier>;
    /// Whether the certificate is good now.
    fn judge(&self, ask: &Ask, now: UnixTime) -> Verdict;
}

/// A check that judges so.
#[derive(Debug)]
pub(in crate::host::network) struct Judged<J>(pub(in crate::host::network) J);

impl<J: Judge> ServerCertVerifier for Judged<J> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer,
        intermediates: &[CertificateDer],
        server_name: &ServerName,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Verdict {
        let ask = |check: &dyn ServerCertVerifier, time| {
            check.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, time)
        };
        self.0.judge(&ask, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.other().verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.other().verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.other().supported_verify_schemes()
    }
}
