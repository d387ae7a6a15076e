//! What stands in the way on Windows, or soon will: pure judgements over what was seen, under the same codes.

use distro_matrix::{Distro, Found, Support};

use crate::cli::DockerSource;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::findings::{Code, Finding};
use crate::plan::Goal;
use crate::recognition;

use super::door::{Feature, Windows};
use super::facts::Facts;
use super::places::DRIVE;

/// What the Containers feature, Docker, both agents and one base image of Windows take.
const LEAST_ROOM: u64 = 12 << 30;
/// Windows, Docker and both agents.
const LEAST_MEMORY: u64 = 2 << 30;
/// What gMSA needs of a domain controller, and FSx of a file server.
const DOMAIN_PORTS: [(u16, &str); 3] = [(88, "Kerberos"), (389, "LDAP"), (445, "SMB")];

/// Everything that speaks against a plan, the gravest first.
#[must_use]
pub fn refusals(facts: &Facts, config: &Config, distro: &Distro, goal: Goal) -> Vec<(Code, Error)> {
    let asked = [
        (Code::ReleaseUnsupported, recognition::turned_away(distro).map_or(Ok(()), Err)),
        (Code::ReleaseUnsupported, edition(facts)),
        (Code::ArchitectureUnsupported, architecture(facts)),
        (Code::SystemDrive, drive(facts)),
        (Code::ContainersUnknown, containers(facts)),
        (Code::UnexplainedIdentity, identity(facts)),
        (Code::OtherRegion, region(facts, config)),
        (Code::DockerMissing, docker(facts, config)),
        (Code::NotInstalled, installed(facts, goal)),
    ];
    asked.into_iter().filter_map(|(code, answer)| Some((code, answer.err()?))).collect()
}

/// What the machine alone shows.
#[must_use]
pub fn findings(facts: &Facts, config: &Config, distro: &Distro, goal: Goal) -> Vec<Finding> {
    let mut found: Vec<Finding> = refusals(facts, config, distro, goal)
        .into_iter()
        .map(|(code, e)| Finding::refused(code, e))
        .collect();
    let mut add = |there: bool, code, sentence: &str, remedy: &str| {
        if there {
            found.push(Finding::new(code, sentence, remedy));
        }
    };
    add(
        !facts.elevated,
        Code::NotRoot,
        "this runs without administrator's rights, and 'landfall up' needs them",
        "open PowerShell with 'Run as administrator'",
    );
    add(
        distro.support == Support::Eol,
        Code::ReleaseEndOfLife,
        &format!("{} is past its end of life", distro.name),
        distro.after_end.as_deref().unwrap_or("move to a later release"),
    );
    for quirk in &distro.quirks {
        add(true, Code::ReleaseQuirk, &format!("{}: {}", distro.name, quirk.what), &quirk.because);
    }
    add(
        facts.restart_pending && facts.containers == Feature::Enabled,
        Code::RestartPending,
        "Windows waits for a restart to finish an update",
        "restart it before there are tasks here",
    );
    add(
        facts.room < LEAST_ROOM && !facts.ssm_agent,
        Code::DiskLow,
        &format!("{DRIVE} has {} GB left, and base images of Windows are large", facts.room >> 30),
        "make room, or move Docker's data to another drive",
    );
    add(
        facts.memory < LEAST_MEMORY,
        Code::MemoryLow,
        &format!("there are {} MB of memory, most of which Windows and the agents need", facts.memory >> 20),
        "give the machine more",
    );
    add(
        facts.domain.is_none(),
        Code::NoDomain,
        "this machine is joined to no domain, so tasks can have no group managed service account and no share of FSx for Windows File Server",
        "join a domain before, where tasks are to have these",
    );
    found
}

/// What a machine that is joined to a domain can reach of it: what tasks with a group managed service account or a
/// share of FSx for Windows File Server will need.
#[must_use]
pub fn of_domain(host: &dyn Windows, facts: &Facts) -> Vec<Finding> {
    let Some(domain) = &facts.domain else { return Vec::new() };
    let silent = DOMAIN_PORTS.iter().filter(|(port, _)| !host.connects(domain, *port));
    let finding = |(port, what): &(u16, &str)| {
        Finding::new(
            Code::DomainUnreachable,
            format!("the domain {domain} does not answer for {what} (TCP {port})"),
            "tasks with a group managed service account or a share of FSx need it: see DNS and the firewalls between",
        )
    };
    silent.map(finding).collect()
}

/// The release that the facts name.
///
/// # Errors
/// When the matrix does not know it.
pub fn distro(facts: &Facts) -> Result<Distro> {
    if let Found::Release(distro) = distro_matrix::find(&facts.os()) {
        return Ok(distro.clone());
    }
    edition(facts)?;
    Err(Error::refused(format!("this is {} ({}), which is not supported", facts.name, facts.version))
        .hint("ECS Anywhere takes Windows Server 2016, 2019, 2022 and 2025"))
}

fn edition(facts: &Facts) -> Result<()> {
    if !facts.is_server() {
        return Err(Error::refused(format!("this is {}, which is no Windows Server", facts.name))
            .hint("ECS Anywhere takes Windows Server 2016, 2019, 2022 and 2025"));
    }
    if facts.installation_type == "Nano Server" {
        return Err(Error::refused(
            "this is a Nano Server, which has no PowerShell that AWS's module would run in",
        )
        .hint("install Server Core or Server with Desktop Experience"));
    }
    Ok(())
}

fn architecture(facts: &Facts) -> Result<()> {
    if facts.architecture == "AMD64" {
        return Ok(());
    }
    Err(Error::refused(format!("the architecture {} is not supported", facts.architecture))
        .hint("the agents exist for 64-bit x86 Windows alone"))
}

fn drive(facts: &Facts) -> Result<()> {
    if facts.system_drive.eq_ignore_ascii_case(DRIVE) {
        return Ok(());
    }
    Err(Error::refused(format!(
        "Windows is on {}, and Landfall knows it on {DRIVE} alone",
        facts.system_drive
    ))
    .hint("install Windows on C:, as its setup does where nothing else is said"))
}

fn containers(facts: &Facts) -> Result<()> {
    if facts.containers != Feature::Unknown || !facts.elevated {
        return Ok(());
    }
    Err(Error::refused("this Windows has no feature Containers")
        .hint(r"'dism /online /get-features' lists what it has"))
}

/// Everybody may make folders in C:\ProgramData, also those in which an SSM agent that is installed later would find the
/// identity of somebody else's account.
fn identity(facts: &Facts) -> Result<()> {
    let planted = facts.registration.as_ref().filter(|_| facts.unexplained_identity);
    let Some(found) = planted else { return Ok(()) };
    Err(Error::refused(format!(
        "the identity {} lies here, and there is no SSM agent that it could be of",
        found.instance_id
    ))
    .hint(r"see who owns C:\ProgramData\Amazon\SSM, remove that folder where you do not know the instance, and run again"))
}

fn region(facts: &Facts, config: &Config) -> Result<()> {
    let other = facts.registration.as_ref().filter(|it| it.region != config.region);
    let Some(there) = other else { return Ok(()) };
    Err(Error::refused(format!(
        "this machine is registered in {} as {}, not in {}",
        there.region, there.instance_id, config.region
    ))
    .hint(format!("give --region {}, or 'landfall uninstall' first", there.region)))
}

fn docker(facts: &Facts, config: &Config) -> Result<()> {
    if config.docker != DockerSource::None || facts.docker_is_foreign || facts.docker.is_some() {
        return Ok(());
    }
    Err(Error::refused("there is no Docker, and --docker-install-source none lets it come from nowhere")
        .hint("install Docker first, or leave that choice out"))
}

fn installed(facts: &Facts, goal: Goal) -> Result<()> {
    if goal != Goal::Register || facts.ssm_agent {
        return Ok(());
    }
    Err(Error::refused("the SSM agent is not installed here, so nothing can register")
        .hint("'landfall up' does both; 'landfall install' makes ready for 'landfall register'"))
}
