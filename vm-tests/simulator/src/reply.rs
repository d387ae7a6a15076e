//! An answer before it goes out: a short text that can be recorded, or a response that only passes through
//! (a file, a websocket).

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, header};
use serde_json::Value;

/// What a service gives back.
pub enum Reply {
    /// A text, its status, and headers.
    Text { status: u16, headers: Vec<(&'static str, String)>, body: String },
    /// A file's bytes or the switch to a websocket; not recorded.
    Through(Response<Body>),
}

impl Reply {
    /// JSON as SSM and ECS send it.
    pub fn json(status: u16, body: &Value) -> Reply {
        Reply::typed(status, "application/x-amz-json-1.1", body.to_string())
    }

    pub fn xml(status: u16, body: String) -> Reply {
        Reply::typed(status, "text/xml", body)
    }

    pub fn text(status: u16, body: String) -> Reply {
        Reply::typed(status, "text/plain", body)
    }

    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        match &mut self {
            Reply::Text { headers, .. } => headers.push((name, value.into())),
            Reply::Through(response) => {
                if let Ok(value) = HeaderValue::from_str(&value.into()) {
                    response.headers_mut().insert(HeaderName::from_static(name), value);
                }
            }
        }
        self
    }

    /// The same container instance, as if none of its attributes had been taken.
    pub fn without_attributes(mut self) -> Reply {
        if let Reply::Text { body, .. } = &mut self
            && let Ok(mut described) = serde_json::from_str::<Value>(body)
            && described["containerInstance"].is_object()
        {
            described["containerInstance"]["attributes"] = Value::Array(Vec::new());
            *body = described.to_string();
        }
        self
    }

    pub fn status(&self) -> u16 {
        match self {
            Reply::Text { status, .. } => *status,
            Reply::Through(response) => response.status().as_u16(),
        }
    }

    /// What goes into the record: JSON when it is JSON, else the text; nothing of what only passes through.
    pub fn recorded(&self) -> Option<Value> {
        match self {
            Reply::Text { body, .. } => {
                Some(serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.clone())))
            }
            Reply::Through(_) => None,
        }
    }

    /// The response for the wire; an answer to HEAD keeps its length and loses its body.
    pub fn into_response(self, head: bool) -> Response<Body> {
        let (status, headers, text) = match self {
            Reply::Through(response) => return response,
            Reply::Text { status, headers, body } => (status, headers, body),
        };
        let length = text.len();
        let mut response = Response::new(if head { Body::empty() } else { Body::from(text) });
        *response.status_mut() = status.try_into().expect("a status between 100 and 999");
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }

    fn typed(status: u16, content_type: &'static str, body: String) -> Reply {
        Reply::Text { status, headers: vec![("content-type", content_type.to_owned())], body }
    }
}
