//! The calls to ECS: registering the container instance, and where to connect.
//!
//! What is tried again, what ends the agent for good (status 5) and what ends it for another start
//! (status 1) is as observed on the real one.

use super::settings::Settings;
use super::{HASH, TERMINAL, VERSION, attributes};
use crate::aws::{self, CallError, Service};
use crate::identifier::uuid4;
use crate::log::Log;
use crate::sigv4::Credentials;
use crate::ssm_agent::read_credentials;
use crate::wire::Url;
use serde_json::{Value, json};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

const CREDENTIALS: &str = "/rotatingcreds/credentials";
/// How long the real one asks the EC2 metadata service when the file is not there.
const METADATA_TRIES: Duration = Duration::from_secs(5);
const LONGEST_REGISTRATION: Duration = Duration::from_secs(3600);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const ATTEMPTS: u32 = 3;

/// How a registration ended.
pub enum Outcome {
    /// The container instance's ARN.
    Registered(String),
    /// The exit status.
    Failed(u8),
}

/// The service, and how to speak to it.
pub struct ControlPlane {
    /// What the environment says.
    pub settings: Settings,
    /// The program's log.
    pub log: Log,
    url: Url,
    user_agent: String,
}

impl ControlPlane {
    /// The service of the configured region; it needs a region and, after a while, credentials.
    pub fn new(settings: &Settings, log: &Log) -> Result<Self, String> {
        if settings.region.is_empty() {
            return Err("AWS_DEFAULT_REGION is not set".into());
        }
        let url = aws::endpoint(&settings.backend_host, "ecs", &settings.region);
        let url = url.map_err(|error| error.to_string())?;
        let os = &settings.os_family;
        let user_agent =
            format!("Amazon ECS Agent - v{VERSION} (*{HASH}) (linux; {os}) (+http://aws.amazon.com/ecs/)");
        let plane = ControlPlane { settings: settings.clone(), log: log.clone(), url, user_agent };
        let start = Instant::now();
        while plane.credentials().is_none() {
            if start.elapsed() >= METADATA_TRIES {
                return Err(
                    "get credentials: failed to refresh cached credentials, no EC2 IMDS role found".into()
                );
            }
            thread::sleep(Duration::from_millis(500));
        }
        Ok(plane)
    }

    /// The credentials as they are on disk now; the SSM agent renews them.
    pub fn credentials(&self) -> Option<Credentials> {
        read_credentials(Path::new(CREDENTIALS), &self.settings.profile)
    }

    /// Registers, anew or as the instance it was.
    pub fn register(&self, known_as: Option<&str>) -> Outcome {
        let asked = attributes::of_this_instance(&self.settings, known_as.is_none());
        let request = registration(&self.settings, &asked, known_as);
        match self.registered(&request) {
            Ok(answer) => self.judged(&answer, &asked),
            Err(error) => {
                self.log.error(&format!("Unable to register as a container instance with ECS: {error}"));
                Outcome::Failed(exit_status(&error))
            }
        }
    }

    fn judged(&self, answer: &Value, asked: &[Value]) -> Outcome {
        let missing = attributes::missing_in(answer, asked);
        if !missing.is_empty() {
            self.log.error(&format!("Attribute validation failed, missing: {}", missing.join(", ")));
            return Outcome::Failed(TERMINAL);
        }
        match answer["containerInstance"]["containerInstanceArn"].as_str() {
            Some(arn) => Outcome::Registered(arn.to_owned()),
            None => Outcome::Failed(1),
        }
    }

    fn registered(&self, request: &Value) -> Result<Value, CallError> {
        let (start, mut pause) = (Instant::now(), Duration::from_secs(1));
        loop {
            let error = match self.call("RegisterContainerInstance", request) {
                Err(error) => error,
                answer => return answer,
            };
            if error.code() == "ClusterNotFoundException" && self.settings.cluster_by_default {
                self.call("CreateCluster", &json!({"clusterName": self.settings.cluster}))?;
                return self.call("RegisterContainerInstance", request);
            }
            if !is_repeated(&error) || start.elapsed() > LONGEST_REGISTRATION {
                return Err(error);
            }
            self.log.warn(&format!("Error registering with ECS, retrying in {pause:?}: {error}"));
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// `DiscoverPollEndpoint`: where the two websockets are, for tasks and for metrics.
    pub fn poll_endpoints(&self, arn: &str) -> Result<(Url, Url), String> {
        let request = json!({"cluster": self.settings.cluster, "containerInstance": arn, "zoneId": ""});
        let answer = self.call("DiscoverPollEndpoint", &request).map_err(|error| error.to_string())?;
        let url = |name: &str| {
            Url::parse(answer[name].as_str().unwrap_or_default()).map_err(|error| error.to_string())
        };
        Ok((url("endpoint")?, url("telemetryEndpoint")?))
    }

    /// One call, repeated by the SDK when throttled or when the server fails.
    fn call(&self, operation: &str, body: &Value) -> Result<Value, CallError> {
        let to = Service {
            url: &self.url,
            name: "ecs",
            region: &self.settings.region,
            user_agent: &self.user_agent,
        };
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        let invocation = uuid4();
        let mut attempt = 1;
        loop {
            let credentials =
                self.credentials().ok_or_else(|| CallError::Answer("no credentials in the file".into()))?;
            let which = format!("attempt={attempt}; max={ATTEMPTS}");
            let extra = [("Amz-Sdk-Invocation-Id", invocation.as_str()), ("Amz-Sdk-Request", &which)];
            match aws::call(&to, &target, body, &extra, &credentials) {
                Err(error) if is_repeated(&error) && attempt < ATTEMPTS => {
                    thread::sleep(Duration::from_millis(200 << attempt));
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }
}

fn registration(settings: &Settings, attributes: &[Value], known_as: Option<&str>) -> Value {
    let mut request = json!({
        "attributes": attributes,
        "clientToken": uuid4(),
        "cluster": settings.cluster,
    });
    if let Some(arn) = known_as {
        request["containerInstanceArn"] = arn.into();
    }
    request["instanceIdentityDocument"] = "".into();
    request["instanceIdentityDocumentSignature"] = "".into();
    if !settings.tags.is_empty() {
        let tags = settings.tags.iter();
        request["tags"] = tags.map(|(key, value)| json!({"key": key, "value": value})).collect();
    }
    let memory = memory_mib().saturating_sub(settings.reserved_memory);
    request["totalResources"] = json!([
        {"integerValue": cpu_units(), "name": "CPU", "type": "INTEGER"},
        {"integerValue": memory, "name": "MEMORY", "type": "INTEGER"},
        {"name": "PORTS", "stringSetValue": settings.reserved_ports, "type": "STRINGSET"},
        {"name": "PORTS_UDP", "stringSetValue": settings.reserved_ports_udp, "type": "STRINGSET"},
    ]);
    request
}

fn cpu_units() -> usize {
    thread::available_parallelism().map_or(1, usize::from) * 1024
}

fn memory_mib() -> u64 {
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = meminfo.lines().find(|line| line.starts_with("MemTotal:"));
    let kib =
        total.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

fn is_repeated(error: &CallError) -> bool {
    let server = matches!(error, CallError::Service { .. }) && error.is_transient();
    server || matches!(error.code(), "ServerException" | "LimitExceededException")
}

fn exit_status(error: &CallError) -> u8 {
    match error.code() {
        "InvalidParameterException" | "ClientException" => TERMINAL,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs_agent::settings::tests::with;

    fn recorded_settings() -> Settings {
        with(&[("ECS_CLUSTER", "test-cluster"), ("ECS_DETAILED_OS_FAMILY", "debian_12")])
    }

    fn body(known_as: Option<&str>) -> Value {
        let settings = recorded_settings();
        let attributes = attributes::of_this_instance(&settings, known_as.is_none());
        let mut body = registration(&settings, &attributes, known_as);
        // The recorded machine's size, so that the lengths can be compared.
        body["totalResources"][0]["integerValue"] = 2048.into();
        body["totalResources"][1]["integerValue"] = 24105.into();
        body
    }

    #[test]
    fn the_body_is_as_long_as_the_recorded_ones() {
        assert_eq!(body(None).to_string().len(), 3469);
        let arn = "arn:aws:ecs:us-east-1:123456789012:container-instance/test-cluster/f5285311c8624b77817a40f619883631";
        assert_eq!(body(Some(arn)).to_string().len(), 3594);
    }

    #[test]
    fn the_members_stand_in_the_recorded_order() {
        let names: Vec<String> = body(Some("arn")).as_object().unwrap().keys().cloned().collect();
        assert_eq!(
            names,
            [
                "attributes",
                "clientToken",
                "cluster",
                "containerInstanceArn",
                "instanceIdentityDocument",
                "instanceIdentityDocumentSignature",
                "totalResources"
            ]
        );
    }

    #[test]
    fn only_a_wrong_request_is_final() {
        let refused = |code: &str, status| CallError::Service {
            code: code.into(),
            message: String::new(),
            status,
            request_id: String::new(),
        };
        assert_eq!(exit_status(&refused("InvalidParameterException", 400)), 5);
        assert_eq!(exit_status(&refused("ClientException", 400)), 5);
        assert_eq!(exit_status(&refused("ClusterNotFoundException", 400)), 1);
        assert_eq!(exit_status(&refused("AccessDeniedException", 400)), 1);
        assert!(is_repeated(&refused("ServerException", 500)));
        assert!(!is_repeated(&refused("AccessDeniedException", 400)));
    }
}
