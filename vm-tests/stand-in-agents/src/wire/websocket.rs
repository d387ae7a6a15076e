//! A websocket as the agents hold it open: text frames out, text frames in, pings answered.

use super::{Stream, Url, WireError};
use std::time::Duration;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::{HeaderName, HeaderValue};
use tungstenite::{HandshakeError, Message};

/// An open websocket.
pub struct WebSocket(tungstenite::WebSocket<Stream>);

impl WebSocket {
    /// Connects and shakes hands, with these headers besides the websocket's own.
    pub fn open(url: &Url, headers: &[(&str, &str)]) -> Result<Self, WireError> {
        let stream = Stream::open(url)?;
        let bad = |error: &dyn std::fmt::Display| WireError::Handshake(error.to_string());
        let mut request = url.text(true).into_client_request().map_err(|error| bad(&error))?;
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| bad(&error))?;
            request.headers_mut().insert(name, HeaderValue::from_str(value).map_err(|error| bad(&error))?);
        }
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(WebSocket(socket)),
            Err(HandshakeError::Failure(error)) => Err(bad(&error)),
            Err(HandshakeError::Interrupted(_)) => Err(WireError::Handshake("i/o timeout".into())),
        }
    }

    /// Sends one text frame.
    pub fn say(&mut self, text: &str) -> Result<(), WireError> {
        self.0.send(Message::text(text)).map_err(|error| WireError::Handshake(error.to_string()))
    }

    /// The next text frame; `None` when the limit passes in silence.
    pub fn hear(&mut self, limit: Duration) -> Result<Option<String>, WireError> {
        self.0.get_ref().read_limit(Some(limit))?;
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Ok(Some(text.to_string())),
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if is_silence(&error) => return Ok(None),
                Err(error) => return Err(WireError::Handshake(error.to_string())),
            }
        }
    }
}

fn is_silence(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}
