//! One host of an inventory: a line of it, checked.

use std::net::IpAddr;

use landfall_contract::seed::Seed;
use serde::Deserialize;

use super::For;
use crate::recipe::Hostname;

/// A host. It may hold an activation code, so it has no way to print itself.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Host {
    /// Its name.
    pub hostname: Hostname,
    /// AWS region.
    pub region: Option<String>,
    /// ECS cluster.
    pub cluster: Option<String>,
    /// Id of the activation.
    pub activation_id: Option<String>,
    /// Code of the activation.
    pub activation_code: Option<String>,
    /// Custom attributes, `NAME=VALUE`.
    #[serde(default)]
    pub attribute: Vec<String>,
    /// Tags, `KEY=VALUE`.
    #[serde(default)]
    pub tag: Vec<String>,
    /// Proxy.
    pub proxy: Option<String>,
    /// Hosts to reach without it.
    pub no_proxy: Option<String>,
    /// The network card that has the address, by its hardware address.
    pub mac: Option<String>,
    /// Fixed address with its prefix, such as `192.0.2.7/24`; DHCP without it.
    pub address: Option<String>,
    /// Router.
    pub gateway: Option<IpAddr>,
    /// Name servers.
    #[serde(default)]
    pub nameserver: Vec<IpAddr>,
}

impl Host {
    /// What is wrong with it: everything, not the first thing.
    #[must_use]
    pub fn mistakes(&self, whom: For) -> Vec<String> {
        let mut wrong = Vec::new();
        match (&self.activation_id, &self.activation_code) {
            (Some(id), Some(code)) => {
                if id.len() != 36 || !id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
                    wrong.push(format!("'{id}' is not the id of an activation"));
                }
                // Never shown: it is the secret.
                if !(20..=250).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_graphic()) {
                    wrong.push("the activation code has not 20 to 250 characters without spaces".into());
                }
            }
            (Some(_), None) => wrong.push("there is an activation id, and no code".into()),
            (None, Some(_)) => wrong.push("there is an activation code, and no id".into()),
            (None, None) => {
                wrong.push("there is no activation: name its id and code, or give --activation-file".into())
            }
        }
        match &self.region {
            Some(region) if !is_region(region) => wrong.push(format!("'{region}' is not an AWS region")),
            None if whom == For::VendorImage => wrong.push(
                "there is no region, which an untouched vendor image has from nowhere else: name it, or give --region"
                    .into(),
            ),
            _ => {}
        }
        for (what, list) in [("attribute", &self.attribute), ("tag", &self.tag)] {
            let odd =
                list.iter().filter(|it| it.split_once('=').is_none_or(|(name, _)| name.trim().is_empty()));
            wrong.extend(odd.map(|it| format!("the {what} '{it}' is not NAME=VALUE")));
        }
        if self.proxy.as_ref().is_some_and(|it| !it.starts_with("http://") && !it.starts_with("https://")) {
            wrong.push("the proxy is not an address such as http://proxy:3128".into());
        }
        wrong.extend(self.network_mistakes());
        wrong
    }

    fn network_mistakes(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let Some(address) = &self.address else {
            if self.gateway.is_some() || !self.nameserver.is_empty() || self.mac.is_some() {
                wrong.push("mac, gateway and nameserver need an address".into());
            }
            return wrong;
        };
        let fits = address.split_once('/').and_then(|(ip, prefix)| {
            let longest = if ip.parse::<IpAddr>().ok()?.is_ipv4() { 32 } else { 128 };
            prefix.parse::<u8>().ok().filter(|prefix| *prefix <= longest)
        });
        if fits.is_none() {
            wrong.push(format!("'{address}' is not an address with its prefix, such as 192.0.2.7/24"));
        }
        match &self.mac {
            None => wrong.push("a fixed address needs the mac of its network card".into()),
            Some(mac) if !is_mac(mac) => {
                wrong.push(format!("'{mac}' is not a mac, such as 52:54:00:12:34:56"))
            }
            Some(_) => {}
        }
        wrong
    }

    /// What the machine is told.
    #[must_use]
    pub fn seed(&self) -> Seed {
        Seed {
            region: self.region.clone(),
            cluster: self.cluster.clone(),
            activation_id: self.activation_id.clone(),
            activation_code: self.activation_code.clone(),
            attribute: self.attribute.clone(),
            tag: self.tag.clone(),
            proxy: self.proxy.clone(),
            no_proxy: self.no_proxy.clone(),
        }
    }
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    matches!(&parts[..], [words @ .., number] if words.len() >= 2 && words.iter().all(word) && number.parse::<u8>().is_ok())
}

fn is_mac(text: &str) -> bool {
    let pair = |pair: &str| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
    text.split(':').count() == 6 && text.split(':').all(pair)
}
