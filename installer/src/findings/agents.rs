//! What both agents left on the disk: identities that are not of this machine, state that is not of this
//! identity, and choices that come too late.

use std::collections::BTreeMap;

use super::{Code, Finding};
use crate::config::Config;
use crate::facts::{AGENT_STATE, Facts};
use crate::guard;

pub(super) fn findings(facts: &Facts, config: &Config) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(copy(facts));
    found.extend(clone(facts));
    found.extend(saved_state(facts, config));
    found.extend(late_choices(facts, config));
    let mut add = |there: bool, code, sentence: &str, remedy: &str| {
        if there {
            found.push(Finding::new(code, sentence, remedy));
        }
    };
    add(
        facts.agent_files.blank_vault,
        Code::BlankVault,
        "the SSM agent's key files hold no identity: a registration was refused, or was taken back",
        "nothing: 'landfall up' registers anew",
    );
    add(
        facts.agent_files.ssm_snap && !facts.has_package("amazon-ssm-agent"),
        Code::SsmAgentSnap,
        "the SSM agent is here as a snap, and its package refuses to be installed beside it",
        "remove it ('snap remove amazon-ssm-agent'), and run again",
    );
    found
}

fn copy(facts: &Facts) -> Option<Finding> {
    let quarantine = facts.quarantine.as_ref()?;
    Some(Finding::new(Code::CopiedMachine, quarantine.sentence(), guard::HINT))
}

fn clone(facts: &Facts) -> Option<Finding> {
    if facts.quarantine.is_some() {
        // The guard says the same, and with it the way out that it knows.
        return None;
    }
    let registration = facts.registration.as_ref()?;
    let other = facts.agent_files.fingerprint_of.as_ref();
    other.filter(|other| facts.machine_id.as_ref().is_some_and(|own| own != *other))?;
    let state =
        if facts.agent_files.saved_state { format!(", 'rm -f {AGENT_STATE}'") } else { String::new() };
    Some(Finding::new(
        Code::ClonedIdentity,
        format!(
            "{} was registered for a machine with another machine-id: this is a copy of it",
            registration.instance_id
        ),
        format!(
            "give this one an identity of its own: 'systemctl stop ecs amazon-ssm-agent', 'amazon-ssm-agent -register \
             -clear'{state}, then 'landfall up' with an activation"
        ),
    ))
}

/// The agent ends for good where what it saved is of another cluster, or of an identity that is gone.
/// A running agent says itself where it is.
fn saved_state(facts: &Facts, config: &Config) -> Option<Finding> {
    if facts.ecs_agent.is_some() || !facts.agent_files.saved_state {
        return None;
    }
    let remedy = format!("'systemctl stop ecs' and 'rm {AGENT_STATE}', then run again");
    if facts.registration.is_none() && facts.unseen.is_empty() {
        return Some(Finding::new(
            Code::StaleAgentState,
            "the ECS agent has saved what it was a part of, but the identity that it was then is gone",
            remedy,
        ));
    }
    let saved = facts.agent_files.saved_cluster.as_ref()?;
    let wanted = config.cluster.as_ref().filter(|wanted| *wanted != saved)?;
    Some(Finding::new(
        Code::OtherCluster,
        format!("the ECS agent has joined the cluster {saved}, not {wanted}"),
        format!("run with --cluster {saved}; to move this machine: {remedy}"),
    ))
}

/// The agent sends these with its first registration, and with no later one.
fn late_choices(facts: &Facts, config: &Config) -> Vec<Finding> {
    if !facts.is_container_instance() || facts.agent_files.configuration_unseen {
        return Vec::new();
    }
    let running = facts.ecs_agent.as_ref();
    let arn = running.and_then(|agent| agent.container_instance_arn.as_deref());
    let arn = arn.unwrap_or("<the ARN in 'landfall status', once the ECS agent runs>");
    let changed = |wanted: &BTreeMap<String, String>, told: &BTreeMap<String, String>| {
        !wanted.is_empty() && wanted != told
    };
    let saved = facts.agent_files.saved_cluster.as_deref().unwrap_or("<its cluster>");
    let cluster = running.map_or(saved, |agent| agent.cluster.as_str());
    let mut found = Vec::new();
    if changed(&config.attributes, &facts.agent_files.attributes) {
        let list: Vec<String> = config
            .attributes
            .iter()
            .map(|(name, value)| format!("name={name},value={value},targetId={arn}"))
            .collect();
        found.push(Finding::new(
            Code::LateAttributes,
            "attributes are sent with the first registration only, and this machine is registered already",
            format!("'aws ecs put-attributes --cluster {cluster} --attributes {}'", list.join(" ")),
        ));
    }
    if changed(&config.tags, &facts.agent_files.tags) {
        let list: Vec<String> =
            config.tags.iter().map(|(key, value)| format!("key={key},value={value}")).collect();
        found.push(Finding::new(
            Code::LateTags,
            "tags are sent with the first registration only, and this machine is registered already",
            format!("'aws ecs tag-resource --resource-arn {arn} --tags {}'", list.join(" ")),
        ));
    }
    found
}
