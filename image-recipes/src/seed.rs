//! Seed disks: how a machine is told where to register, and by an untouched vendor image also with what.
//!
//! A seed is a small FAT disk that cloud-init (NoCloud) and Landfall's first boot both take. The binary is not on
//! it: it rides on a medium of its own, which all machines share. The activation stands in `landfall.toml` alone,
//! never in user data, which cloud-init keeps, and never on a command line, which everybody can read.

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

pub mod fat;
pub mod host;
pub mod inventory;
mod network;
pub mod private;
pub mod signing;
#[cfg(test)]
mod tests;
mod vendor;

pub use host::Host;
pub use signing::Signer;
pub use vendor::user_data;

/// A seed has to stay below this: hypervisors keep one for each machine.
const LARGEST: usize = 1 << 20;

/// Whom a seed is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// A clone of a golden image: its own first boot reads the seed.
    GoldenImage,
    /// An untouched vendor image: cloud-init runs Landfall from the shared medium.
    VendorImage,
}

/// The seed disk of a host. The same host gives the same bytes, and another seed another instance-id, so that
/// cloud-init takes it for news.
///
/// # Errors
/// When it would not be small, or cannot be signed.
pub fn disk(host: &Host, whom: For, signer: Option<&Signer>) -> Result<Vec<u8>> {
    let seed = toml::to_string(&host.seed()).map_err(|e| Error::bug(e.to_string()))?;
    let user_data = match whom {
        For::GoldenImage => "#cloud-config\n{}\n".to_owned(),
        For::VendorImage => vendor::user_data(),
    };
    let network = network::config(host);
    let id = instance_id(&[&seed, &user_data, network.as_deref().unwrap_or_default()]);
    let name = host.hostname.as_str();
    let meta_data = format!("instance-id: {name}-{id}\nlocal-hostname: {name}\n");
    let signature = signer.map(|signer| signer.sign(seed.as_bytes(), name)).transpose()?;
    let signature_name = format!("{}.minisig", landfall_contract::seed::FILE);
    let mut files: Vec<(&str, &[u8])> = vec![
        ("meta-data", meta_data.as_bytes()),
        ("user-data", user_data.as_bytes()),
        (landfall_contract::seed::FILE, seed.as_bytes()),
    ];
    if let Some(network) = &network {
        files.push(("network-config", network.as_bytes()));
    }
    if let Some(signature) = &signature {
        files.push((&signature_name, signature.as_bytes()));
    }
    let disk = fat::disk(fat::CIDATA, &files)?;
    if disk.len() >= LARGEST {
        return Err(Error::refused(format!(
            "the seed of {name} has {} bytes, and must stay below 1 MB",
            disk.len()
        )));
    }
    Ok(disk)
}

/// The medium with the binary, for all machines alike: no secret is on it.
///
/// # Errors
/// When it cannot be made.
pub fn shared_medium(landfall: &[u8]) -> Result<Vec<u8>> {
    fat::disk(fat::BINARY, &[("landfall", landfall)])
}

fn instance_id(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    hex::encode(&digest.finalize()[..6])
}
