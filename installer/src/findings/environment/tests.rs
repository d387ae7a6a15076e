//! Every environment with its answer, and the documentation's table of them.

use super::*;
use crate::cli::Options;
use crate::documentation;
use crate::host::fake::fresh;

/// An environment, how it is told, what it is in the facts, and the finding that is the answer, if there is one.
struct Known {
    name: &'static str,
    told_by: &'static str,
    facts: fn(&mut Facts),
    answer: Option<Code>,
}

const KNOWN: [Known; 10] = [
    Known {
        name: "bare metal, a virtual machine (KVM, VMware, Hyper-V, Xen, VirtualBox, ...)",
        told_by: "the firmware's words in `/sys/class/dmi/id`",
        facts: |it| it.environment.hypervisor = Some("kvm".into()),
        answer: None,
    },
    Known {
        name: "another cloud (Google, Azure, DigitalOcean, Hetzner, OpenStack, Oracle, Alibaba, ...)",
        told_by: "the same",
        facts: |it| it.environment.cloud = Some("google".into()),
        answer: None,
    },
    Known {
        name: "LXC, systemd-nspawn",
        told_by: "`/run/systemd/container`",
        facts: |it| it.container = Some("lxc".into()),
        answer: Some(Code::Container),
    },
    Known {
        name: "OpenVZ",
        told_by: "the same, or `/proc/vz` without `/proc/bc`",
        facts: |it| it.container = Some("openvz".into()),
        answer: Some(Code::Container),
    },
    Known {
        name: "a container of Docker, podman or Kubernetes",
        told_by: "the same, `/.dockerenv`, `/run/.containerenv`, `/run/secrets/kubernetes.io`",
        facts: |it| it.container = Some("docker".into()),
        answer: Some(Code::ApplicationContainer),
    },
    Known {
        name: "Windows Subsystem for Linux",
        told_by: "the same, or the kernel's version",
        facts: |it| it.container = Some("wsl".into()),
        answer: Some(Code::Wsl),
    },
    Known {
        name: "EC2",
        told_by: "the firmware's words; on Xen also an id that begins with `ec2`",
        facts: |it| it.environment.cloud = Some("ec2".into()),
        answer: Some(Code::OnEc2),
    },
    Known {
        name: "ostree (CoreOS, Silverblue, bootc, ...)",
        told_by: "`/run/ostree-booted`, `OSTREE_VERSION` in os-release",
        facts: |it| it.environment.immutable = Some("ostree".into()),
        answer: Some(Code::Immutable),
    },
    Known {
        name: "transactional-update (MicroOS, ...)",
        told_by: "its program, and a root that is mounted for reading alone",
        facts: |it| {
            it.environment.immutable = Some("transactional-update".into());
            it.environment.read_only_root = true;
        },
        answer: Some(Code::Immutable),
    },
    Known {
        name: "a root that is mounted for reading alone",
        told_by: "`/proc/self/mountinfo`",
        facts: |it| it.environment.read_only_root = true,
        answer: Some(Code::ReadOnlyRoot),
    },
];

fn found(change: fn(&mut Facts), allow: Vec<Allowance>) -> Vec<Finding> {
    let mut facts = Facts::gather(&fresh()).unwrap();
    change(&mut facts);
    let options = Options { region: Some("us-east-1".into()), allow, ..Options::default() };
    findings(&facts, &Config::resolve(&fresh(), &options).unwrap())
}

/// The allowance that turns the answer into a note, found by trying each.
fn allowance(known: &Known) -> Option<&'static str> {
    let all = [(Allowance::Container, "container"), (Allowance::Wsl, "wsl"), (Allowance::Ec2, "ec2")];
    let is_enough = |one| found(known.facts, vec![one]).iter().all(|it| it.severity == Severity::Notes);
    all.into_iter().find(|(one, _)| known.answer.is_some() && is_enough(*one)).map(|(_, name)| name)
}

fn answer(known: &Known) -> String {
    let code = known.answer.map(Code::name).unwrap_or_default();
    match (known.answer.map(Code::severity), allowance(known)) {
        (None, _) => "goes on".into(),
        (Some(Severity::Blocks), Some(flag)) => {
            format!("refused (`{code}`) unless `--allow {flag}` is given")
        }
        (Some(Severity::Blocks), None) => format!("refused (`{code}`); no flag changes that"),
        (Some(_), _) => format!("goes on, with a warning (`{code}`)"),
    }
}

#[test]
fn every_environment_has_its_answer_and_no_other() {
    for known in &KNOWN {
        let codes: Vec<Code> = found(known.facts, Vec::new()).iter().map(|it| it.code).collect();
        assert_eq!(codes, known.answer.into_iter().collect::<Vec<_>>(), "{}", known.name);
    }
    assert_eq!(found(|_| (), Vec::new()), [], "nothing of all that");
}

#[test]
fn an_allowance_is_for_its_own_environment_alone() {
    let blocked = |change: fn(&mut Facts), allow| {
        found(change, vec![allow]).iter().any(|it| it.severity == Severity::Blocks)
    };
    assert!(blocked(|it| it.container = Some("wsl".into()), Allowance::Container));
    assert!(blocked(|it| it.container = Some("podman".into()), Allowance::Wsl));
    assert!(!blocked(|it| it.container = Some("podman".into()), Allowance::Container));
    assert!(blocked(|it| it.environment.cloud = Some("ec2".into()), Allowance::Container));
}

#[test]
fn the_documentation_has_every_environment_with_its_answer() {
    let row = |it: &Known| format!("| {} | {} | {} |\n", it.name, it.told_by, answer(it));
    let rows: String = KNOWN.iter().map(row).collect();
    let table = format!("| environment | told by | answer |\n|---|---|---|\n{rows}");
    documentation::holds("environments.md", "environments", &table);
}
