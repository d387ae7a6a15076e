//! What the simulated account holds: activations, managed instances, role sessions, clusters and container
//! instances. Plain data with the rules that belong to it; who may ask is `access`'s affair. It is written to
//! the state folder after each change, so that a rehearsal survives a restart of the simulator.

use crate::{identities, sigv4};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything that the account holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct World {
    pub activations: Vec<Activation>,
    pub managed_instances: Vec<ManagedInstance>,
    pub sessions: Vec<Session>,
    pub clusters: Vec<String>,
    pub container_instances: Vec<ContainerInstance>,
}

/// A hybrid activation. Its code is kept as a digest only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Activation {
    /// Its id, a UUID.
    pub activation_id: String,
    /// SHA-256 of its code, in hexadecimal.
    pub code_digest: String,
    /// How many machines may register with it.
    pub registration_limit: u32,
    /// How many have.
    pub registrations_count: u32,
    /// After this it is refused.
    pub expiration_date: Timestamp,
}

/// A fresh activation, in the shape of `aws ssm create-activation`: the only time that the code is shown.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewActivation {
    /// Its id, a UUID.
    pub activation_id: String,
    /// Its code.
    pub activation_code: String,
}

/// A machine that registered with an activation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManagedInstance {
    /// `mi-` and 17 hexadecimal digits.
    pub instance_id: String,
    /// The activation that it used.
    pub activation_id: String,
    /// The fingerprint that it registered with.
    pub fingerprint: String,
    /// Its public key: base64 of a DER SubjectPublicKeyInfo.
    pub public_key: String,
    /// When it registered.
    pub registered_at: Timestamp,
    /// When it last sent UpdateInstanceInformation.
    pub last_ping_at: Option<Timestamp>,
    /// What it last said of itself (the body of UpdateInstanceInformation).
    pub information: Value,
    /// How many role tokens it was given.
    pub role_tokens: u32,
}

/// Temporary credentials of a managed instance.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    pub access_key: String,
    pub secret: String,
    pub token: String,
    pub instance_id: String,
    pub expires: Timestamp,
}

/// A machine in a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContainerInstance {
    /// Its ARN.
    pub arn: String,
    /// The short name of its cluster.
    pub cluster: String,
    /// The managed instance behind it.
    pub instance_id: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// Whether its agent's websocket is open.
    pub agent_connected: bool,
    /// How often it registered under this ARN.
    pub registrations: u32,
    /// The attributes as sent.
    pub attributes: Value,
    /// The tags as sent.
    pub tags: Value,
    /// The resources as sent.
    pub resources: Value,
    /// What the agent said of its own version.
    pub version_info: Value,
    /// The client token of its first registration.
    pub client_token: String,
    /// When it first registered.
    pub registered_at: Timestamp,
}

impl World {
    /// An account with the clusters `default` and `test-cluster`.
    pub fn fresh() -> World {
        World { clusters: vec!["default".to_owned(), "test-cluster".to_owned()], ..World::default() }
    }

    /// Makes an activation; a lifetime of zero or less is one that has run out.
    pub fn activate(&mut self, limit: u32, lifetime: SignedDuration) -> NewActivation {
        let new = NewActivation {
            activation_id: identities::uuid(),
            activation_code: identities::activation_code(),
        };
        self.activations.push(Activation {
            activation_id: new.activation_id.clone(),
            code_digest: sigv4::sha256(new.activation_code.as_bytes()),
            registration_limit: limit,
            registrations_count: 0,
            expiration_date: Timestamp::now().saturating_add(lifetime).unwrap_or(Timestamp::MAX),
        });
        new
    }

    pub fn managed_instance(&self, id: &str) -> Option<&ManagedInstance> {
        self.managed_instances.iter().find(|instance| instance.instance_id == id)
    }

    pub fn managed_instance_mut(&mut self, id: &str) -> Option<&mut ManagedInstance> {
        self.managed_instances.iter_mut().find(|instance| instance.instance_id == id)
    }

    pub fn session(&self, access_key: &str) -> Option<&Session> {
        self.sessions.iter().find(|session| session.access_key == access_key)
    }

    /// Issues temporary credentials, and forgets those that ran out a day ago.
    pub fn open_session(&mut self, instance_id: &str, lifetime: SignedDuration) -> Session {
        let now = Timestamp::now();
        self.sessions.retain(|session| session.expires + SignedDuration::from_hours(24) > now);
        let session = Session {
            access_key: identities::access_key_id(),
            secret: identities::secret_access_key(),
            token: identities::session_token(),
            instance_id: instance_id.to_owned(),
            expires: now + lifetime,
        };
        self.sessions.push(session.clone());
        session
    }

    pub fn container_instance_mut(&mut self, arn: &str) -> Option<&mut ContainerInstance> {
        self.container_instances.iter_mut().find(|instance| instance.arn == arn)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({} of {})", self.access_key, self.instance_id)
    }
}

impl std::fmt::Debug for NewActivation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewActivation({})", self.activation_id)
    }
}
