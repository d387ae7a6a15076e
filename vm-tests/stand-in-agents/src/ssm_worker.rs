//! `ssm-agent-worker`: the heartbeat, the control channel and the message poll, as recorded.
//!
//! It runs no documents and opens no sessions: what arrives on its channels is logged and dropped. It
//! ends when its standard input ends, which is how it learns that the agent is gone.

use crate::aws::{self, Service};
use crate::clock;
use crate::identifier::uuid4;
use crate::log::Log;
use crate::sigv4::Credentials;
use crate::ssm_agent::{Config, Places, VERSION, Vault, primary_address, read_credentials, shared_file};
use crate::termination;
use crate::wire::{self, Body, Request, Url, WebSocket};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Read;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const HEARTBEAT: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_secs(2);
const RECONNECT: Duration = Duration::from_secs(5);

/// Runs the worker; its arguments are of no interest.
pub fn run(_arguments: Vec<String>) -> ExitCode {
    termination::on_signal(|| {});
    thread::spawn(end_with_the_agent);
    let places = Places::of_the_system();
    let log = Log::ssm(&places.logs());
    let config = Config::read(&places.config(), &log);
    let key = Vault::new(&places).registration();
    if !key.is_registered() {
        log.error("[ssm-agent-worker] no identity found");
        return ExitCode::FAILURE;
    }
    let worker = Arc::new(Worker {
        config,
        log,
        instance: key.instance_id,
        region: key.region,
        connected: AtomicBool::new(false),
    });
    worker.log.info("[ssm-agent-worker] started (stand-in for tests)");
    worker.report("", false);
    let channel = worker.clone();
    thread::spawn(move || channel.keep_control_channel());
    let messages = worker.clone();
    thread::spawn(move || messages.poll_until_connected());
    worker.list_associations();
    loop {
        worker.report(worker.channel_name(), true);
        thread::sleep(if worker.channel_name().is_empty() { RECONNECT } else { HEARTBEAT });
    }
}

fn end_with_the_agent() {
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    std::process::exit(0);
}

struct Worker {
    config: Config,
    log: Log,
    instance: String,
    region: String,
    connected: AtomicBool,
}

impl Worker {
    fn channel_name(&self) -> &'static str {
        if self.connected.load(Ordering::SeqCst) { "ssmmessages" } else { "" }
    }

    /// `UpdateInstanceInformation`: first who, then in full how.
    fn report(&self, channel: &str, in_full: bool) {
        let body = instance_information(&self.instance, channel, in_full);
        self.ask("ssm", &self.config.ssm.endpoint, "AmazonSSM.UpdateInstanceInformation", &body);
    }

    fn list_associations(&self) {
        let body = json!({"InstanceId": self.instance, "MaxResults": 20});
        self.ask("ssm", &self.config.ssm.endpoint, "AmazonSSM.ListInstanceAssociations", &body);
    }

    fn poll_until_connected(&self) {
        while !self.connected.load(Ordering::SeqCst) {
            let body = json!({
                "Destination": self.instance,
                "MessagesRequestId": uuid4(),
                "VisibilityTimeoutInSeconds": 10,
            });
            let target = "EC2WindowsMessageDeliveryService.GetMessages";
            self.ask("ec2messages", &self.config.mds.endpoint, target, &body);
            thread::sleep(POLL);
        }
    }

    fn ask(&self, service: &str, configured: &str, target: &str, body: &Value) -> Option<Value> {
        let url = aws::endpoint(configured, service, &self.region).ok()?;
        let user_agent = self.config.user_agent();
        let to = Service { url: &url, name: service, region: &self.region, user_agent: &user_agent };
        let answer = aws::call(&to, target, body, &[], &self.credentials()?);
        answer.inspect_err(|error| self.log.error(&format!("[ssm-agent-worker] {target}: {error}"))).ok()
    }

    fn credentials(&self) -> Option<Credentials> {
        let profile = &self.config.profile.share_profile;
        read_credentials(&shared_file(), if profile.is_empty() { "default" } else { profile })
    }

    fn keep_control_channel(&self) {
        loop {
            if let Err(why) = self.hold_control_channel() {
                self.log.error(&format!("[ssm-agent-worker] [MGSInteractor] control channel: {why}"));
            }
            self.connected.store(false, Ordering::SeqCst);
            thread::sleep(RECONNECT);
        }
    }

    fn hold_control_channel(&self) -> Result<(), String> {
        let credentials = self.credentials().ok_or("no credentials")?;
        let url = aws::endpoint(&self.config.mgs.endpoint, "ssmmessages", &self.region);
        let url = url.map_err(|error| error.to_string())?;
        let url = url.at(&format!("/v1/control-channel/{}", self.instance), "");
        let token = self.created_channel(&url, &credentials)?;
        let url = url.at(&url.path, "role=subscribe&stream=input");
        let to = self.mgs(&url);
        let signed = aws::signed_get(&to, b"", &credentials);
        let mut headers: Vec<(&str, &str)> = vec![("User-Agent", to.user_agent)];
        headers.extend(signed.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut socket = WebSocket::open(&url, &headers).map_err(|error| error.to_string())?;
        socket.say(&first_frame(&token)).map_err(|error| error.to_string())?;
        self.connected.store(true, Ordering::SeqCst);
        self.log.info("[ssm-agent-worker] [MGSInteractor] Successfully established websocket connection");
        loop {
            match socket.hear(HEARTBEAT).map_err(|error| error.to_string())? {
                Some(message) => self.log.info(&format!("[ssm-agent-worker] dropped a message: {message}")),
                None => continue,
            }
        }
    }

    /// `CreateControlChannel` answers in XML.
    fn created_channel(&self, url: &Url, credentials: &Credentials) -> Result<String, String> {
        let body = json!({"MessageSchemaVersion": "1.0", "RequestId": uuid4()}).to_string();
        let (date, host) = (clock::amz_date(Timestamp::now()), url.host_header());
        let json = "application/json";
        let signable = crate::sigv4::Signable {
            method: "POST",
            path: &url.path,
            query: "",
            headers: vec![
                ("content-type", json),
                ("host", &host),
                ("x-amz-date", &date),
                ("x-amz-security-token", &credentials.session_token),
            ],
            body: body.as_bytes(),
        };
        let scope = crate::sigv4::Scope { amz_date: &date, region: &self.region, service: "ssmmessages" };
        let authorization = crate::sigv4::authorization(&signable, &scope, credentials);
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", json),
            ("X-Amz-Date", &date),
            ("X-Amz-Security-Token", &credentials.session_token),
            ("Accept-Encoding", "gzip"),
        ];
        let request = Request {
            method: "POST",
            host: &host,
            target: &url.path,
            user_agent: self.mgs(url).user_agent,
            headers: &headers,
            body: Body::Sized(body.as_bytes()),
        };
        let answer = wire::send(url, request).map_err(|error| error.to_string())?;
        match answer.status {
            200 | 201 => token_in(&answer.text()).ok_or_else(|| "no token in the answer".into()),
            status => Err(format!("status {status}: {}", answer.text())),
        }
    }

    fn mgs<'a>(&'a self, url: &'a Url) -> Service<'a> {
        Service { url, name: "ssmmessages", region: &self.region, user_agent: "Go-http-client/1.1" }
    }
}

fn token_in(xml: &str) -> Option<String> {
    let (_, rest) = xml.split_once("<TokenValue>")?;
    rest.split_once("</TokenValue>").map(|(token, _)| token.to_owned())
}

fn first_frame(token: &str) -> String {
    json!({
        "Cookie": null,
        "MessageSchemaVersion": "1.0",
        "RequestId": uuid4(),
        "TokenValue": token,
        "AgentVersion": VERSION,
        "PlatformType": "linux",
    })
    .to_string()
}

fn instance_information(instance: &str, channel: &str, in_full: bool) -> Value {
    if !in_full {
        return json!({
            "AgentName": "amazon-ssm-agent",
            "AgentVersion": VERSION,
            "InstanceId": instance,
            "PlatformType": "Linux",
        });
    }
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |name: &str| {
        let mut pairs = release.lines().filter_map(|line| line.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value.trim_matches('"').to_owned())
    };
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    json!({
        "AgentName": "amazon-ssm-agent",
        "AgentStatus": "Active",
        "AgentVersion": VERSION,
        "AvailabilityZone": "",
        "AvailabilityZoneId": "",
        "ComputerName": host.unwrap_or_default(),
        "IPAddress": primary_address(),
        "InstanceId": instance,
        "PlatformName": field("NAME").unwrap_or_default(),
        "PlatformType": "Linux",
        "PlatformVersion": field("VERSION_ID").unwrap_or_default(),
        "SSMConnectionChannel": channel,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The members and their order as the real agent sends them.
    #[test]
    fn the_heartbeat_has_the_recorded_members() {
        let first = instance_information("mi-1", "", false).to_string();
        assert_eq!(
            first,
            r#"{"AgentName":"amazon-ssm-agent","AgentVersion":"3.3.0.0","InstanceId":"mi-1","PlatformType":"Linux"}"#
        );
        let full = instance_information("mi-1", "ssmmessages", true);
        let names: Vec<&str> = full.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "AgentName",
                "AgentStatus",
                "AgentVersion",
                "AvailabilityZone",
                "AvailabilityZoneId",
                "ComputerName",
                "IPAddress",
                "InstanceId",
                "PlatformName",
                "PlatformType",
                "PlatformVersion",
                "SSMConnectionChannel"
            ]
        );
    }

    #[test]
    fn the_token_is_found_in_the_xml() {
        let xml = "<CreateControlChannelResult><TokenValue>t</TokenValue></CreateControlChannelResult>";
        assert_eq!(token_in(xml).as_deref(), Some("t"));
        assert_eq!(token_in("<html>"), None);
    }
}
