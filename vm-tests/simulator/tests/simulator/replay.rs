//! The golden transcripts, sent again: what the real agents asked must be answered as they were answered, key by
//! key and type by type. Identities differ from run to run and are compared by shape; whatever was signed is
//! signed anew, over the same headers as the agents signed, with keys and credentials of this run.

use crate::client::{self, Answer, Request};
use crate::machine::{Key, Machine};
use crate::rehearsal::Rehearsal;
use crate::signer::{self, Credentials};
use aws_simulator::{Fault, FaultName, NewActivation, Record};
use jiff::SignedDuration;
use serde_json::{Map, Value};
use std::io::Write;

/// Members whose values are identities or moments.
const IDENTITIES: [&str; 9] = [
    "InstanceId",
    "AccessKeyId",
    "SecretAccessKey",
    "SessionToken",
    "TokenExpirationDate",
    "MessagesRequestId",
    "containerInstanceArn",
    "ec2InstanceId",
    "message",
];

/// Headers that the signer or the client writes itself.
const REWRITTEN: [&str; 6] =
    ["Host", "Content-Length", "Transfer-Encoding", "Authorization", "X-Amz-Date", "X-Amz-Security-Token"];

fn golden(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A machine that walks the agents' way, and what the transcript's identities are called in this run.
struct Walk {
    machine: Machine,
    activation: NewActivation,
    renamed: Vec<(String, String)>,
}

#[test]
fn the_way_to_a_connected_instance_is_answered_as_the_real_agents_saw_it() {
    let rehearsal = Rehearsal::start();
    let mut walk = Walk::new(&rehearsal);
    let mut sockets = Vec::new();
    let lines = golden(include_str!("../../golden/register-to-connected.jsonl"));
    for line in &lines {
        if line["status"] == 101 {
            let mut stream = walk.machine.client.open(&walk.request(line));
            assert_eq!(client::head(&mut stream).0, 101, "{}", line["path"]);
            sockets.push((line["path"].as_str().unwrap().to_owned(), stream));
        } else if let Some(frame) = line["frame"].as_str() {
            let path = line["ws"].as_str().unwrap();
            let socket = sockets.iter_mut().find(|(opened, _)| opened.starts_with(path)).unwrap();
            socket.1.write_all(&text_frame(frame)).unwrap();
        } else {
            let answer = walk.machine.client.send(&walk.request(line));
            assert_eq!(answer.status, line["status"], "{line}: {}", answer.text());
            assert_same(&line["resp"], &body(&answer), &line["target"].to_string());
            walk.learn(line, &answer);
        }
    }
    let kept = rehearsal.admin.requests(None).unwrap();
    assert_eq!(kept.iter().filter_map(Record::request).count(), lines.len() - 3);
    let instances = rehearsal.admin.container_instances().unwrap();
    assert_eq!((instances.len(), instances[0].registrations), (1, 2));
}

#[test]
fn a_refused_registration_is_answered_as_the_real_agent_saw_it() {
    let rehearsal = Rehearsal::start();
    for line in golden(include_str!("../../golden/register-errors.jsonl")) {
        let mut walk = Walk::new(&rehearsal);
        let code = line["resp"]["__type"].as_str().unwrap();
        let fault = |name| rehearsal.admin.fault(&Fault::once(name, "RegisterManagedInstance")).unwrap();
        match code {
            "ActivationExpired" => walk.activation = rehearsal.admin.activation(1, 0).unwrap(),
            "RegistrationLimitExceeded" => {
                let used = walk.activation.clone();
                walk.machine.register(&used.activation_id, &used.activation_code);
            }
            "ThrottlingException" => fault(FaultName::Throttle),
            "InternalServerError" => fault(FaultName::ServerError),
            "AccessDeniedException" => fault(FaultName::AccessDenied),
            other => panic!("no way is known to {other}"),
        }
        let answer = walk.machine.client.send(&walk.request(&line));
        assert_eq!(answer.status, line["status"], "{code}");
        assert_same(&line["resp"], &answer.json(), code);
    }
}

#[test]
fn a_request_is_recorded_with_the_transcripts_fields() {
    let rehearsal = Rehearsal::start();
    let walk = Walk::new(&rehearsal);
    let lines = golden(include_str!("../../golden/register-to-connected.jsonl"));
    walk.machine.client.send(&walk.request(&lines[0]));
    let text = std::fs::read_to_string(rehearsal.state().join("requests.jsonl")).unwrap();
    let recorded = &golden(&text)[0];
    assert_eq!(names(recorded), names(&lines[0]));
    for header in names(&lines[0]["headers"]) {
        assert!(recorded["headers"].get(&header).is_some(), "{header}");
    }
}

impl Walk {
    fn new(rehearsal: &Rehearsal) -> Walk {
        let activation = rehearsal.admin.activation(1, 3600).unwrap();
        Walk { machine: Machine::new(rehearsal.client()), activation, renamed: Vec::new() }
    }

    /// The transcript's request with this run's identities, signed anew where it was signed.
    fn request(&self, line: &Value) -> Request {
        let text = |name: &str| line[name].as_str().unwrap();
        let mut request = Request::new(text("method"), text("host"), &self.here(text("path")));
        let headers = line["headers"].as_object().unwrap();
        for (name, value) in headers.iter().filter(|(name, _)| !REWRITTEN.contains(&name.as_str())) {
            request = request.header(name, value.as_str().unwrap());
        }
        request.chunked = headers.contains_key("Transfer-Encoding");
        request.body = if line["body"].is_null() { String::new() } else { self.body(&line["body"]) };
        self.signed(request, headers)
    }

    fn signed(&self, request: Request, headers: &Map<String, Value>) -> Request {
        let Some(authorization) = headers.get("Authorization").and_then(Value::as_str) else {
            return request;
        };
        let service = authorization.split('/').nth(3).unwrap();
        if authorization.contains("Credential=mi-") {
            return signer::sign_with_key(
                request,
                &self.machine.instance_id,
                &self.machine.key.pair,
                SignedDuration::ZERO,
            );
        }
        signer::sign(request, service, &self.machine.credentials)
    }

    fn body(&self, golden: &Value) -> String {
        let mut body = golden.clone();
        if body.get("ActivationCode").is_some() {
            body["ActivationId"] = self.activation.activation_id.clone().into();
            body["ActivationCode"] = self.activation.activation_code.clone().into();
            body["PublicKey"] = Key::usual().public.into();
        }
        self.here(&body.to_string())
    }

    fn here(&self, text: &str) -> String {
        self.renamed.iter().fold(text.to_owned(), |text, (there, here)| text.replace(there, here))
    }

    /// Takes note of the identities that an answer brings.
    fn learn(&mut self, line: &Value, answer: &Answer) {
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return };
        let pairs = [
            (&line["resp"]["InstanceId"], &body["InstanceId"]),
            (
                &line["resp"]["containerInstance"]["containerInstanceArn"],
                &body["containerInstance"]["containerInstanceArn"],
            ),
        ];
        for (there, here) in pairs {
            if let (Some(there), Some(here)) = (there.as_str(), here.as_str()) {
                let coded = |text: &str| text.replace(':', "%3A").replace('/', "%2F");
                self.renamed.push((there.to_owned(), here.to_owned()));
                self.renamed.push((coded(there), coded(here)));
            }
        }
        if let Some(id) = body["InstanceId"].as_str() {
            self.machine.instance_id = id.to_owned();
        }
        if let Some(token) = body["SessionToken"].as_str() {
            let text = |name: &str| body[name].as_str().unwrap().to_owned();
            self.machine.credentials = Credentials {
                access_key: text("AccessKeyId"),
                secret: text("SecretAccessKey"),
                token: token.to_owned(),
            };
        }
    }
}

/// The same keys and types throughout, and the same values except for identities.
fn assert_same(golden: &Value, actual: &Value, at: &str) {
    match (golden, actual) {
        (Value::Object(expected), Value::Object(found)) => {
            assert_eq!(names(golden), names(actual), "{at}");
            for (name, value) in expected {
                let identity = IDENTITIES.contains(&name.as_str()) || name == "Destination";
                if identity {
                    assert_same_shape(value, &found[name], &format!("{at}.{name}"));
                } else {
                    assert_same(value, &found[name], &format!("{at}.{name}"));
                }
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            assert_eq!(expected.len(), found.len(), "{at}");
            expected.iter().zip(found).for_each(|(golden, actual)| assert_same(golden, actual, at));
        }
        (Value::String(golden), Value::String(actual)) => assert_eq!(*golden, portless(actual), "{at}"),
        _ => assert_eq!(golden, actual, "{at}"),
    }
}

/// The same type, and for names with a prefix (`mi-`, `arn:...`) the same prefix.
fn assert_same_shape(golden: &Value, actual: &Value, at: &str) {
    match (golden, actual) {
        (Value::Number(golden), Value::Number(actual)) => {
            assert_eq!(golden.is_f64(), actual.is_f64(), "{at}")
        }
        (Value::String(golden), Value::String(actual)) => {
            for prefix in ["mi-", "arn:aws:ecs:us-east-1:123456789012:container-instance/test-cluster/"] {
                assert_eq!(golden.starts_with(prefix), actual.starts_with(prefix), "{at}: {actual}");
            }
            assert!(!actual.is_empty(), "{at}");
        }
        _ => panic!("{at}: {golden} became {actual}"),
    }
}

/// XML is compared as text without its token.
fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| {
        let text = answer.text();
        let (before, rest) = text.split_once("<TokenValue>").unwrap();
        let (_, after) = rest.split_once("</TokenValue>").unwrap();
        format!("{before}<TokenValue>faketoken</TokenValue>{after}").into()
    })
}

/// Endpoints name the port when it is not the usual one.
fn portless(text: &str) -> String {
    match text.rsplit_once(".com:") {
        Some((host, port)) if port.trim_end_matches('/').parse::<u16>().is_ok() => format!("{host}.com/"),
        _ => text.to_owned(),
    }
}

fn names(object: &Value) -> Vec<String> {
    let mut names: Vec<String> = object.as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

/// A client's websocket text frame (RFC 6455, section 5.2), masked with zeros.
fn text_frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        short @ ..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 126);
            frame.extend((long as u16).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}
