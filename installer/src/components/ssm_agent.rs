//! The SSM agent: the machine's identity, and the role credentials that everything else uses.

use std::path::PathBuf;

use serde_json::json;

use super::{drop_in_folder, gate as gate_unit, proxy_drop_in, proxy_file};
use crate::config::Config;
use crate::plan::{Item, item};
use crate::registration::AGENT;
use crate::step::{Await, Folders, MergeJson, Register, Step, Unit};

/// The agent's unit.
pub const UNIT: &str = "amazon-ssm-agent.service";
const CREDENTIALS_SECONDS: u64 = 60;

pub(crate) fn gate() -> [Item; 2] {
    gate_unit(
        UNIT,
        "the SSM agent's package starts it at once; without an identity it would probe for a cloud that is not there",
        "",
    )
}

/// For the service; its own call that registers is told of the proxy by its environment.
pub(crate) fn proxy(config: &Config) -> Option<Item> {
    let proxy = config.proxy.as_ref()?;
    Some(proxy_drop_in(UNIT, "the SSM agent reaches AWS through the proxy", proxy))
}

/// The same for agents that somebody else may have installed.
pub(crate) fn late_proxy(config: &Config) -> Vec<Item> {
    proxy(config).map(|proxy| vec![drop_in_folder(UNIT, false), proxy]).unwrap_or_default()
}

pub(crate) fn configuration(config: &Config) -> [Item; 3] {
    let mut keys = json!({"Identity": {"ConsumptionOrder": ["OnPrem"]}});
    if config.endpoints().dual_stack {
        keys["Agent"] = json!({"UseDualStackEndpoint": true});
    }
    [
        item(
            "the SSM agent keeps its identity, its logs and its configuration here, and its package never removes them",
            folders(&["/etc/amazon", "/etc/amazon/ssm", "/var/lib/amazon", "/var/log/amazon"], 0o755),
        ),
        item(
            "the SSM agent writes the role's credentials here, and the ECS agent reads them from here",
            Step::Folders(Folders { paths: vec!["/root/.aws".into()], mode: 0o700, only_if_empty: true }),
        ),
        item(
            "only the registered identity is to be used, never the metadata service of some cloud",
            Step::MergeJson(MergeJson {
                path: PathBuf::from("/etc/amazon/ssm/amazon-ssm-agent.json"),
                keys,
                mode: 0o600,
            }),
        ),
    ]
}

/// An identity that is here already is kept, and must not be held back by the gates that follow.
pub(crate) fn takeover(config: &Config) -> [Item; 1] {
    [item("this machine has an identity already: it is kept, and its agents may go on", register(config))]
}

pub(crate) fn registration(config: &Config) -> [Item; 3] {
    let mut reads = vec![PathBuf::from("/etc/amazon/ssm/amazon-ssm-agent.json"), PathBuf::from(AGENT)];
    reads.extend(config.proxy.iter().map(|_| proxy_file(UNIT)));
    [
        item(
            "the activation turns into this machine's identity; it is used up by this, so it comes after all that can fail",
            register(config),
        ),
        item(
            "the SSM agent proves the identity and fetches the role's credentials",
            Step::Unit(Unit { unit: UNIT.into(), reads }),
        ),
        item(
            "without unexpired credentials the ECS agent would start only to fail",
            Step::Await(Await::Credentials { seconds: CREDENTIALS_SECONDS }),
        ),
    ]
}

fn register(config: &Config) -> Step {
    Step::Register(Register { region: config.region.clone(), expect_account: config.expect_account.clone() })
}

pub(super) fn folders(paths: &[&str], mode: u32) -> Step {
    Step::Folders(Folders { paths: paths.iter().map(PathBuf::from).collect(), mode, only_if_empty: false })
}
