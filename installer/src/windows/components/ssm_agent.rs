//! The SSM agent: it proves who this machine is, and brings its credentials.

use std::path::PathBuf;

use serde_json::json;

use crate::config::Config;
use crate::plan::{Item, item};
use crate::step::MergeJson;
use crate::windows::door::Start;
use crate::windows::facts::Facts;
use crate::windows::places::{SSM, SSM_SERVICE};
use crate::windows::step::{Pin, Register, ServiceStep, SsmAgent, Step};

use super::proxy_of;

/// What brings it, and holds it back while there is no identity.
pub fn steps(facts: &Facts, config: &Config, pin: Option<Pin>) -> Vec<Item<Step>> {
    let url = config.endpoints().ssm_setup(config.ssm_version.as_deref());
    let mut steps = vec![
        item(
            "the SSM agent proves who this machine is, and brings its credentials",
            Step::SsmAgent(SsmAgent { url, pin }),
        ),
        item(
            "off EC2 the agent must not ask EC2's metadata service who it is",
            Step::MergeJson(MergeJson {
                path: PathBuf::from(format!("{SSM}/amazon-ssm-agent.json")),
                keys: json!({"Identity": {"ConsumptionOrder": ["OnPrem"]}}),
                mode: 0o600,
            }),
        ),
    ];
    if facts.registration.is_none() {
        steps.push(item(
            "its installer starts it at once, and without an identity it only asks for one in vain",
            service(Start::Manual, false, !facts.ssm_agent),
        ));
    }
    if let Some(proxy) = &config.proxy {
        steps.push(proxy_of(SSM_SERVICE, "the SSM agent speaks to AWS through the proxy", proxy));
    }
    steps
}

/// What gives the machine its identity, and has the agent use it.
pub fn registration(config: &Config) -> Vec<Item<Step>> {
    vec![
        item(
            "with its identity this machine is a managed instance; nothing after this step is missing but the ECS agent",
            Step::Register(Register {
                region: config.region.clone(),
                expect_account: config.expect_account.clone(),
            }),
        ),
        item(
            "from now on the SSM agent runs, and renews the credentials",
            service(Start::Automatic, true, false),
        ),
    ]
}

fn service(start: Start, running: bool, brought: bool) -> Step {
    Step::Service(ServiceStep {
        service: SSM_SERVICE.into(),
        made_from: None,
        brought,
        start: Some(start),
        running: Some(running),
        recovery: None,
    })
}
