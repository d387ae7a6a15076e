//! The vault: a manifest and one file per entry, all 0600, the folders too.
//!
//! `RegistrationKey` is the truth about the identity; the plain file `registration` is only a copy made
//! after a success, and keeps naming an identity whose key is gone. The stand-in keeps that flaw.

use super::Places;
use crate::clock;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What `RegistrationKey` holds.
#[derive(Serialize, Deserialize, Default, Clone, Debug, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub struct RegistrationKey {
    /// `mi-...`, empty when the machine is not registered.
    #[serde(rename = "instanceID")]
    pub instance_id: String,
    /// The region it is registered in.
    pub region: String,
    /// Always empty off EC2.
    pub instance_type: String,
    /// Always empty off EC2.
    pub availability_zone: String,
    /// Base64 of PKCS #1.
    pub private_key: String,
    /// Always empty.
    pub public_key: String,
    /// `Rsa`.
    pub private_key_type: String,
    /// In Go's notation.
    pub private_key_created_date: String,
}

impl RegistrationKey {
    /// A key of this moment.
    pub fn new(instance_id: &str, region: &str, private_key: &str) -> Self {
        RegistrationKey {
            instance_id: instance_id.into(),
            region: region.into(),
            private_key: private_key.into(),
            private_key_type: "Rsa".into(),
            private_key_created_date: clock::go_notation(Timestamp::now()),
            ..RegistrationKey::default()
        }
    }

    /// Registered means all three: an id, a region, and the key to prove it.
    pub fn is_registered(&self) -> bool {
        !self.instance_id.is_empty() && !self.region.is_empty() && !self.private_key.is_empty()
    }
}

/// The vault's folder.
pub struct Vault {
    folder: PathBuf,
}

impl Vault {
    /// The vault of these places.
    pub fn new(places: &Places) -> Self {
        Vault { folder: places.state().join("Vault") }
    }

    /// The registration; blank when there is none or it cannot be read.
    pub fn registration(&self) -> RegistrationKey {
        self.read("RegistrationKey").and_then(|data| serde_json::from_slice(&data).ok()).unwrap_or_default()
    }

    /// Stores the registration.
    pub fn store_registration(&self, key: &RegistrationKey) -> io::Result<()> {
        self.store("RegistrationKey", &serde_json::to_vec(key)?)
    }

    /// An entry's content, if the manifest names it.
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.manifest().get(name)?).ok()
    }

    /// Writes an entry and names it in the manifest.
    pub fn store(&self, name: &str, data: &[u8]) -> io::Result<()> {
        let store = self.folder.join("Store");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(self.folder.parent().unwrap_or(&self.folder))?;
        fs::DirBuilder::new().recursive(true).mode(0o600).create(&store)?;
        let entry = store.join(name);
        write_private(&entry, data)?;
        let mut manifest = self.manifest();
        manifest.insert(name.into(), entry);
        write_private(&self.folder.join("Manifest"), &serde_json::to_vec(&manifest)?)
    }

    fn manifest(&self) -> BTreeMap<String, PathBuf> {
        let data = fs::read(self.folder.join("Manifest")).unwrap_or_default();
        serde_json::from_slice(&data).unwrap_or_default()
    }
}

/// Writes a file that only its owner can read, whatever its mode was.
pub fn write_private(file: &Path, data: &[u8]) -> io::Result<()> {
    let mut open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    open.set_permissions(fs::Permissions::from_mode(0o600))?;
    open.write_all(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_private_and_named_in_the_manifest() {
        let root = tempfile::tempdir().unwrap();
        let vault = Vault::new(&Places::under(root.path()));
        vault.store_registration(&RegistrationKey::new("mi-1", "us-east-1", "key")).unwrap();
        let mode = |path: &str| {
            fs::metadata(root.path().join("var/lib/amazon/ssm").join(path)).unwrap().permissions().mode()
                & 0o777
        };
        for path in ["Vault", "Vault/Store", "Vault/Manifest", "Vault/Store/RegistrationKey"] {
            assert_eq!(mode(path), 0o600, "{path}");
        }
        assert!(vault.registration().is_registered());
    }

    #[test]
    fn the_fields_have_the_agents_names_and_order() {
        let key = RegistrationKey::new("mi-1", "us-east-1", "key");
        let text = serde_json::to_string(&key).unwrap();
        let start = r#"{"instanceID":"mi-1","region":"us-east-1","instanceType":"","availabilityZone":"","privateKey":"key","publicKey":"","privateKeyType":"Rsa","privateKeyCreatedDate":"2"#;
        assert!(text.starts_with(start), "{text}");
    }

    #[test]
    fn a_key_without_an_instance_is_no_registration() {
        assert!(!RegistrationKey::new("", "", "key").is_registered());
        assert!(!RegistrationKey::default().is_registered());
    }
}
