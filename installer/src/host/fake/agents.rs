//! The agents and the service they speak to, acted out.
//!
//! The SSM agent writes its key file with an empty id before it asks, and syncs nothing. The ECS
//! agent adds firewall rules of its own at each start and deletes one set when it stops. One that the
//! service refuses is started again and again.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rsa::RsaPrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey;

use super::units::Began;
use super::{Fake, Halt, answer, refuse};
use crate::host::{Family, Introspection, Machine, Output, Request, Response};
use crate::registration::{self, VAULT};
use crate::secret::Secret;

/// The activation that the service knows.
pub const ACTIVATION_ID: &str = "11111111-2222-3333-4444-555555555555";
/// Its code.
pub const ACTIVATION_CODE: &str = "GoodCodeGoodCode1234";

/// The account that the activation belongs to.
pub const ACCOUNT: &str = "123456789012";

const KEY: &str = "/var/lib/amazon/ssm/Vault/Store/RegistrationKey";
const FINGERPRINT: &str = r#"{"fingerprint":"99999999-8888-4777-8666-555555555555"}"#;
/// What the SSM agent says where its request found no way.
const UNREACHED: &str = "ERROR Registration failed due to error registering the instance with AWS SSM. RequestError: \
    send request failed\ncaused by: Post \"https://ssm.us-east-1.amazonaws.com/\": dial tcp: lookup \
    ssm.us-east-1.amazonaws.com: no such host";
const CONFIGURATION: &str = "/etc/ecs/ecs.config";
const AGENT_STATE: &str = "/var/lib/ecs/data/agent.db";

/// What AWS knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Service {
    /// Managed instances that were made.
    pub registrations: u32,
    /// Requests of any kind.
    pub requests: u32,
    /// What the SSM agent says when its request, or the answer to it, gets lost.
    pub loses_registration: Option<&'static str>,
    /// Until when it does; for ever where that is never.
    pub mends_at: Duration,
    /// Whether the SSM agent fails after it was registered, and has written that down.
    pub fails_after_registration: bool,
    /// Whether it denies a container instance to everybody.
    pub denies_instances: bool,
    /// The error that it answers with when a role token is asked for.
    pub token_refusal: Option<&'static str>,
    /// Whether its role tokens are cut off.
    pub garbles_tokens: bool,
}

impl Fake {
    pub(super) fn register_agent(
        &mut self,
        id: &str,
        code: &Secret,
        region: &str,
        replace: bool,
    ) -> Result<Output, Halt> {
        if registration::is_begun(self).unwrap_or(false) && !replace {
            return Ok(refuse(1, "ERROR Registration failed due to EOF"));
        }
        self.scribble_deep(&format!("{VAULT}/Manifest"), "{}", 0o600);
        self.scribble_deep(&format!("{VAULT}/Store/InstanceFingerprint"), FINGERPRINT, 0o600);
        self.scribble_deep(KEY, &key("", region), 0o600);
        self.tick()?;
        if self.behind_proxy && self.proxy.is_none() {
            return Ok(refuse(1, "ERROR Registration failed due to error registering the instance"));
        }
        if self.is_offline() {
            return Ok(refuse(1, UNREACHED));
        }
        self.service.requests += 1;
        let is_mended = !self.service.mends_at.is_zero() && self.elapsed() >= self.service.mends_at;
        if let Some(said) = self.service.loses_registration.filter(|_| !is_mended) {
            return Ok(refuse(1, said));
        }
        if (id, code.expose()) != (ACTIVATION_ID, ACTIVATION_CODE) {
            return Ok(refuse(1, "ERROR Registration failed. InvalidActivation: "));
        }
        self.service.registrations += 1;
        self.tick()?;
        let id = format!("mi-{:017x}", self.service.registrations);
        self.scribble_deep(KEY, &key(&id, region), 0o600);
        self.scribble_deep("/var/lib/amazon/ssm/registration", &id, 0o600);
        if self.service.fails_after_registration {
            return Ok(refuse(1, "ERROR Registration failed. InvalidActivation: "));
        }
        Ok(answer())
    }

    pub(super) fn clear_agent(&mut self) {
        for name in ["RegistrationKey", "InstanceFingerprint"] {
            let path = format!("{VAULT}/Store/{name}");
            if self.disk.node(Path::new(&path)).is_some() {
                self.scribble_deep(&path, "", 0o600);
            }
        }
    }

    /// A registration made by somebody else, before Landfall came.
    pub(super) fn registered_long_ago(&mut self, region: &str) {
        self.put(&format!("{VAULT}/Manifest"), "{}", 0o600);
        self.put(&format!("{VAULT}/Store/InstanceFingerprint"), FINGERPRINT, 0o600);
        self.put(KEY, &key("mi-0fedcba9876543210", region), 0o600);
    }

    pub(super) fn start_ecs_agent(&mut self, waits: bool) -> Began {
        let config = self.disk.text(CONFIGURATION).unwrap_or_default();
        let told = |key: &str| {
            let value = |line: &str| line.strip_prefix(key)?.strip_prefix('=').map(str::to_owned);
            config.lines().rev().find_map(value).unwrap_or_default()
        };
        let able = ["/usr/sbin/iptables", "/usr/sbin/sysctl"]
            .iter()
            .all(|program| self.disk.node(Path::new(program)).is_some());
        let identified = self.has_credentials();
        let cut_off = self.behind_proxy && told("HTTPS_PROXY").is_empty();
        if !self.is_running("docker.service") || !able || (waits && !identified) {
            return Began::Failed;
        }
        if !identified || told("ECS_EXTERNAL") != "true" || told("AWS_DEFAULT_REGION").is_empty() {
            self.strays += 1;
            return Began::Failed;
        }
        let cluster = Some(told("ECS_CLUSTER")).filter(|name| !name.is_empty()).unwrap_or("default".into());
        if self.saved_cluster().is_some_and(|saved| saved != cluster) {
            return Began::Failed;
        }
        self.service.requests += 1;
        self.ecs_agent_adds_its_rules();
        if self.service.denies_instances || cut_off {
            return Began::KeepsFailing;
        }
        // The agent keeps this in a database that syncs.
        self.put(AGENT_STATE, &format!("arn:aws:ecs:us-east-1:1:container-instance/{cluster}/1"), 0o600);
        self.scribble_deep("/var/log/ecs/ecs-agent.log", "registered\n", 0o644);
        Began::Well
    }

    /// At each start, whatever stands there already.
    pub fn ecs_agent_adds_its_rules(&mut self) {
        for (table, chain, rule) in OWN_RULES {
            let verb = if chain == "INPUT" { "-I INPUT 1" } else { &format!("-A {chain}") };
            let text = format!("*{table}\n{verb} {rule}\nCOMMIT\n");
            self.volatile.firewall.restore(Family::Ipv4, &text).expect("a chain of the kernel's own");
        }
        self.volatile.kernel.insert("net.ipv4.conf.all.route_localnet".into(), "1".into());
    }

    pub(super) fn stopped_ecs_agent(&mut self) {
        for (table, chain, rule) in OWN_RULES {
            self.volatile.firewall.delete_one(Family::Ipv4, table, &format!("{chain} {rule}"));
        }
        self.volatile.kernel.insert("net.ipv4.conf.all.route_localnet".into(), "0".into());
    }

    pub(super) fn ecs_introspection(&self) -> Option<Introspection> {
        let cluster = self.saved_cluster().filter(|_| self.is_running("ecs.service"))?;
        Some(Introspection {
            container_instance_arn: self.disk.text(AGENT_STATE),
            cluster,
            version: "Amazon ECS Agent - v1.105.1".into(),
        })
    }

    fn saved_cluster(&self) -> Option<String> {
        let saved = self.disk.text(AGENT_STATE)?;
        saved.split('/').nth(1).map(str::to_owned)
    }

    /// The role token of whoever is registered here, and the account that it is of.
    pub(super) fn answer_of_aws(&mut self, request: &Request) -> Response {
        self.service.requests += 1;
        let answer = |status, body: String| Response { status, body: Secret::new(body) };
        let header = |name: &str| {
            request.headers.iter().find(|(it, _)| *it == name).map_or("", |(_, value)| value.expose())
        };
        let found = registration::read(self).ok().flatten();
        let id = found.map_or_else(String::new, |found| found.instance_id);
        if request.url.starts_with("https://sts.") {
            let signed = header("authorization").contains("Credential=AKIDTEST/")
                && header("x-amz-security-token") == "session";
            return match signed {
                true => answer(200, format!("<r>\n <Account>{ACCOUNT}</Account></r>")),
                false => answer(403, "<Error><Code>InvalidClientTokenId</Code></Error>".into()),
            };
        }
        let signed = header("authorization").contains(&format!("Credential={id}/"));
        let refusal = self.service.token_refusal.or((!signed).then_some("UnrecognizedClientException"));
        match refusal {
            Some(code) => answer(400, serde_json::json!({"__type": code}).to_string()),
            None if self.service.garbles_tokens => answer(200, r#"{"SecretAccessKey":"half-a-secret"#.into()),
            None => answer(
                200,
                serde_json::json!({"AccessKeyId": "AKIDTEST", "SecretAccessKey": "s", "SessionToken": "session",
                    "TokenExpirationDate": 1_795_352_400, "UpdateKeyPair": false})
                .to_string(),
            ),
        }
    }

    fn has_credentials(&self) -> bool {
        let Some(found) = registration::read(self).ok().flatten() else { return false };
        let ends = registration::credentials_end(self, &found.instance_id).ok().flatten();
        ends.is_some_and(|ends| ends > self.time())
    }
}

fn key(id: &str, region: &str) -> String {
    serde_json::json!({"instanceID": id, "region": region, "privateKey": private_key()}).to_string()
}

/// One for all machines of a test run: making one takes long.
fn private_key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        let key = RsaPrivateKey::new(&mut rand::thread_rng(), 2048).expect("a key");
        BASE64_STANDARD.encode(key.to_pkcs1_der().expect("a key has an encoding").as_bytes())
    })
}

/// Table, chain, rule.
const OWN_RULES: [(&str, &str, &str); 3] = [
    (
        "nat",
        "PREROUTING",
        "-d 169.254.170.2/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:51679",
    ),
    ("nat", "OUTPUT", "-d 169.254.170.2/32 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 51679"),
    ("filter", "INPUT", "! -i lo -p tcp -m tcp --dport 51678 -j DROP"),
];
