//! What the SSM agent's own files say about this machine's identity.
//!
//! The truth is `Vault/Store/RegistrationKey` with an instance id, a private key and a region. The
//! agent writes that file with an empty id *before* it asks the service, and leaves the older
//! `registration` file in place when it blanks the key, so the existence of either proves nothing.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::Result;
use crate::host::Machine;
use crate::secret::Secret;

/// Where an agent keeps an identity.
#[derive(Debug, Clone, Copy)]
pub struct Store {
    /// Its key store.
    pub vault: &'static str,
    /// Its note whose credentials it wrote, and until when they are good.
    pub identity: &'static str,
    /// The credentials.
    pub credentials: &'static str,
}

/// Where the agent keeps it on Linux.
pub const LINUX: Store = Store { vault: VAULT, identity: IDENTITY, credentials: CREDENTIALS };

/// The agent's program, which makes the registration and blanks it.
pub const AGENT: &str = "/usr/bin/amazon-ssm-agent";
/// The agent's key store.
pub const VAULT: &str = "/var/lib/amazon/ssm/Vault";
const KEY: &str = "Store/RegistrationKey";
const FINGERPRINT: &str = "Store/InstanceFingerprint";
const MANIFEST: &str = "Manifest";
/// Where the SSM agent notes whose credentials it wrote, and until when they are good.
pub const IDENTITY: &str = "/var/lib/amazon/ssm/runtimeconfig/identity_config.json";
/// Where the SSM agent puts the role's credentials, and the ECS agent takes them from.
pub const CREDENTIALS: &str = "/root/.aws/credentials";

/// A managed instance's identity on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// `mi-` and 17 hexadecimal figures.
    pub instance_id: String,
    /// The region it was made in.
    pub region: String,
}

/// A registration that was begun here and of which no answer was written down: the service may know an
/// instance that nobody uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// When it was begun, in the agent's own words.
    pub begun: String,
}

#[derive(Deserialize)]
struct RegistrationKey {
    #[serde(default, rename = "instanceID")]
    instance_id: Option<String>,
    #[serde(default)]
    region: Option<String>,
    #[serde(default, rename = "privateKey")]
    private_key: Option<Secret>,
    #[serde(default, rename = "privateKeyCreatedDate")]
    created: Option<String>,
}

/// An identity with what proves it.
pub struct Identity {
    /// Whose it is.
    pub registration: Registration,
    /// The private key: base64 of PKCS #1.
    pub private_key: Secret,
    /// What the service knows the machine by.
    pub fingerprint: String,
}

/// The identity that is in the Vault, if a whole one is.
///
/// # Errors
/// When the machine cannot be read; a broken file is no identity.
pub fn read(host: &dyn Machine) -> Result<Option<Registration>> {
    LINUX.read(host)
}

/// The same with what proves it; `None` also where the fingerprint is missing.
///
/// # Errors
/// When the machine cannot be read.
pub fn identity(host: &dyn Machine) -> Result<Option<Identity>> {
    LINUX.identity(host)
}

/// The fingerprint that is in the Vault, whatever else is.
///
/// # Errors
/// When the machine cannot be read.
pub fn fingerprint(host: &dyn Machine) -> Result<Option<String>> {
    LINUX.fingerprint(host)
}

/// The instance id in the key file, also where the rest of the identity is missing.
///
/// # Errors
/// When the machine cannot be read.
pub fn instance_id(host: &dyn Machine) -> Result<Option<String>> {
    let text = host.read(&LINUX.key_file())?.map(Zeroizing::new);
    let key = text.and_then(|text| serde_json::from_slice::<RegistrationKey>(&text).ok());
    Ok(key.and_then(|key| key.instance_id).filter(|id| !id.is_empty()))
}

/// Whether the agent's key file is there, whatever is in it: it then asks before it registers again.
///
/// # Errors
/// When the machine cannot be read.
pub fn is_begun(host: &dyn Machine) -> Result<bool> {
    LINUX.is_begun(host)
}

/// What a registration left that was cut short between the service's answer and the disk. A Vault that was
/// cleared has no private key either, and is none.
///
/// # Errors
/// When the machine cannot be read.
pub fn orphan(host: &dyn Machine) -> Result<Option<Orphan>> {
    LINUX.orphan(host)
}

/// When the role credentials that are on disk end; `None` where there are none for this instance.
///
/// # Errors
/// When the machine cannot be read.
pub fn credentials_end(host: &dyn Machine, instance_id: &str) -> Result<Option<Timestamp>> {
    LINUX.credentials_end(host, instance_id)
}

impl Store {
    /// The identity in it, if a whole one is; a broken file is none.
    ///
    /// # Errors
    /// When the machine cannot be read.
    pub fn read(&self, host: &dyn Machine) -> Result<Option<Registration>> {
        Ok(self.with_key(host)?.map(|(registration, _)| registration))
    }

    /// The same with what proves it.
    ///
    /// # Errors
    /// When the machine cannot be read.
    pub fn identity(&self, host: &dyn Machine) -> Result<Option<Identity>> {
        let (Some((registration, private_key)), Some(fingerprint)) =
            (self.with_key(host)?, self.fingerprint(host)?)
        else {
            return Ok(None);
        };
        Ok(Some(Identity { registration, private_key, fingerprint }))
    }

    /// The fingerprint in it, whatever else is.
    ///
    /// # Errors
    /// When the machine cannot be read.
    pub fn fingerprint(&self, host: &dyn Machine) -> Result<Option<String>> {
        #[derive(Deserialize)]
        struct InstanceFingerprint {
            fingerprint: String,
        }
        let text = host.read(&Path::new(self.vault).join(FINGERPRINT))?.unwrap_or_default();
        let stored = serde_json::from_slice::<InstanceFingerprint>(&text).ok();
        Ok(stored.map(|it| it.fingerprint).filter(|text| !text.is_empty()))
    }

    fn with_key(&self, host: &dyn Machine) -> Result<Option<(Registration, Secret)>> {
        let Some(text) = host.read(&self.key_file())?.map(Zeroizing::new) else { return Ok(None) };
        let Ok(key) = serde_json::from_slice::<RegistrationKey>(&text) else { return Ok(None) };
        // The agent finds its key through this list, and syncs neither: a power cut can take one alone.
        let manifest = host.read(&Path::new(self.vault).join(MANIFEST))?.unwrap_or_default();
        if serde_json::from_slice::<serde_json::Value>(&manifest).is_err() {
            return Ok(None);
        }
        let filled = |field: Option<String>| field.filter(|text| !text.is_empty());
        let private_key = key.private_key.filter(|key| !key.expose().is_empty());
        let (Some(instance_id), Some(region), Some(private_key)) =
            (filled(key.instance_id), filled(key.region), private_key)
        else {
            return Ok(None);
        };
        Ok(Some((Registration { instance_id, region }, private_key)))
    }

    /// Whether a key file is there, whatever is in it.
    ///
    /// # Errors
    /// When the machine cannot be read.
    pub fn is_begun(&self, host: &dyn Machine) -> Result<bool> {
        Ok(host.stat(&self.key_file())?.is_some())
    }

    /// What a registration left that was cut short.
    ///
    /// # Errors
    /// When the machine cannot be read.
    pub fn orphan(&self, host: &dyn Machine) -> Result<Option<Orphan>> {
        let Some(text) = host.read(&self.key_file())? else { return Ok(None) };
        let Ok(key) = serde_json::from_slice::<RegistrationKey>(&text) else { return Ok(None) };
        let filled = |field: Option<String>| field.filter(|text| !text.is_empty());
        if filled(key.instance_id).is_some() || key.private_key.is_none_or(|key| key.expose().is_empty()) {
            return Ok(None);
        }
        Ok(Some(Orphan { begun: filled(key.created).unwrap_or_else(|| "an unknown day".into()) }))
    }

    /// When the role credentials on disk end, where they are of this instance.
    ///
    /// # Errors
    /// When the machine cannot be read.
    pub fn credentials_end(&self, host: &dyn Machine, instance_id: &str) -> Result<Option<Timestamp>> {
        #[derive(Deserialize)]
        struct Identity {
            #[serde(rename = "InstanceId")]
            instance_id: String,
            #[serde(rename = "CredentialsExpiresAt")]
            ends: String,
        }
        if host.read(Path::new(self.credentials))?.unwrap_or_default().trim_ascii().is_empty() {
            return Ok(None);
        }
        let Some(text) = host.read(Path::new(self.identity))? else { return Ok(None) };
        let identity = serde_json::from_slice::<Identity>(&text).ok();
        Ok(identity.filter(|it| it.instance_id == instance_id).and_then(|it| it.ends.parse().ok()))
    }

    fn key_file(&self) -> PathBuf {
        Path::new(self.vault).join(KEY)
    }
}
