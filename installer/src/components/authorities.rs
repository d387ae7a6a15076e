//! Whom the system trusts with TLS, for those who would not ask it.

use std::path::PathBuf;

use distro_matrix::{Distro, Format};

use crate::config::Config;
use crate::plan::{Item, item};
use crate::step::{CopyFile, Step};

/// Where systems keep the authorities that they trust, in one file.
const KNOWN_PLACES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// In a folder that the ECS agent's container is given.
pub(crate) const OF_THE_ECS_AGENT: &str = "/etc/ecs/landfall-authorities.pem";

/// The file that was chosen, or wherever the system has its own.
pub(crate) fn places(config: &Config) -> Vec<PathBuf> {
    match &config.certs_file {
        Some(file) => vec![file.clone()],
        None => KNOWN_PLACES.map(PathBuf::from).to_vec(),
    }
}

/// Whether the ECS agent of this release asks the system whom to trust: the .deb gives its container
/// `/etc/ssl`, and the .rpm gives it nothing, so that an authority of one's own counts for nothing.
pub(crate) fn are_brought(distro: &Distro) -> bool {
    distro.packages.agents == Format::Rpm
}

pub(crate) fn for_the_ecs_agent(config: &Config, distro: &Distro) -> Option<Item> {
    let copy = CopyFile { from: places(config), path: PathBuf::from(OF_THE_ECS_AGENT), mode: 0o644 };
    let why = "the ECS agent's container sees nothing of the authorities that this system trusts, among them maybe your own";
    are_brought(distro).then(|| item(why, Step::CopyFile(copy)))
}
