//! Everything that comes as a package, in one transaction.

use std::cmp::Ordering;

use distro_matrix::{Distro, Tool};

use super::docker;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::package_version::compare_with_asked;
use crate::plan::{Item, item};
use crate::signature::Use;
use crate::step::{InstallPackages, Least, PackageFile, RepairPackages, Step};

const SSM_AGENT: &str = "amazon-ssm-agent";
const ECS_AGENT: &str = "amazon-ecs-init";

pub(crate) fn steps(facts: &Facts, config: &Config, distro: &Distro) -> Result<Vec<Item>> {
    let offers = docker::offers(facts, config, distro)?;
    let mut one_of: Vec<Vec<String>> = offers.iter().map(|offer| offer.names.clone()).collect();
    // Where there is no choice, the packages are like any others.
    let mut names = if one_of.len() == 1 { one_of.remove(0) } else { Vec::new() };
    names.extend(tools(facts, distro).map(|(name, tool)| exactly(facts, name, tool)));
    let install = InstallPackages {
        manager: distro.packages.manager,
        names,
        instead: tools(facts, distro)
            .filter(|(_, tool)| !tool.or.is_empty())
            .map(|(name, tool)| (exactly(facts, name, tool), tool.or.clone()))
            .collect(),
        one_of,
        files: vec![
            ssm_agent(facts, config, distro, config.ssm_version.clone())?,
            ecs_agent(facts, config, distro)?,
        ],
        enable: distro.packages.enable_repositories.clone(),
        hint: distro.packages.docker_hint.clone(),
        lock_seconds: config.lock_seconds,
        allow_downgrade: config.allow_downgrade,
    };
    let mut items = Vec::new();
    if !facts.unfinished_packages.is_empty() {
        let ours = install.all_names().map(str::to_owned).collect();
        items.push(item(
            "an interrupted package manager refuses all work until it has finished",
            Step::RepairPackages(RepairPackages {
                manager: distro.packages.manager,
                ours,
                lock_seconds: config.lock_seconds,
            }),
        ));
    }
    items.extend(docker::prepare(&offers, config, distro));
    items.push(item(reason(facts, distro), Step::InstallPackages(install)));
    Ok(items)
}

fn reason(facts: &Facts, distro: &Distro) -> String {
    let docker =
        if docker::is_there(facts, distro) { "Docker is here and is kept" } else { "Docker is missing" };
    let tools: Vec<String> =
        tools(facts, distro).map(|(name, tool)| format!("{name}: {}", tool.because)).collect();
    format!("{docker}; both agents come from AWS, verified; {}", tools.join("; "))
}

/// Modules of a kernel that does not run yet are of no use today.
fn exactly(facts: &Facts, name: &str, tool: &Tool) -> String {
    match facts.kernel_release.as_str() {
        release if tool.of_running_kernel && !release.is_empty() => format!("{name}-{release}"),
        _ => name.to_owned(),
    }
}

/// The tools that are not here in another package already. In a container the kernel is somebody else's.
fn tools<'a>(facts: &'a Facts, distro: &'a Distro) -> impl Iterator<Item = (&'a String, &'a Tool)> {
    let elsewhere = |tool: &Tool| tool.or.iter().any(|name| facts.has_package(name));
    let in_the_kernel = |tool: &Tool| {
        let is_there = |module| facts.container.is_some() || facts.kernel_modules.contains(module);
        tool.module.as_ref().is_some_and(is_there)
    };
    let for_nothing = |tool: &Tool| tool.with_apparmor && !facts.security.apparmor;
    distro
        .packages
        .tools
        .iter()
        .filter(move |(_, tool)| !elsewhere(tool) && !in_the_kernel(tool) && !for_nothing(tool))
}

/// A version that was asked for is taken if it is newer than the one here, or if an older one is wanted
/// by name, and if the matrix has nothing against it.
pub(crate) fn refuse_old_versions(facts: &Facts, config: &Config, distro: &Distro) -> Result<()> {
    let asked = [(SSM_AGENT, &config.ssm_version), (ECS_AGENT, &config.ecs_version)];
    for (name, asked) in asked {
        let Some(asked) = asked.as_deref().filter(|asked| *asked != "latest") else { continue };
        if let Some(here) = facts.packages.get(name)
            && compare_with_asked(here, asked) == Ordering::Greater
            && !config.allow_downgrade
        {
            return Err(Error::refused(format!(
                "{name} is installed here in version {here}, and the older {asked} was asked for"
            ))
            .hint("give --allow-downgrade too if that is meant, or ask for no version"));
        }
        if let Some(least) = distro.packages.least_versions.get(name)
            && compare_with_asked(&least.version, asked) == Ordering::Greater
        {
            return Err(Error::refused(format!(
                "{name} {asked} was asked for, and {} is the least: {}",
                least.version, least.because
            ))
            .hint("ask for a later version, or for none: then it is the latest"));
        }
    }
    Ok(())
}

/// The SSM agent's package, in this version or the latest.
pub(super) fn ssm_agent(
    facts: &Facts,
    config: &Config,
    distro: &Distro,
    version: Option<String>,
) -> Result<PackageFile> {
    let format = distro.packages.agents;
    let url = config.endpoints().ssm_package(
        version.as_deref(),
        &distro.packages.ssm_system,
        ssm_architecture(facts)?,
        format.ending(),
    );
    Ok(PackageFile {
        name: SSM_AGENT.into(),
        signature_url: format!("{url}.sig"),
        trust: config.sources.trust(Use::Ssm, &url),
        url,
        format,
        architecture: architecture(facts, distro)?.to_owned(),
        version,
        least: least(distro, SSM_AGENT),
    })
}

fn ecs_agent(facts: &Facts, config: &Config, distro: &Distro) -> Result<PackageFile> {
    let format = distro.packages.agents;
    let version = config.ecs_version.as_deref();
    let official = config.endpoints().ecs_package(version, architecture(facts, distro)?, format.ending());
    let url = config.sources.package_url(format).cloned().unwrap_or(official);
    Ok(PackageFile {
        name: ECS_AGENT.into(),
        signature_url: format!("{url}.asc"),
        trust: config.sources.trust(Use::Ecs, &url),
        url,
        format,
        architecture: architecture(facts, distro)?.to_owned(),
        version: config.ecs_version.clone(),
        least: least(distro, ECS_AGENT),
    })
}

fn architecture<'a>(facts: &Facts, distro: &'a Distro) -> Result<&'a str> {
    let found = distro.architectures.get(&facts.kernel_architecture);
    found.map(String::as_str).ok_or_else(|| Error::bug("planned for an architecture that was refused"))
}

/// AWS names the folders of the SSM agent's packages by Go's words, whatever the format.
fn ssm_architecture(facts: &Facts) -> Result<&'static str> {
    match facts.kernel_architecture.as_str() {
        "x86_64" => Ok("amd64"),
        "aarch64" => Ok("arm64"),
        _ => Err(Error::bug("planned for an architecture that was refused")),
    }
}

fn least(distro: &Distro, name: &str) -> Option<Least> {
    let least = distro.packages.least_versions.get(name)?;
    Some(Least { version: least.version.clone(), because: least.because.clone() })
}
