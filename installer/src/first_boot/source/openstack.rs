//! OpenStack's metadata service, on machines whose firmware says that they are OpenStack's, and no others: on
//! any other network whoever answers at that address is somebody else.
//!
//! It speaks plain HTTP, which is bearable only because the address is link-local and never sent through a proxy
//! or a router. Whoever is on the link may still answer in its place, so a policy has to name this source.

use std::path::Path;

use serde_json::Value;

use super::cloud_init::of_metadata;
use super::{Found, Source};
use crate::error::Result;
use crate::host::Host;

/// As cloud-init knows them: its product names, and the asset tags of clouds made of it.
const FIRMWARE: [(&str, &[&str]); 2] = [
    ("product_name", &["OpenStack Nova", "OpenStack Compute"]),
    (
        "chassis_asset_tag",
        &["OpenStack Nova", "OpenStack Compute", "HUAWEICLOUD", "OpenTelekomCloud", "SAP CCloud VM"],
    ),
];

pub(super) fn look(host: &dyn Host) -> Result<Option<Found>> {
    if !is_here(host)? {
        return Ok(None);
    }
    let Some(text) = host.openstack_metadata() else { return Ok(None) };
    let Ok(data) = serde_json::from_str::<Value>(text.expose()) else { return Ok(None) };
    of_metadata(Source::Openstack, "OpenStack's metadata service", &data["meta"])
}

/// Whether the firmware says that this is OpenStack.
pub(super) fn is_here(host: &dyn Host) -> Result<bool> {
    for (field, words) in FIRMWARE {
        let content = host.read(&Path::new("/sys/class/dmi/id").join(field))?.unwrap_or_default();
        if words.contains(&String::from_utf8_lossy(&content).trim()) {
            return Ok(true);
        }
    }
    Ok(false)
}
