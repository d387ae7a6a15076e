//! The machine itself: room, memory, how it names itself, and what it runs on.

use distro_matrix::{Distro, Support};

use super::{Code, Finding};
use crate::config::Config;
use crate::facts::Facts;
use crate::plan::Goal;

/// Both agents, Docker and the agent's image, unpacked, with what apt needs meanwhile.
const DISK_FOR_PACKAGES: u64 = 1_500_000_000;
/// Less does not hold the images of a few tasks.
const DISK_FOR_TASKS: u64 = 4_000_000_000;
/// Docker and both agents alone take half of this.
const LEAST_MEMORY: u64 = 400 << 20;

pub(super) fn release(distro: &Distro) -> Option<Finding> {
    (distro.support == Support::Eol).then(|| {
        Finding::new(
            Code::ReleaseEndOfLife,
            format!("{} is past its end of life, and gets no fixes any more", distro.name),
            "move to a supported release",
        )
    })
}

pub(super) fn findings(facts: &Facts, config: &Config, goal: Goal) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    found.extend(room(facts));
    found.extend(machine_id(facts).filter(|_| goal != Goal::Install));
    found.extend(ec2(facts));
    let mut add = |there: bool, code, sentence: String, remedy: &str| {
        if there {
            found.push(Finding::new(code, sentence, remedy));
        }
    };
    add(
        facts.memory < LEAST_MEMORY,
        Code::MemoryLow,
        format!("this machine has {} MiB of memory", facts.memory >> 20),
        "give it at least 512 MiB, better 1 GiB",
    );
    add(
        facts.no_memory_control,
        Code::NoMemoryControl,
        "the kernel keeps no account of memory, so memory limits of tasks would do nothing".into(),
        "boot with cgroup_enable=memory (a Raspberry Pi: in cmdline.txt of its firmware folder)",
    );
    add(
        facts.security.enforces() && config.selinux.is_none(),
        Code::SelinuxEnforcing,
        "SELinux is enforcing, and ECS Anywhere does not support it".into(),
        "'--selinux permissive' lets it only tell, also after a reboot, until 'landfall uninstall'; or let it enforce, see that tasks \
         can do their work, and have their volumes labelled by ECS_SELINUX_CAPABLE=true in /etc/ecs/ecs.config",
    );
    let kind = facts.container.as_deref().unwrap_or_default();
    add(
        !kind.is_empty(),
        Code::Container,
        format!("this is a container ({kind}): it shows little hardware, and a copy of it passes for it"),
        "use a virtual machine where identities matter; give each copy a machine-id of its own",
    );
    add(
        !facts.unseen.is_empty(),
        Code::NotRoot,
        format!("not everything could be looked at: {}", facts.unseen.join(", ")),
        "run it again with sudo, or as root",
    );
    found
}

fn room(facts: &Facts) -> Option<Finding> {
    let installed = facts.has_package("amazon-ecs-init") && facts.has_package("amazon-ssm-agent");
    let free = format!("{} MB are free below /var/lib", facts.disk_free / 1_000_000);
    if !installed && facts.disk_free < DISK_FOR_PACKAGES {
        let needs = DISK_FOR_PACKAGES / 1_000_000;
        return Some(Finding::new(
            Code::DiskFull,
            format!("{free}, and the packages need {needs} MB"),
            "make room there, and run again",
        ));
    }
    (facts.disk_free < DISK_FOR_TASKS).then(|| {
        Finding::new(Code::DiskLow, free, "make room for the images of tasks: Docker keeps them there")
    })
}

fn machine_id(facts: &Facts) -> Option<Finding> {
    let sentence = match &facts.machine_id {
        None => "this machine has no machine-id yet, and its identity is bound to one",
        Some(_) if facts.transient_machine_id => {
            "/etc/machine-id is in memory only, so the machine-id is lost at the next boot, and the identity with it"
        }
        Some(_) => return None,
    };
    Some(Finding::new(
        Code::TransientMachineId,
        sentence,
        "make it last: 'systemd-machine-id-setup --commit'; where another mount is in the way, 'umount /etc/machine-id' \
         and 'systemd-machine-id-setup'",
    ))
}

/// The id of an EC2 instance begins with its name; on some kinds the vendor says it plainly.
fn ec2(facts: &Facts) -> Option<Finding> {
    let begins = facts.product_uuid.as_ref().is_some_and(|id| id.to_lowercase().starts_with("ec2"));
    let says = facts.vendor.as_ref().is_some_and(|vendor| vendor.contains("Amazon EC2"));
    (begins || says).then(|| {
        Finding::new(
            Code::OnEc2,
            "this is an EC2 instance, whose own role can take precedence over the registered identity",
            "join the cluster as an EC2 instance, or use this for trying only, without an instance role",
        )
    })
}
