//! Everything that comes as a package, in one transaction.

use distro_matrix::{Distro, Format};

use super::docker;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::plan::{Item, item};
use crate::signature::Use;
use crate::step::{InstallPackages, PackageFile, RepairPackages, Step, is_version};

pub(crate) fn steps(facts: &Facts, config: &Config, distro: &Distro) -> Result<Vec<Item>> {
    let mut names = docker::packages(facts, distro);
    names.extend(distro.packages.tools.keys().cloned());
    let install = InstallPackages {
        names,
        files: vec![ssm_agent(facts, config, distro)?, ecs_agent(facts, config, distro)?],
        lock_seconds: config.lock_seconds,
    };
    let mut items = Vec::new();
    if !facts.unfinished_packages.is_empty() {
        let ours = install.all_names().map(str::to_owned).collect();
        items.push(item(
            "an interrupted package manager refuses all work until it has finished",
            Step::RepairPackages(RepairPackages { ours, lock_seconds: config.lock_seconds }),
        ));
    }
    items.push(item(reason(facts, distro), Step::InstallPackages(install)));
    Ok(items)
}

fn reason(facts: &Facts, distro: &Distro) -> String {
    let docker =
        if docker::is_there(facts, distro) { "Docker is here and is kept" } else { "Docker is missing" };
    let tools: Vec<String> =
        distro.packages.tools.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    format!("{docker}; both agents come from AWS, verified; {}", tools.join("; "))
}

/// A version that was asked for and is not the one here would need an upgrade.
pub(crate) fn refuse_other_versions(facts: &Facts, config: &Config) -> Result<()> {
    let asked = [("amazon-ssm-agent", &config.ssm_version), ("amazon-ecs-init", &config.ecs_version)];
    for (name, asked) in asked {
        if let (Some(asked), Some(here)) = (asked, facts.packages.get(name))
            && !is_version(here, asked)
        {
            return Err(Error::refused(format!(
                "{name} is installed here in version {here}, and version {asked} was asked for"
            ))
            .hint("upgrades are not built yet: 'landfall uninstall' first, or ask for no version"));
        }
    }
    Ok(())
}

fn ssm_agent(facts: &Facts, config: &Config, distro: &Distro) -> Result<PackageFile> {
    let Format::Deb = distro.packages.agents;
    let version = config.ssm_version.as_deref();
    let url = config.endpoints().ssm_package(
        version,
        &distro.packages.ssm_system,
        architecture(facts, distro)?,
        "deb",
    );
    Ok(PackageFile {
        name: "amazon-ssm-agent".into(),
        signature_url: format!("{url}.sig"),
        trust: config.sources.trust(Use::Ssm, &url),
        url,
        version: config.ssm_version.clone(),
    })
}

fn ecs_agent(facts: &Facts, config: &Config, distro: &Distro) -> Result<PackageFile> {
    let Format::Deb = distro.packages.agents;
    let version = config.ecs_version.as_deref();
    let official = config.endpoints().ecs_package(version, architecture(facts, distro)?, "deb");
    let url = config.sources.deb_url.clone().unwrap_or(official);
    Ok(PackageFile {
        name: "amazon-ecs-init".into(),
        signature_url: format!("{url}.asc"),
        trust: config.sources.trust(Use::Ecs, &url),
        url,
        version: config.ecs_version.clone(),
    })
}

fn architecture<'a>(facts: &Facts, distro: &'a Distro) -> Result<&'a str> {
    let found = distro.architectures.get(&facts.kernel_architecture);
    found.map(String::as_str).ok_or_else(|| Error::bug("planned for an architecture that was refused"))
}
