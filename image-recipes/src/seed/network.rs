//! `network-config` of a seed: cloud-init's version 2, for a host with a fixed address. Without one there is no
//! such file, and the image does what it does: DHCP.

use serde_json::{Map, Value, json};

use super::Host;
use crate::render::yaml;

/// The file, where the host needs one.
#[must_use]
pub fn config(host: &Host) -> Option<String> {
    let (address, mac) = (host.address.as_ref()?, host.mac.as_ref()?);
    let mut card = Map::new();
    // By its address: names of cards differ between systems, and not every system can match one by a pattern.
    card.insert("match".into(), json!({ "macaddress": mac.to_lowercase() }));
    card.insert("dhcp4".into(), json!(false));
    card.insert("dhcp6".into(), json!(false));
    card.insert("addresses".into(), json!([address]));
    if let Some(gateway) = host.gateway {
        // 'default' is a word that older netplans do not know.
        let all = if gateway.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
        card.insert("routes".into(), json!([{ "to": all, "via": gateway.to_string() }]));
    }
    if !host.nameserver.is_empty() {
        card.insert("nameservers".into(), json!({ "addresses": host.nameserver }));
    }
    let config = json!({ "version": 2, "ethernets": { "primary": Value::Object(card) } });
    Some(yaml::block(&config))
}
