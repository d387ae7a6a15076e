//! The fault that closes a connection in the middle of a body: the headers promise the whole length, some bytes
//! go out, then the connection ends.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use std::io;
use std::time::Duration;

/// hyper drops what it has not yet written when a body fails, so what came before is given time to leave.
const LEAVE: Duration = Duration::from_millis(50);

/// Lets `bytes` of the body through.
pub fn after(mut response: Response, bytes: u64) -> Response {
    if !response.headers().contains_key(header::CONTENT_LENGTH)
        && let Some(length) = response.body().size_hint().exact()
    {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response.map(|body| {
        let source = body.into_data_stream();
        Body::from_stream(stream::unfold(Some((source, bytes)), |state| async move {
            let (mut source, left) = state?;
            if left == 0 {
                tokio::time::sleep(LEAVE).await;
                return Some((Err(io::ErrorKind::ConnectionAborted.into()), None));
            }
            let mut chunk: Bytes = source.next().await?.ok()?;
            chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            let left = left - chunk.len() as u64;
            Some((Ok::<Bytes, io::Error>(chunk), Some((source, left))))
        }))
    })
}
