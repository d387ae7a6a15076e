//! Docker's own configuration: what in it the agents cannot live with, and what they can hardly.

use super::{Code, Finding};
use crate::facts::{DAEMON_JSON, Facts};

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let told = &facts.docker_configuration;
    let mut found = Vec::new();
    let mut add = |code, sentence: String, remedy: &str| found.push(Finding::new(code, sentence, remedy));
    if let Some(why) = &told.broken {
        add(
            Code::DockerJsonBroken,
            format!("{DAEMON_JSON} is not JSON ({why}), so Docker does not start"),
            "mend it, or move it away",
        );
    }
    if let Some(bridge) = told.bridge.as_deref().filter(|bridge| *bridge != "docker0") {
        add(
            Code::DockerNoBridge,
            format!(
                "\"bridge\" is \"{bridge}\" in {DAEMON_JSON}, and the ECS agent needs Docker's own bridge"
            ),
            "take that line out, and restart Docker",
        );
    }
    // Whoever runs it so has changed its unit.
    if told.hosts && facts.docker.is_none() {
        add(
            Code::DockerHosts,
            format!(
                "\"hosts\" is set in {DAEMON_JSON} and, as a rule, on the command line of Docker's unit too, so Docker does not start"
            ),
            "take that line out, or give docker.service a drop-in whose ExecStart has no -H",
        );
    }
    if told.iptables == Some(false) {
        add(
            Code::DockerNoIptables,
            format!(
                "\"iptables\" is false in {DAEMON_JSON}, so containers on the bridge reach nothing by themselves"
            ),
            "take that line out and restart Docker, or make those rules yourself",
        );
    }
    if let Some(user) = &told.userns_remap {
        add(
            Code::DockerUsernsRemap,
            format!(
                "\"userns-remap\" is \"{user}\" in {DAEMON_JSON}, and tasks that need the host's own users do not start"
            ),
            "take that line out, unless no task needs them",
        );
    }
    found
}
