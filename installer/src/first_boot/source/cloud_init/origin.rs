//! Where cloud-init has its metadata from, and whether a seed from there counts.
//!
//! Its instance data say so in `v1.platform` and `v1.subplatform`: <https://docs.cloud-init.io/en/latest/explanation/instancedata.html>.
//! cloud-init takes a stick's metadata as gladly as a hypervisor's, and adds up what several places have, which it
//! names all, with commas between them. So each of them has to be one that counts by itself.

use std::path::Path;

use serde_json::Value;

use super::super::disk::{Kind, kind_of_device};
use super::{Policy, Source};
use crate::error::Result;
use crate::host::Host;

/// What a place takes to count.
enum Standing {
    /// Nothing: whoever made the image, or runs the machine, put it there.
    Counts,
    /// That the policy names this source: somebody else may have put it there.
    Needs(Source),
    /// Nobody on a network is known to be who they should be.
    OverNetwork,
    /// It is none that Landfall knows.
    Unknown,
}

/// What speaks against metadata that came from there, in words; nothing where they count.
pub(super) fn objection(host: &dyn Host, policy: &Policy, v1: &Value) -> Result<Option<String>> {
    let word = |name: &str| v1[name].as_str().unwrap_or_default();
    let (platform, said) = (word("platform"), word("subplatform"));
    if matches!(said, "" | "unknown") {
        // The sensitive values are in a file since 18.4, this is since 18.5.
        return Ok(Some(
            "cloud-init does not say where it has it from, as it does since version 18.5".into(),
        ));
    }
    let (kind, places) = said.strip_suffix(')').and_then(|it| it.split_once(" (")).unwrap_or((said, ""));
    for place in places.split(',') {
        let why = match standing(host, platform, kind, place)? {
            Standing::Counts => continue,
            Standing::Needs(source) if policy.sources.contains(&source) => continue,
            Standing::Needs(source) => {
                format!("and the policy of this image does not have '{}' among its sources", source.name())
            }
            Standing::OverNetwork => "which is over the network, where anybody may answer".into(),
            Standing::Unknown => "which Landfall does not know".into(),
        };
        // Parts of it may be of a stranger's making.
        return Ok(Some(format!("it came by {}, {why}", said.replace(char::is_control, "?"))));
    }
    Ok(None)
}

fn standing(host: &dyn Host, platform: &str, kind: &str, place: &str) -> Result<Standing> {
    use Standing::{Counts, Needs, OverNetwork, Unknown};
    Ok(match (kind, place) {
        // VMware's hypervisor, LXD's host, and cloud-init's own configuration.
        ("guestinfo" | "imc", _) | ("config", "") => Counts,
        (kind, _) if kind.starts_with("LXD socket") => Counts,
        ("metadata", _) if platform == "openstack" => Needs(Source::Openstack),
        ("metadata" | "imds", _) => OverNetwork,
        ("seed-dir" | "config-disk" | "configdrive", place) => match place {
            // The serial number in the firmware, which the hypervisor sets as it does the strings beside it.
            "dmi" | "ds_config" | "ds_config_seedfrom" => Counts,
            "cmdline" => Needs(Source::KernelCommandLine),
            _ if place.starts_with("/dev/") => match kind_of_device(host, Path::new(place))? {
                Kind::Fixed => Counts,
                Kind::Removable => Needs(Source::RemovableDisk),
            },
            // TLS knows the server, and whoever named it is among the places.
            _ if ["/", "file://", "https://"].iter().any(|way| place.starts_with(way)) => Counts,
            _ if place.contains("://") => OverNetwork,
            _ => Unknown,
        },
        _ => Unknown,
    })
}
