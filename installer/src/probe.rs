//! What needs the network, asked before anything is touched.
//!
//! A closed firewall, a DNS without answers or a wrong clock would otherwise be found half-way, some of
//! them only when the activation is used. `check` asks everything; `up` only where a step of its plan
//! will need AWS, so that a machine which is as it should be asks nobody.

use crate::config::Config;
use crate::error::Result;
use crate::findings::Finding;
use crate::findings::network::{Asked, METADATA_SERVICE, findings};
use crate::host::Host;
use crate::partition;
use crate::plan::{Goal, Plan};
use crate::step::Step;

/// An address, and whether nothing can be done without it.
type Question = (String, bool);

/// Asks what this plan will need.
///
/// # Errors
/// When the machine cannot be looked at.
pub fn what_is_needed(host: &dyn Host, plan: &Plan, config: &Config, goal: Goal) -> Result<Vec<Finding>> {
    let mut questions = Vec::new();
    let mut joins = false;
    for item in plan {
        match &item.step {
            Step::InstallPackages(install) if item.step.check(host)?.is_some() => {
                let missing = install.missing_files(host)?;
                questions.extend(missing.iter().filter_map(|file| Some((origin(&file.url)?, true))));
            }
            // A fall-back is not asked ahead: whether it is needed shows later.
            Step::AddRepository(add) if !add.is_fall_back() && item.step.check(host)?.is_some() => {
                questions.extend(origin(&add.key_url).map(|origin| (origin, true)));
            }
            Step::ExecPrograms(exec) if item.step.check(host)?.is_some() => {
                let package = exec.package.as_ref();
                questions.extend(package.and_then(|package| Some((origin(&package.url)?, true))));
            }
            Step::Register(_) | Step::Await(_) => joins |= item.step.check(host)?.is_some(),
            _ => {}
        }
    }
    if joins && goal != Goal::Install {
        questions.extend(services(config));
    }
    Ok(ask(host, config, questions))
}

/// Asks everything that a machine ever needs.
#[must_use]
pub fn everything(host: &dyn Host, plan: Option<&Plan>, config: &Config) -> Vec<Finding> {
    let mut questions = services(config);
    for item in plan.into_iter().flatten() {
        if let Step::InstallPackages(install) = &item.step {
            questions.extend(install.files.iter().filter_map(|file| Some((origin(&file.url)?, true))));
        }
    }
    ask(host, config, questions)
}

fn ask(host: &dyn Host, config: &Config, mut questions: Vec<Question>) -> Vec<Finding> {
    if questions.is_empty() {
        return Vec::new();
    }
    questions.push((METADATA_SERVICE.to_owned(), false));
    questions.sort();
    questions.dedup();
    let addresses: Vec<String> = questions.iter().map(|(address, _)| address.clone()).collect();
    let reached = host.reach(&addresses, config.proxy.as_ref()).into_iter().zip(questions);
    let asked: Vec<Asked> = reached.map(|(reached, (_, needed))| Asked { reached, needed }).collect();
    findings(&asked, host.now())
}

/// The services that both agents speak to. ECS names the two hosts of its sessions itself, later: these
/// are the first of them.
fn services(config: &Config) -> Vec<Question> {
    let of_region = |name: &str| format!("https://{}/", config.endpoints().service(name));
    let ecs = config.ecs_endpoint.as_deref().and_then(origin).unwrap_or_else(|| of_region("ecs"));
    let mut questions = vec![(of_region("ssm"), true), (ecs, true)];
    if config.expect_account.is_some() {
        questions
            .push((format!("https://sts.{}.{}/", config.region, partition::suffix(&config.region)), true));
    }
    let mut sessions = vec!["ssmmessages", "ec2messages"];
    // What those of ECS are called for IPv6 alone is not documented.
    if !config.endpoints().dual_stack {
        sessions.extend(["ecs-a-1", "ecs-t-1"]);
    }
    questions.extend(sessions.into_iter().map(|name| (of_region(name), false)));
    questions
}

/// The address of a URL's host alone.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    Some(format!("{scheme}://{}/", rest.split('/').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_of_a_package_is_asked() {
        assert_eq!(origin("https://s3.example/a/b.deb").as_deref(), Some("https://s3.example/"));
    }
}
