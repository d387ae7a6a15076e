//! The HTTPS client that downloads and probes share: the system's own authorities, the proxy that was
//! chosen and no other, and no plain HTTP.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::blocking::{Client, ClientBuilder};
use reqwest::redirect::Policy;
use rustls::client::danger::ServerCertVerifier;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use super::authorities;
use crate::error::{Error, Result};
use crate::proxy::Proxy;

const CONNECT: Duration = Duration::from_secs(15);
/// How long a server may say nothing at all; how long it takes in all is nobody's matter here.
const SILENCE: Duration = Duration::from_secs(60);
const MOST_REDIRECTS: usize = 5;

/// A client for HTTPS alone.
pub(in crate::host) fn client(proxy: Option<&Proxy>, redirects: Policy) -> Result<Client> {
    let verifier = authorities::of_this_system().ok_or_else(|| {
        Error::failed(authorities::NONE).hint("install the package ca-certificates, and run again")
    })?;
    let tls = tls_as_checked_by(verifier)?;
    let builder = over(tls, proxy, redirects)?.connect_timeout(CONNECT).timeout(SILENCE);
    builder.build().map_err(|e| Error::bug(e.to_string()))
}

/// The same, trusting these authorities, with patience still to be chosen.
#[cfg(test)]
pub(in crate::host) fn trusting(
    roots: RootCertStore,
    proxy: Option<&Proxy>,
    redirects: Policy,
) -> Result<ClientBuilder> {
    over(tls(roots)?, proxy, redirects)
}

fn over(tls: ClientConfig, proxy: Option<&Proxy>, redirects: Policy) -> Result<ClientBuilder> {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirects)
        .https_only(true)
        // Our own environment has been read already, by rules that a person can look up.
        .no_proxy()
        .user_agent(concat!("landfall/", env!("CARGO_PKG_VERSION")));
    let Some(proxy) = proxy.cloned() else { return Ok(builder) };
    let address = Url::parse(&proxy.url).map_err(|e| Error::bug(e.to_string()))?;
    // Which hosts are spared is judged in one place, also for probes.
    let through = move |url: &Url| {
        let port = url.port_or_known_default().unwrap_or(443);
        url.host_str().is_some_and(|host| proxy.serves(host, port)).then(|| address.clone())
    };
    Ok(builder.proxy(reqwest::Proxy::custom(through)))
}

/// Follows a server's word to another address, a few times, and never to plain HTTP.
pub(in crate::host) fn leads_to_https() -> Policy {
    Policy::custom(|attempt| {
        if attempt.url().scheme() != "https" {
            let target = attempt.url().to_string();
            return attempt.error(format!("it leads to {target}, which is not HTTPS"));
        }
        if attempt.previous().len() > MOST_REDIRECTS {
            return attempt.error(format!("it leads on and on, more than {MOST_REDIRECTS} times"));
        }
        attempt.follow()
    })
}

/// TLS that trusts these authorities.
pub(in crate::host) fn tls(roots: RootCertStore) -> Result<ClientConfig> {
    Ok(versions()?.with_root_certificates(roots).with_no_client_auth())
}

fn tls_as_checked_by(verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig> {
    Ok(versions()?.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn versions() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    let builder = ClientConfig::builder_with_provider(authorities::provider());
    builder.with_safe_default_protocol_versions().map_err(|e| Error::bug(e.to_string()))
}

/// Why an address gave no answer, and what now.
pub(in crate::host) fn unreachable(url: &str, e: &reqwest::Error) -> Error {
    let cause = root_cause(e);
    let hint = if e.is_redirect() {
        "see that nothing between this machine and the server answers in its place"
    } else if cause.contains("certificate") {
        "see that the clock is right; where a proxy opens TLS, its authority must be in the system's store"
    } else {
        "see that DNS works, TCP 443 is open to it, and the clock is right; --proxy names a proxy"
    };
    Error::unreached(format!("{url} could not be reached: {cause}")).hint(hint)
}

/// The innermost reason: the outer ones say no more than that a request failed.
pub(in crate::host) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_download_asks_the_same_judge_as_a_probe_which_hosts_are_spared() {
        for (no_proxy, spared) in [("127.0.0.0/8", true), ("10.0.0.0/8", false)] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let proxy = Proxy { url, no_proxy: vec![no_proxy.into()] };
            let builder = trusting(RootCertStore::empty(), Some(&proxy), leads_to_https()).unwrap();
            let client = builder.timeout(Duration::from_millis(300)).build().unwrap();
            // Nobody listens there; who is connected to is the question.
            client.get("https://127.0.0.9:1/").send().unwrap_err();
            assert_eq!(listener.accept().is_err(), spared, "{no_proxy}");
        }
    }
}
