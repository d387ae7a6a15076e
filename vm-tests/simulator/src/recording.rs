//! Every request, one JSON line each, in the shape of the golden transcripts. Activation codes and secret keys
//! are gone before a request is kept anywhere, in memory too.

use axum::http::HeaderMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

const REDACTED: &str = "(redacted)";
const SECRETS: [&str; 2] = ["ActivationCode", "SecretAccessKey"];

/// One request with its answer, or one websocket frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Record {
    /// A request with its answer.
    Request(Box<RecordedRequest>),
    /// A frame that came by a websocket.
    Frame(RecordedFrame),
}

/// A request with its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedRequest {
    /// When it came, in RFC 3339.
    pub t: String,
    /// Whether it came by TLS.
    pub tls: bool,
    /// Its Host header without a port.
    pub host: String,
    /// Its method.
    pub method: String,
    /// Its path and query.
    pub path: String,
    /// Its X-Amz-Target header.
    pub target: Option<String>,
    /// Its headers.
    pub headers: Map<String, Value>,
    /// Its body: parsed JSON, or a text, or null.
    pub body: Value,
    /// The answer's body; absent for files and websockets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resp: Option<Value>,
    /// The answer's status.
    pub status: u16,
}

/// A frame that came by a websocket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedFrame {
    /// When it came, in RFC 3339.
    pub t: String,
    /// The websocket's path.
    pub ws: String,
    /// Its text.
    pub frame: String,
}

impl Record {
    /// Whether this is a request whose target ends with `text`, or whose host or path holds it.
    pub fn concerns(&self, text: &str) -> bool {
        match self {
            Record::Request(request) => {
                request.target.as_ref().is_some_and(|target| target.ends_with(text))
                    || request.host.contains(text)
                    || request.path.contains(text)
            }
            Record::Frame(frame) => frame.ws.contains(text),
        }
    }

    /// The request, if it is one.
    pub fn request(&self) -> Option<&RecordedRequest> {
        match self {
            Record::Request(request) => Some(request),
            Record::Frame(_) => None,
        }
    }
}

/// Keeps records in memory and in a file.
pub struct Recorder {
    kept: Mutex<(Vec<Record>, File)>,
}

impl Recorder {
    /// Appends to `path`, readable by its owner alone: session tokens are in the headers.
    pub fn append_to(path: &Path) -> io::Result<Recorder> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Recorder { kept: Mutex::new((Vec::new(), file)) })
    }

    pub fn keep(&self, record: Record) {
        let mut line = serde_json::to_vec(&record).expect("records are plain data");
        line.push(b'\n');
        let mut kept = self.kept.lock().expect("no panic while records are held");
        if let Err(error) = kept.1.write_all(&line) {
            eprintln!("warning: a request was not recorded: {error}");
        }
        kept.0.push(record);
    }

    /// The records that concern `target`, or all.
    pub fn matching(&self, target: Option<&str>) -> Vec<Record> {
        let kept = self.kept.lock().expect("no panic while records are held");
        kept.0.iter().filter(|record| target.is_none_or(|text| record.concerns(text))).cloned().collect()
    }
}

/// Now, as the transcripts write it.
pub fn moment() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3f+00:00").to_string()
}

/// A body for the record. What cannot be read could hide a code, so only its length is kept.
pub fn body(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    match serde_json::from_slice(bytes) {
        Ok(json) => redacted(json),
        Err(_) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains("ActivationCode") => Value::String(text.to_owned()),
            _ => Value::String(format!("(unreadable, {} bytes)", bytes.len())),
        },
    }
}

/// The same JSON without its secrets.
pub fn redacted(json: Value) -> Value {
    match json {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let value = if SECRETS.contains(&name.as_str()) { REDACTED.into() } else { redacted(value) };
                (name, value)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(redacted).collect(),
        other => other,
    }
}

/// Headers with their names written the customary way (`X-Amz-Date`).
pub fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut out = Map::new();
    for name in headers.keys() {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
        out.insert(customary(name.as_str()), values.join(", ").into());
    }
    out
}

fn customary(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('-')
        .map(|word| if word.is_empty() { String::new() } else { capital(word) })
        .collect::<Vec<_>>()
        .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_code_is_redacted_wherever_it_stands() {
        let bytes =
            br#"{"ActivationId":"i","nested":[{"ActivationCode":"secret"}],"ActivationCode":"secret"}"#;
        assert_eq!(
            body(bytes),
            json!({"ActivationId": "i", "nested": [{"ActivationCode": "(redacted)"}], "ActivationCode": "(redacted)"})
        );
        assert_eq!(body(br#"{"ActivationCode": "secret"#), json!("(unreadable, 26 bytes)"));
    }
}
