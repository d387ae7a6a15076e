//! The machine itself: its release, room, memory, and how it names itself.

use distro_matrix::{Distro, Support};

use super::{Code, Finding};
use crate::config::Config;
use crate::facts::{Facts, Part, Volume};
use crate::guard::Marks;
use crate::package_version::compare;
use crate::plan::Goal;

/// Both agents and Docker, unpacked, with what the package manager needs meanwhile; and the agent's image in Docker's own
/// form.
const FOR_PACKAGES: [(Part, u64); 3] =
    [(Part::Programs, 600_000_000), (Part::State, 500_000_000), (Part::Images, 400_000_000)];
/// The identity and the first logs, and the agent's image.
const FOR_REGISTERING: [(Part, u64); 2] = [(Part::State, 100_000_000), (Part::Images, 200_000_000)];
/// Less does not hold the images of a few tasks.
const DISK_FOR_TASKS: u64 = 4_000_000_000;
/// Docker and both agents alone take half of this.
const LEAST_MEMORY: u64 = 400 << 20;
/// The first cloud-init that runs what is in /etc/cloud/clean.d: <https://github.com/canonical/cloud-init/pull/1581>.
const CALLS_SCRIPTS: &str = "22.3";

/// A derivative is at its parent's end, too.
pub(super) fn release(distro: &Distro) -> Vec<Finding> {
    let parent = distro_matrix::named(&distro.release).filter(|_| distro.support == Support::Untested);
    let untested = parent.map(|parent| {
        Finding::new(
            Code::ReleaseUntested,
            format!("{} is taken for what it is made from, and nobody has tested it", distro.name),
            format!("try it where it may fail, or use {}", parent.name),
        )
    });
    let ended = parent.unwrap_or(distro);
    let end = (ended.support == Support::Eol).then(|| {
        Finding::new(
            Code::ReleaseEndOfLife,
            format!("{} is past its end of life, and gets no fixes any more", ended.name),
            ended.after_end.as_deref().unwrap_or("move to a supported release"),
        )
    });
    untested.into_iter().chain(end).collect()
}

pub(super) fn findings(facts: &Facts, config: &Config, goal: Goal) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    found.extend(room(facts, goal));
    found.extend(machine_id(facts).filter(|_| goal != Goal::Install));
    found.extend(machine_id_of_hypervisor(facts).filter(|_| goal != Goal::Install));
    found.extend(cloud_init(facts).filter(|_| goal == Goal::Install));
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
        "start the kernel without cgroup_disable=memory and with cgroup_enable=memory: in GRUB_CMDLINE_LINUX of \
         /etc/default/grub, then 'update-grub' or 'grub2-mkconfig'; on a Raspberry Pi in cmdline.txt of its firmware \
         folder",
    );
    add(
        facts.iptables_lacks_tables,
        Code::NoTables,
        "iptables is the older kind here (legacy), and this kernel has no tables for it, only nftables"
            .into(),
        "choose the newer kind: 'update-alternatives --set iptables /usr/sbin/iptables-nft', the same for ip6tables, \
         and start Docker again; or install the kernel's older tables (ip_tables)",
    );
    add(
        facts.security.enforces() && config.selinux.is_none(),
        Code::SelinuxEnforcing,
        "SELinux is enforcing, and ECS Anywhere does not support it".into(),
        "'--selinux permissive' lets it only tell, also after a reboot, until 'landfall uninstall'; or let it enforce, see that tasks \
         can do their work, and have their volumes labelled by ECS_SELINUX_CAPABLE=true in /etc/ecs/ecs.config",
    );
    add(
        !facts.unseen.is_empty(),
        Code::NotRoot,
        format!("not everything could be looked at: {}", facts.unseen.join(", ")),
        "run it again with sudo, or as root",
    );
    found
}

fn room(facts: &Facts, goal: Goal) -> Vec<Finding> {
    let installed = facts.has_package("amazon-ecs-init") && facts.has_package("amazon-ssm-agent");
    // A machine that has its identity has nothing left to lose by a run.
    let (what, needs): (&str, &[(Part, u64)]) = match installed {
        false => ("the packages need", &FOR_PACKAGES),
        true if facts.registration.is_none() && goal != Goal::Install => {
            ("to register and to start the agents takes", &FOR_REGISTERING)
        }
        true => ("", &[]),
    };
    facts.volumes.iter().filter_map(|volume| room_on(volume, what, needs)).collect()
}

fn room_on(volume: &Volume, what: &str, needs: &[(Part, u64)]) -> Option<Finding> {
    let (place, free) = (&volume.place, volume.free / 1_000_000);
    let needed: u64 = needs.iter().filter(|(part, _)| volume.has(*part)).map(|(_, bytes)| bytes).sum();
    let there = format!("{free} MB are free in the file system at {place}, for {}", volume.folders());
    if volume.free < needed {
        return Some(Finding::new(
            Code::DiskFull,
            format!("{there}, and {what} {} MB", needed / 1_000_000),
            format!("make room there, and run again: 'du -xhd 3 {place} | sort -h' tells what takes it"),
        ));
    }
    (volume.has(Part::Images) && volume.free < DISK_FOR_TASKS).then(|| {
        Finding::new(Code::DiskLow, there, "make room for the images of tasks: Docker keeps them there")
    })
}

/// Whoever installs without an identity makes an image, and may think that `cloud-init clean` is all it takes.
fn cloud_init(facts: &Facts) -> Option<Finding> {
    let version = facts.packages.get("cloud-init").filter(|its| compare(its, CALLS_SCRIPTS).is_lt())?;
    Some(Finding::new(
        Code::OldCloudInit,
        format!(
            "cloud-init is here in version {version}, whose 'clean' does not call Landfall: {CALLS_SCRIPTS} is the first to"
        ),
        "make images with 'landfall seal', which calls 'cloud-init clean' itself",
    ))
}

/// An identity is bound to its machine-id, so this can be changed before there is one, and is told only then.
fn machine_id_of_hypervisor(facts: &Facts) -> Option<Finding> {
    let (machine_id, product_uuid) = (facts.machine_id.clone(), facts.product_uuid.clone());
    let marks = Marks { machine_id, product_uuid, ..Marks::default() };
    let taken =
        facts.registration.is_none() && facts.container.is_none() && marks.machine_id_is_product_uuid();
    taken.then(|| {
        Finding::new(
            Code::MachineIdOfHypervisor,
            "the machine-id was taken from the hypervisor's id of this machine (the product UUID)",
            "nothing, where the hypervisor gives each machine an id of its own; else, before it is registered, give \
             this one a random machine-id: 'tr -d - < /proc/sys/kernel/random/uuid > /etc/machine-id', and start it \
             again",
        )
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
