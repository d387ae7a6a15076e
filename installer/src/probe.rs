//! What needs the network, asked before anything is touched.
//!
//! A closed firewall, a DNS without answers or a wrong clock would otherwise be found half-way, some of
//! them only when the activation is used. `check` asks everything; `up` only where a step of its plan
//! will need AWS, so that a machine which is as it should be asks nobody.

use crate::config::Config;
use crate::error::Result;
use crate::findings::Finding;
use crate::findings::network::{Asked, METADATA_SERVICE, findings};
use crate::host::{Host, Machine};
use crate::partition;
use crate::plan::{Goal, Plan};
use crate::step::{Change, PackageFile, Step};

/// An address, and whether nothing can be done without it.
pub(crate) type Question = (String, bool);

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
                questions.extend(sources(&item.step, &install.missing_files(host)?));
            }
            // Whether a fall-back is needed only apt can tell, which would write its cache for that.
            Step::AddRepository(add) if add.is_fall_back() => {}
            Step::AddRepository(_) | Step::ExecPrograms(_) if item.step.check(host)?.is_some() => {
                questions.extend(sources(&item.step, &[]));
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
        let files = match &item.step {
            Step::InstallPackages(install) => install.files.iter().collect(),
            _ => Vec::new(),
        };
        questions.extend(sources(&item.step, &files));
    }
    ask(host, config, questions)
}

/// Where a step gets files from, of its packages these.
fn sources<'a>(step: &'a Step, files: &[&'a PackageFile]) -> Vec<Question> {
    let urls: Vec<&str> = match step {
        Step::InstallPackages(_) => files.iter().map(|file| file.url.as_str()).collect(),
        // A fall-back is not asked ahead: whether it is needed shows later.
        Step::AddRepository(add) if !add.is_fall_back() => vec![&add.key_url],
        Step::ExecPrograms(exec) => exec.package.iter().map(|package| package.url.as_str()).collect(),
        _ => Vec::new(),
    };
    urls.into_iter().filter_map(|url| Some((origin(url)?, true))).collect()
}

pub(crate) fn ask(host: &dyn Machine, config: &Config, mut questions: Vec<Question>) -> Vec<Finding> {
    if questions.is_empty() {
        return Vec::new();
    }
    questions.push((METADATA_SERVICE.to_owned(), false));
    questions.sort();
    questions.dedup();
    let addresses: Vec<String> = questions.iter().map(|(address, _)| address.clone()).collect();
    let reached = host.reach(&addresses, config.proxy.as_ref()).into_iter().zip(questions);
    let asked: Vec<Asked> = reached
        .map(|(reached, (address, needed))| Asked { is_aws: is_aws(config, &address), reached, needed })
        .collect();
    findings(&asked, host.now())
}

fn is_aws(config: &Config, address: &str) -> bool {
    let own = services(config).into_iter().any(|(it, _)| it == address);
    own || address.ends_with(&format!(".{}/", partition::suffix(&config.region)))
}

/// The services that both agents speak to. ECS names the two hosts of its sessions itself, later: these
/// are the first of them.
pub(crate) fn services(config: &Config) -> Vec<Question> {
    let of_region = |name: &str| format!("https://{}/", config.endpoints().service(name));
    let ecs = config.ecs_endpoint.as_deref().and_then(endpoint).unwrap_or_else(|| of_region("ecs"));
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

/// The agent takes a name without a scheme for one of HTTPS.
fn endpoint(named: &str) -> Option<String> {
    origin(named).or_else(|| origin(&format!("https://{named}")))
}

/// The address of a URL's host alone.
pub(crate) fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    Some(format!("{scheme}://{}/", rest.split('/').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_without_a_scheme_is_asked_by_https() {
        assert_eq!(endpoint("ecs.example:8443/").as_deref(), Some("https://ecs.example:8443/"));
        assert_eq!(endpoint("http://ecs.example").as_deref(), Some("http://ecs.example/"));
    }

    #[test]
    fn only_the_host_of_a_package_is_asked() {
        assert_eq!(origin("https://s3.example/a/b.deb").as_deref(), Some("https://s3.example/"));
    }
}
