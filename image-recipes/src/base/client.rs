//! The HTTP client: HTTPS with the system's own authorities. Plain HTTP is for this machine alone, where there is
//! nobody between, and for what is held against digests that came another way. A proxy comes from the environment (`https_proxy`, `no_proxy`).

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::blocking::Response;
use reqwest::header::RANGE;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};

use crate::error::{Error, Result};

const CONNECT: Duration = Duration::from_secs(15);
/// How long a server may say nothing at all.
const SILENCE: Duration = Duration::from_secs(60);
const MOST_REDIRECTS: usize = 5;
/// A list of digests is a page of text.
const LARGEST_TEXT: u64 = 1 << 20;

/// The client.
pub struct Client {
    inner: reqwest::blocking::Client,
    is_plain_too: bool,
    /// Between tries that bring nothing, times their number.
    pub pause: Duration,
}

impl Client {
    /// Makes it.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self> {
        Self::with(false)
    }

    /// One that takes plain HTTP too, for what is verified piece by piece.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn of_verified() -> Result<Self> {
        Self::with(true)
    }

    fn with(is_plain_too: bool) -> Result<Self> {
        let bug = |e: &dyn std::fmt::Display| Error::bug(e.to_string());
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| bug(&e))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let redirects = Policy::custom(move |attempt| {
            if !is_plain_too && !is_safe(attempt.url()) {
                let target = attempt.url().to_string();
                return attempt.error(format!("it leads to {target}, which is not HTTPS"));
            }
            if attempt.previous().len() > MOST_REDIRECTS {
                return attempt.error("it leads on and on");
            }
            attempt.follow()
        });
        let inner = reqwest::blocking::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirects)
            .connect_timeout(CONNECT)
            .timeout(SILENCE)
            .user_agent(concat!("landfall-image/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| bug(&e))?;
        Ok(Self { inner, is_plain_too, pause: Duration::from_secs(2) })
    }

    /// Asks for a file, from a byte on.
    ///
    /// # Errors
    /// `Err` of the outer kind is final, of the inner kind may pass.
    pub fn ask(&self, url: &str, from: u64) -> Result<std::result::Result<Response, String>> {
        let parsed =
            Url::parse(url).map_err(|e| Error::refused(format!("'{url}' is not an address: {e}")))?;
        if !self.is_plain_too && !is_safe(&parsed) {
            return Err(Error::refused(format!("{url} is not HTTPS")).hint("images come by https:// alone"));
        }
        let mut request = self.inner.get(parsed);
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        match request.send() {
            Ok(answer) => Ok(Ok(answer)),
            Err(e) if e.is_redirect() => Err(Error::failed(format!("{url}: {}", innermost(&e)))),
            Err(e) => Ok(Err(innermost(&e))),
        }
    }

    /// A small text, whole.
    ///
    /// # Errors
    /// When it cannot be had.
    pub fn text(&self, url: &str) -> Result<String> {
        let answer =
            self.ask(url, 0)?.map_err(|e| Error::failed(format!("{url} could not be reached: {e}")))?;
        if !answer.status().is_success() {
            return Err(Error::failed(format!("{url} was answered with {}", answer.status())));
        }
        let mut text = String::new();
        let read = answer.take(LARGEST_TEXT).read_to_string(&mut text);
        read.map(|_| text).map_err(|e| Error::failed(format!("{url} cannot be read: {e}")))
    }
}

fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// The innermost reason: the outer ones say no more than that a request failed.
pub fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
