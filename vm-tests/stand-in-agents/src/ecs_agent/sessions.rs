//! The two websockets of a registered agent: one for tasks (ACS), one for metrics (TCS).
//!
//! Heartbeats are acknowledged; anything else that arrives is logged and dropped, for no tasks are run.

use super::control_plane::ControlPlane;
use super::{HASH, VERSION};
use crate::aws::{self, Service};
use crate::identifier::uuid4;
use crate::wire::{Url, WebSocket, query_value};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

const SILENCE: Duration = Duration::from_secs(60);
const RECONNECT: Duration = Duration::from_secs(3);

/// What both sessions need.
#[derive(Clone)]
pub struct Sessions {
    /// The service.
    pub control_plane: Arc<ControlPlane>,
    /// The container instance.
    pub arn: String,
    /// Docker's version.
    pub docker_version: String,
    /// Asked for once and kept, as the real agent does.
    pub endpoints: Arc<OnceLock<(Url, Url)>>,
}

impl Sessions {
    /// Keeps both open until the program ends.
    pub fn hold_for_ever(self) -> ! {
        while let Err(why) = self.endpoints() {
            self.control_plane.log.error(&format!("Unable to discover poll endpoint: {why}"));
            thread::sleep(RECONNECT);
        }
        let telemetry = self.clone();
        thread::spawn(move || telemetry.repeat("TCS", Sessions::hold_telemetry));
        self.repeat("ACS", Sessions::hold_tasks)
    }

    fn repeat(&self, name: &str, session: fn(&Sessions) -> Result<(), String>) -> ! {
        let log = &self.control_plane.log;
        loop {
            if let Err(why) = session(self) {
                log.warn(&format!("{name} session ended: {why}"));
            }
            thread::sleep(RECONNECT);
        }
    }

    fn hold_tasks(&self) -> Result<(), String> {
        let (endpoint, _) = self.endpoints()?;
        let mut socket = self.opened(&endpoint.at("/ws", &self.tasks_query()))?;
        self.control_plane.log.info("Connected to ACS endpoint");
        loop {
            let Some(text) = socket.hear(SILENCE).map_err(|error| error.to_string())? else { continue };
            match acknowledgement(&text) {
                Some(answer) => socket.say(&answer).map_err(|error| error.to_string())?,
                None => self.control_plane.log.info(&format!("Dropped a message: {text}")),
            }
        }
    }

    fn hold_telemetry(&self) -> Result<(), String> {
        let (_, endpoint) = self.endpoints()?;
        let url = endpoint.at("/ws", &self.telemetry_query());
        let mut socket = self.opened(&url)?;
        self.control_plane.log.info("Connected to TCS endpoint");
        socket.say(&self.metrics_frame(&url)?).map_err(|error| error.to_string())?;
        loop {
            if let Some(text) = socket.hear(SILENCE).map_err(|error| error.to_string())? {
                self.control_plane.log.info(&format!("Dropped a message: {text}"));
            }
        }
    }

    fn endpoints(&self) -> Result<(Url, Url), String> {
        if let Some(known) = self.endpoints.get() {
            return Ok(known.clone());
        }
        let found = self.control_plane.poll_endpoints(&self.arn)?;
        Ok(self.endpoints.get_or_init(|| found).clone())
    }

    fn opened(&self, url: &Url) -> Result<WebSocket, String> {
        let signed = self.signed(url, b"")?;
        let mut headers = vec![("User-Agent", "Go-http-client/1.1")];
        headers.extend(signed.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        WebSocket::open(url, &headers).map_err(|error| error.to_string())
    }

    fn signed(&self, url: &Url, body: &[u8]) -> Result<Vec<(String, String)>, String> {
        let credentials = self.control_plane.credentials().ok_or("no credentials")?;
        let region = &self.control_plane.settings.region;
        let to = Service { url, name: "ecs", region, user_agent: "" };
        Ok(aws::signed_get(&to, body, &credentials))
    }

    fn tasks_query(&self) -> String {
        let (cluster, arn) = (query_value(&self.control_plane.settings.cluster), query_value(&self.arn));
        let docker = query_value(&format!("DockerVersion: {}", self.docker_version));
        format!(
            "agentHash={HASH}&agentVersion={VERSION}&clusterArn={cluster}&containerInstanceArn={arn}\
             &dockerVersion={docker}&protocolVersion=2&sendCredentials=true&seqNum=1"
        )
    }

    fn telemetry_query(&self) -> String {
        let (cluster, arn) = (query_value(&self.control_plane.settings.cluster), query_value(&self.arn));
        let docker = query_value(&self.docker_version);
        format!(
            "agentHash={HASH}&agentVersion={VERSION}&cluster={cluster}&containerInstance={arn}\
             &dockerVersion={docker}"
        )
    }

    /// The first frame repeats the signed headers as text, then says that there is nothing to measure.
    fn metrics_frame(&self, url: &Url) -> Result<String, String> {
        let message = json!({
            "type": "PublishMetricsRequest",
            "message": {
                "metadata": {
                    "cluster": self.control_plane.settings.cluster,
                    "containerInstance": self.arn,
                    "fin": true,
                    "idle": true,
                    "messageId": uuid4(),
                },
                "timestamp": Timestamp::now().as_millisecond() as f64 / 1000.0,
            },
        })
        .to_string();
        let mut frame = String::new();
        for (place, (name, value)) in self.signed(url, message.as_bytes())?.iter().enumerate() {
            frame.push_str(&format!("{name}: {value}\r\n"));
            if place == 0 {
                frame.push_str(&format!("Host: {}\r\n", url.host_header()));
            }
        }
        Ok(format!("{frame}\r\n{message}"))
    }
}

fn acknowledgement(text: &str) -> Option<String> {
    let message: Value = serde_json::from_str(text).ok()?;
    if message["type"] != "HeartbeatMessage" {
        return None;
    }
    let id = &message["message"]["messageId"];
    Some(json!({"type": "HeartbeatAckRequest", "message": {"messageId": id}}).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_acknowledged_by_its_id() {
        let answer =
            acknowledgement(r#"{"type":"HeartbeatMessage","message":{"healthy":true,"messageId":"m"}}"#);
        assert_eq!(answer.as_deref(), Some(r#"{"type":"HeartbeatAckRequest","message":{"messageId":"m"}}"#));
        assert_eq!(acknowledgement(r#"{"type":"PayloadMessage"}"#), None);
    }
}
