//! What the system runs in or on, each with its answer: go on, go on and say so, refuse unless it was allowed by
//! name, or refuse. `docs/environments.md` is the table of them.

use super::{Code, Finding, Severity};
use crate::cli::Allowance;
use crate::config::Config;
use crate::facts::Facts;

#[cfg(test)]
mod tests;

/// Containers of an application: they are thrown away, and whoever made them did not mean a machine.
const OF_APPLICATIONS: [&str; 6] = ["docker", "podman", "oci", "kubernetes", "rkt", "pouch"];

pub(super) fn findings(facts: &Facts, config: &Config) -> Vec<Finding> {
    let certain = [facts.environment.immutable.as_deref().map(immutable), read_only_root(facts)];
    let open = [container(facts), ec2(facts)].into_iter().flatten();
    let open = open.map(|(finding, by)| unless_allowed(finding, by, config));
    certain.into_iter().flatten().chain(open).collect()
}

/// What lays the files out, an os-release alone may tell.
pub(super) fn immutable(by: &str) -> Finding {
    Finding::new(
        Code::Immutable,
        format!(
            "the system's files are laid out as a whole ({by}), and what packages put there goes with the next one"
        ),
        "use the same distribution with packages; no flag makes this one work",
    )
}

fn read_only_root(facts: &Facts) -> Option<Finding> {
    let environment = &facts.environment;
    (environment.read_only_root && environment.immutable.is_none()).then(|| {
        Finding::new(
            Code::ReadOnlyRoot,
            "the root file system is mounted for reading alone, and packages are to be written to it",
            "see why in 'journalctl -k' and /etc/fstab, and make it writable: 'mount -o remount,rw /'",
        )
    })
}

fn container(facts: &Facts) -> Option<(Finding, Option<Allowance>)> {
    let kind = facts.container.as_deref()?;
    Some(match kind {
        "wsl" => {
            let finding = Finding::new(
                Code::Wsl,
                "this is the Windows Subsystem for Linux: Windows stops it when nobody uses it, and an export of it \
                 passes for it",
                "use a virtual machine; to go on all the same: --allow wsl",
            );
            (finding, Some(Allowance::Wsl))
        }
        kind if OF_APPLICATIONS.contains(&kind) => {
            let finding = Finding::new(
                Code::ApplicationContainer,
                format!("this is a container of an application ({kind}): what is installed is gone with it"),
                "register the machine that runs it, or a virtual machine; to go on all the same: --allow container",
            );
            (finding, Some(Allowance::Container))
        }
        kind => {
            let finding = Finding::new(
                Code::Container,
                format!(
                    "this is a container ({kind}): it shows little hardware, and a copy of it passes for it"
                ),
                "use a virtual machine where identities matter; give each copy a machine-id of its own",
            );
            (finding, None)
        }
    })
}

fn ec2(facts: &Facts) -> Option<(Finding, Option<Allowance>)> {
    (facts.environment.cloud.as_deref() == Some("ec2")).then(|| {
        let finding = Finding::new(
            Code::OnEc2,
            "this is an EC2 instance, whose own role can take precedence over the registered identity",
            "join the cluster as an EC2 instance; for trying, without an instance role: --allow ec2",
        );
        (finding, Some(Allowance::Ec2))
    })
}

/// What was allowed by name is known to whoever allowed it.
fn unless_allowed(finding: Finding, by: Option<Allowance>, config: &Config) -> Finding {
    match by {
        Some(by) if config.allow.contains(&by) => Finding { severity: Severity::Notes, ..finding },
        _ => finding,
    }
}
