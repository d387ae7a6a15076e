//! What was asked for of agents that are here already: on Windows an agent is brought once, and kept in its version.

use std::path::Path;

use crate::config::Config;
use crate::error::Result;
use crate::findings::{Code, Finding};
use crate::receipt::ReceiptOf;

use super::door::Windows;
use super::places::{ECS_SERVICE, SSM_AGENT};
use super::step::{EcsAgent, Pin, SsmAgent, Step};

/// What does nothing, because the agent that it is of is here.
///
/// # Errors
/// When the machine cannot be read.
pub fn kept(host: &dyn Windows, config: &Config, pin: Option<&Pin>) -> Result<Vec<Finding>> {
    let brought = ReceiptOf::<Step>::read(host)?;
    let steps = || brought.entries.iter().map(|entry| &entry.change);
    let ssm_agent = steps().find_map(|step| match step {
        Step::SsmAgent(agent) => Some(agent),
        _ => None,
    });
    let ecs_agent = steps().find_map(|step| match step {
        Step::EcsAgent(agent) => Some(agent),
        _ => None,
    });
    let mut found = Vec::new();
    if host.stat(Path::new(SSM_AGENT))?.is_some() && is_another_ssm_agent(config, pin, ssm_agent) {
        found.push(finding("SSM", "--ssm-version and --package-sha256 are"));
    }
    if host.service(ECS_SERVICE)?.is_some() && is_another_ecs_agent(host, config, ecs_agent) {
        found.push(finding("ECS", "--ecs-version is"));
    }
    Ok(found)
}

fn is_another_ssm_agent(config: &Config, pin: Option<&Pin>, brought: Option<&SsmAgent>) -> bool {
    let url = config.ssm_version.as_deref().map(|version| config.endpoints().ssm_setup(Some(version)));
    let is_other_version = url.is_some_and(|url| brought.is_none_or(|it| it.url != url));
    let is_other_file = pin.is_some() && brought.is_none_or(|it| it.pin.as_ref() != pin);
    is_other_version || is_other_file
}

fn is_another_ecs_agent(host: &dyn Windows, config: &Config, brought: Option<&EcsAgent>) -> bool {
    let Some(asked) = &config.ecs_version else { return false };
    // Its words are "Amazon ECS Agent - v1.105.1 (*a8b3e7d3)".
    let is_it = |version: &str| version.split_whitespace().any(|word| word.strip_prefix('v') == Some(asked));
    let says_so = || host.introspection().is_some_and(|agent| is_it(&agent.version));
    brought.is_none_or(|it| it.initialize.version != *asked) && !says_so()
}

fn finding(agent: &str, choices: &str) -> Finding {
    Finding::new(
        Code::KeptVersion,
        format!(
            "the {agent} agent that is here is kept as it is: {choices} of one that is still to be brought"
        ),
        "leave these choices out; for another version 'landfall uninstall' takes away what Landfall brought, and \
         'landfall up' with a new activation brings the other",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Options;
    use crate::windows::fake::{Fake, fresh, with_agents};

    fn told(fake: &Fake, options: &Options, pin: Option<&Pin>) -> Vec<String> {
        let options = Options { region: Some("us-east-1".into()), ..options.clone() };
        let config = Config::resolve(fake, &options).unwrap();
        kept(fake, &config, pin).unwrap().into_iter().map(|it| it.sentence).collect()
    }

    #[test]
    fn a_version_or_a_sum_that_an_agent_here_may_not_have_is_told_of_and_its_own_version_is_not() {
        let ssm = Options { ssm_version: Some("3.3.1.0".into()), ..Options::default() };
        let ecs = |version: &str| Options { ecs_version: Some(version.into()), ..Options::default() };
        let (none, pin) = (Options::default(), Pin { sha256: "ab".repeat(32), alone: false });
        let fake = with_agents();
        for (options, pin, agent) in
            [(&ssm, None, "SSM"), (&ecs("1.90.0"), None, "ECS"), (&none, Some(&pin), "SSM")]
        {
            let told = told(&fake, options, pin);
            assert!(told.len() == 1 && told[0].contains(&format!("the {agent} agent")), "{told:?}");
        }
        for options in [&none, &ecs("1.105.1")] {
            assert_eq!(told(&fake, options, None), Vec::<String>::new());
        }
        assert_eq!(told(&fresh(), &ssm, Some(&pin)), Vec::<String>::new());
    }

    #[test]
    fn what_landfall_brought_is_what_was_asked_for() {
        let mut fake = with_agents();
        let config = Config::resolve(
            &fake,
            &Options {
                region: Some("us-east-1".into()),
                ssm_version: Some("3.3.1.0".into()),
                ..Options::default()
            },
        )
        .unwrap();
        let url = config.endpoints().ssm_setup(Some("3.3.1.0"));
        let step = Step::SsmAgent(SsmAgent { url, pin: None });
        crate::durable::create_folders(&mut fake, Path::new(super::super::places::STATE), 0o700).unwrap();
        let mut receipt = ReceiptOf::<Step>::read(&fake).unwrap();
        receipt.record(&mut fake, "why", &step, crate::step::Before::Nothing).unwrap();
        assert!(kept(&fake, &config, None).unwrap().is_empty());
    }
}
