//! A machine as AWS sees it: a key pair, a fingerprint, and later an identity and credentials.

use crate::client::{Answer, Client, Request};
use crate::signer::{self, Credentials};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use ring::signature::RsaKeyPair;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

pub const FINGERPRINT: &str = "8b9e988c-de00-4854-9c0f-e78f273da8fb";

/// A key pair and its public half as SSM wants it. Slow to make, so tests share two.
#[derive(Clone)]
pub struct Key {
    pub pair: Arc<RsaKeyPair>,
    pub public: String,
}

pub struct Machine {
    pub client: Client,
    pub key: Key,
    pub instance_id: String,
    pub credentials: Credentials,
}

impl Key {
    pub fn usual() -> Key {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(Key::generate).clone()
    }

    pub fn other() -> Key {
        static KEY: OnceLock<Key> = OnceLock::new();
        KEY.get_or_init(Key::generate).clone()
    }

    fn generate() -> Key {
        let private = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
        let public = private.to_public_key().to_public_key_der().unwrap();
        let pair = RsaKeyPair::from_pkcs8(private.to_pkcs8_der().unwrap().as_bytes()).unwrap();
        Key { pair: Arc::new(pair), public: STANDARD.encode(public) }
    }
}

impl Machine {
    pub fn new(client: Client) -> Machine {
        Machine { client, key: Key::usual(), instance_id: String::new(), credentials: Credentials::default() }
    }

    pub fn register(&mut self, id: &str, code: &str) -> Answer {
        let body = json!({
            "ActivationCode": code,
            "ActivationId": id,
            "Fingerprint": FINGERPRINT,
            "PublicKey": self.key.public,
            "PublicKeyType": "Rsa",
        });
        let answer = self.client.send(&call("ssm", "AmazonSSM.RegisterManagedInstance", &body));
        if answer.status == 200 {
            self.instance_id = answer.json()["InstanceId"].as_str().unwrap().to_owned();
        }
        answer
    }

    pub fn request_role_token(&mut self) -> Answer {
        self.request_role_token_as(FINGERPRINT, SignedDuration::ZERO)
    }

    pub fn request_role_token_as(&mut self, fingerprint: &str, age: SignedDuration) -> Answer {
        let target = "AmazonSSM.RequestManagedInstanceRoleToken";
        let mut request = call("ssm", target, &json!({"Fingerprint": fingerprint}));
        request.chunked = true;
        let request = signer::sign_with_key(request, &self.instance_id, &self.key.pair, age);
        let answer = self.client.send(&request);
        if answer.status == 200 {
            let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
            self.credentials = Credentials {
                access_key: text("AccessKeyId"),
                secret: text("SecretAccessKey"),
                token: text("SessionToken"),
            };
        }
        answer
    }

    pub fn ssm(&self, operation: &str, body: &Value) -> Answer {
        let request = call("ssm", &format!("AmazonSSM.{operation}"), body);
        self.client.send(&signer::sign(request, "ssm", &self.credentials))
    }

    pub fn ecs(&self, operation: &str, body: &Value) -> Answer {
        let request = call("ecs", &format!("AmazonEC2ContainerServiceV20141113.{operation}"), body);
        self.client.send(&signer::sign(request, "ecs", &self.credentials))
    }

    pub fn caller_identity(&self) -> Answer {
        self.client.send(&signer::sign(caller_identity(), "sts", &self.credentials))
    }
}

/// An unsigned call in SSM's and ECS's protocol.
pub fn call(service: &str, target: &str, body: &Value) -> Request {
    let mut request = Request::new("POST", &format!("{service}.us-east-1.amazonaws.com"), "/")
        .header("Content-Type", "application/x-amz-json-1.1")
        .header("X-Amz-Target", target);
    request.body = body.to_string();
    request
}

/// An unsigned GetCallerIdentity.
pub fn caller_identity() -> Request {
    let mut request = Request::new("POST", "sts.us-east-1.amazonaws.com", "/")
        .header("Content-Type", "application/x-www-form-urlencoded");
    request.body = "Action=GetCallerIdentity&Version=2011-06-15".to_owned();
    request
}
