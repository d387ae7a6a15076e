//! One file over HTTP: streamed, with ranges, an entity tag, and the conditions that go with them. It knows no
//! hosts and no buckets.

use crate::http_date;
use crate::percent;
use crate::range::{Part, part};
use crate::sigv4;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use futures_util::stream;
use jiff::Timestamp;
use std::fs::Metadata;
use std::io::{self, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Large enough that a 100 MB package is not made of system calls, small enough to be cut and throttled.
const CHUNK: usize = 64 * 1024;

/// The file below `root` that a URL path names; None for a path that tries to leave.
pub fn below(root: &Path, url_path: &str) -> Option<PathBuf> {
    let mut path = root.to_owned();
    for segment in url_path.trim_start_matches('/').split('/') {
        let name = String::from_utf8(percent::decode(segment)).ok()?;
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
            return None;
        }
        path.push(name);
    }
    Some(path)
}

/// Answers GET or HEAD for a file; an error means that there is no such file.
pub async fn serve(path: &Path, method: &Method, request: &HeaderMap) -> io::Result<Response<Body>> {
    let file = File::open(path).await?;
    let metadata = file.metadata().await?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let version = Version::of(&metadata);
    let part = if version.range_applies(request) {
        part(text(request, header::RANGE), metadata.len())
    } else {
        Part::Whole
    };
    let mut response = match version.condition(request) {
        Some(status) => empty(status),
        None => content(file, part, metadata.len(), method == Method::HEAD).await?,
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ETAG, ascii(&version.tag));
    headers.insert(header::LAST_MODIFIED, ascii(&http_date::text(version.modified)));
    Ok(response)
}

async fn content(mut file: File, part: Part, size: u64, head: bool) -> io::Result<Response<Body>> {
    let (start, length) = match part {
        Part::Whole => (0, size),
        Part::Bytes { start, length } => (start, length),
        Part::Unsatisfiable => {
            let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE);
            response.headers_mut().insert(header::CONTENT_RANGE, ascii(&format!("bytes */{size}")));
            return Ok(response);
        }
    };
    file.seek(SeekFrom::Start(start)).await?;
    let mut response = Response::new(if head { Body::empty() } else { streamed(file, length) });
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("binary/octet-stream"));
    headers.insert(header::CONTENT_LENGTH, length.into());
    if part != Part::Whole {
        let range = format!("bytes {start}-{}/{size}", start + length - 1);
        headers.insert(header::CONTENT_RANGE, ascii(&range));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

fn streamed(file: File, length: u64) -> Body {
    Body::from_stream(stream::try_unfold((file, length), |(mut file, left)| async move {
        let mut chunk = vec![0; CHUNK.min(left as usize)];
        let read = file.read(&mut chunk).await?;
        chunk.truncate(read);
        Ok::<_, io::Error>((read > 0).then(|| (Bytes::from(chunk), (file, left - read as u64))))
    }))
}

/// What tells one content of a file from another.
struct Version {
    tag: String,
    modified: Timestamp,
}

impl Version {
    fn of(metadata: &Metadata) -> Version {
        let identity = format!("{} {} {}", metadata.len(), metadata.mtime(), metadata.mtime_nsec());
        Version {
            tag: format!("\"{}\"", &sigv4::sha256(identity.as_bytes())[..32]),
            modified: Timestamp::from_second(metadata.mtime()).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    /// RFC 9110, section 13.2.2: the status that the request's conditions lead to, if not to the content.
    fn condition(&self, request: &HeaderMap) -> Option<StatusCode> {
        if let Some(tags) = text(request, header::IF_MATCH) {
            if !self.is_among(tags) {
                return Some(StatusCode::PRECONDITION_FAILED);
            }
        } else if self.date(request, header::IF_UNMODIFIED_SINCE).is_some_and(|date| self.modified > date) {
            return Some(StatusCode::PRECONDITION_FAILED);
        }
        let unchanged = match text(request, header::IF_NONE_MATCH) {
            Some(tags) => self.is_among(tags),
            None => self.date(request, header::IF_MODIFIED_SINCE).is_some_and(|date| self.modified <= date),
        };
        unchanged.then_some(StatusCode::NOT_MODIFIED)
    }

    /// Without If-Range, or when it names this very version.
    fn range_applies(&self, request: &HeaderMap) -> bool {
        match text(request, header::IF_RANGE) {
            None => true,
            Some(tag) if tag.starts_with('"') => tag == self.tag,
            Some(date) => http_date::parse(date) == Some(self.modified),
        }
    }

    fn is_among(&self, tags: &str) -> bool {
        tags.trim() == "*" || tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == self.tag)
    }

    fn date(&self, request: &HeaderMap, name: header::HeaderName) -> Option<Timestamp> {
        http_date::parse(text(request, name)?)
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("dates, digits and hexadecimal are ASCII")
}
