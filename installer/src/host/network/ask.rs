//! One request to a service, and its answer. It follows no redirect: a signature is for one place.

use reqwest::redirect::Policy;

use super::http::{client, root_cause};
use crate::error::{Error, Result};
use crate::host::{Request, Response};
use crate::proxy::Proxy;
use crate::secret::Secret;

/// Sends, and reads the whole answer, which is short.
pub(in crate::host) fn ask(request: &Request, proxy: Option<&Proxy>) -> Result<Response> {
    let trouble = |e: &reqwest::Error| {
        Error::unreached(format!("{} could not be asked: {}", request.url, root_cause(e)))
            .hint("see that DNS works, TCP 443 is open to it, and the clock is right")
    };
    let mut post = client(proxy, Policy::none())?.post(&request.url).body(request.body.clone());
    for (name, value) in &request.headers {
        post = post.header(*name, value.expose());
    }
    let answer = post.send().map_err(|e| trouble(&e))?;
    let status = answer.status().as_u16();
    let body = answer.text().map_err(|e| trouble(&e))?;
    Ok(Response { status, body: Secret::new(body) })
}
