//! The laws that every plan keeps, tried on machines in memory.
//!
//! A second run changes nothing; undo restores; a failure or a power cut at any touch, then another
//! run, equals success, and then undo equals the start; the activation's code is written nowhere.
//! What may differ after an undo stands in [`EXCEPTIONS`], each with its reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::activation::Activation;
use crate::apply::apply;
use crate::certificate::tests::{VENDOR, fingerprint};
use crate::cli::{DockerSource, IpFamily, Options, SelinuxMode};
use crate::commands::uninstall::take_back;
use crate::config::Config;
use crate::error::Result;
use crate::facts::Facts;
use crate::host::fake::{
    ACCOUNT, ACTIVATION_CODE, ACTIVATION_ID, Fake, MACHINES, Survivors, TRUST_FINGERPRINT, TRUST_KEY,
    blank_vault, fresh, fresh_stream,
};
use crate::host::{Host, Machine};
use crate::package_database::{EXTENDED_STATES, STATUS};
use crate::plan::{Goal, distro, plan};
use crate::registration;
use crate::secret::Secret;
use crate::step::{Context, MARKER};

mod account;
mod cuts;
mod docker_repository;
mod endpoint;
mod exec;
mod failures;
mod first_boot;
mod foreseeing;
mod guarding;
mod late_choices;
mod packages;
mod proxies;
mod registering;
mod sealing;
mod selinux;
mod taking_back;
mod versions;
mod wholes;

type State = BTreeMap<String, String>;

/// What may differ after an undo: a prefix of the state's name, and why.
const EXCEPTIONS: [(&str, &str); 6] = [
    ("/var/log/", "logs tell what happened, and that stays so"),
    (EXTENDED_STATES, "apt forgets what is not installed any more when it runs next"),
    ("/var/lib/apt/lists", "the package lists are as after any 'apt-get update'"),
    ("/usr/local/bin/landfall", "an older Landfall is not worth keeping: looked at in a test of its own"),
    ("/var/lib/dpkg/updates", "an interrupted dpkg was repaired, and is not broken again"),
    (STATUS, "compared package by package: the one that was interrupted is whole now"),
];

/// On the first machine every touch is tried; on each other one every eleventh, and not the same ones.
fn stride(machine: usize) -> u32 {
    if machine == 0 { 1 } else { 11 }
}

fn first(machine: usize) -> u32 {
    if machine == 0 { 1 } else { 1 + u32::try_from(machine % 11).unwrap_or(0) }
}

/// What was chosen for a run.
#[derive(Debug, Clone, Copy)]
struct Choices {
    goal: Goal,
    cluster: bool,
    pairs: bool,
    no_start: bool,
    ipv6: bool,
    trust: bool,
    proxy: bool,
    /// From a mirror with a key made here: nobody else has Docker's.
    docker: Option<DockerSource>,
    exec: bool,
    account: bool,
    selinux: bool,
}

impl Choices {
    const PLAIN: Self = Self {
        goal: Goal::Up,
        cluster: false,
        pairs: false,
        no_start: false,
        ipv6: false,
        trust: false,
        proxy: false,
        docker: None,
        exec: false,
        account: false,
        selinux: false,
    };
    const FULL: Self = Self {
        cluster: true,
        pairs: true,
        ipv6: true,
        trust: true,
        proxy: true,
        exec: true,
        account: true,
        selinux: true,
        ..Self::PLAIN
    };

    /// The product of all choices; the proxy comes with half of them.
    fn all() -> impl Iterator<Item = Self> {
        (0..64_u32).map(|bits| {
            let bit = |at: u32| bits >> at & 1 == 1;
            let goal = if bit(0) { Goal::Install } else { Goal::Up };
            Self {
                goal,
                cluster: bit(1),
                pairs: bit(2),
                no_start: bit(3),
                ipv6: bit(4),
                trust: bit(5),
                proxy: bit(4) != bit(5),
                docker: None,
                exec: bit(5),
                account: bit(2),
                selinux: bit(1),
            }
        })
    }

    fn options(self) -> Options {
        let pairs = |pair: &str| if self.pairs { vec![pair.to_owned()] } else { Vec::new() };
        Options {
            region: Some("us-east-1".into()),
            cluster: self.cluster.then(|| "test-cluster".into()),
            attribute: pairs("rack=7"),
            tag: pairs("team=harbour"),
            no_start: self.no_start,
            proxy: self.proxy.then(|| "http://proxy.example:3128".into()),
            no_proxy: self.proxy.then(|| "internal.example".into()),
            ip_compatibility: self.ipv6.then_some(IpFamily::Ipv6),
            expect_account: self.account.then(|| ACCOUNT.into()),
            selinux: self.selinux.then_some(SelinuxMode::Permissive),
            exec_version: self.exec.then(|| "3.2.0.0".into()),
            mirror: self.trust.then(|| "https://mirror.example".into()),
            trust_key: self.trust.then(|| TRUST_KEY.into()),
            trust_fingerprint: self.trust.then(|| TRUST_FINGERPRINT.into()),
            docker_install_source: self.docker,
            docker_mirror: self.docker.map(|_| "https://mirror.test".into()),
            docker_trust_fingerprint: self.docker.map(|_| fingerprint(&VENDOR)),
            ..Options::default()
        }
    }
}

/// Facts, plan, apply: what `up` does; what it tells is kept in `said`.
fn bring(fake: &mut Fake, choices: Choices, said: &mut String) -> Result<usize> {
    bring_with(fake, &choices.options(), choices.goal, said)
}

fn bring_with(fake: &mut Fake, options: &Options, goal: Goal, said: &mut String) -> Result<usize> {
    let config = Config::resolve(fake, options)?;
    fake.use_proxy(config.proxy.clone(), config.proxy_is_chosen);
    let facts = Facts::gather(fake)?;
    let plan = plan(&facts, &config, &distro(&facts)?, goal)?;
    let activation = Activation::new(ACTIVATION_ID.into(), Secret::new(ACTIVATION_CODE.into()))?;
    let context = Context::new(Some(activation));
    let outcome = apply(fake, &plan, &context, &mut |event| *said += &format!("{event:?}\n"));
    *said += &format!("{outcome:?}");
    outcome
}

/// Brings a machine up and says how it was meant, if that fails.
fn brought(fake: &mut Fake, choices: Choices, name: &str) -> usize {
    bring(fake, choices, &mut String::new()).unwrap_or_else(|e| panic!("{name}, {choices:?}: {e}"))
}

/// Takes everything back.
fn restored(fake: &mut Fake, name: &str) -> Vec<String> {
    take_back(fake, &mut |_| {}).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// What a successful run leads to: everything but how it got there (the receipt, what apt brought, logs, apt's notes,
/// the agent's older note of its id, which proves nothing,
/// whether the endpoint was set by its unit at boot or by Landfall itself). Which instance it became depends
/// on how often the service was asked, and is normalised.
fn success(fake: &Fake) -> State {
    let mut state = fake.state();
    let aside = [
        "/var/lib/landfall/receipt.json",
        "/var/lib/landfall/transaction",
        "/var/lib/apt/",
        "/var/lib/rpm/",
        "/var/log/",
        "/var/lib/amazon/ssm/registration",
        "running landfall-",
    ];
    state.retain(|name, _| !aside.iter().any(|prefix| name.starts_with(prefix)));
    // Of rpm's database all but the times of its transactions.
    state.extend(fake.rpms_here().into_iter().map(|(name, version)| (format!("package {name}"), version)));
    let id = registration::read(fake).ok().flatten().map(|found| found.instance_id);
    for value in state.values_mut() {
        if let Some(id) = &id {
            *value = value.replace(id.as_str(), "mi-");
        }
        *value = without_times(value);
    }
    state
}

/// What undo restores, but for the reviewed exceptions.
fn original(fake: &Fake) -> State {
    let mut state = fake.state();
    state.retain(|name, _| !EXCEPTIONS.iter().any(|(prefix, _)| name.starts_with(prefix)));
    let status = fake.disk.text(STATUS).unwrap_or_default();
    for stanza in status.split("\n\n").filter(|stanza| !stanza.trim().is_empty()) {
        let repaired = stanza
            .replace("half-configured", "installed")
            .replace("ok unpacked", "ok installed")
            .replace("reinstreq half-installed", "ok installed");
        state.insert(format!("package {}", stanza.lines().next().unwrap_or_default()), repaired);
    }
    state.values_mut().for_each(|value| *value = without_times(value));
    state
}

/// The end of the credentials is a time, and differs from run to run.
fn without_times(text: &str) -> String {
    match text.split_once("CredentialsExpiresAt") {
        Some((before, _)) => before.to_owned(),
        None => text.to_owned(),
    }
}

fn same(now: &State, then: &State, what: &str) {
    let names: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
    let differences: Vec<String> = names
        .into_iter()
        .filter(|name| now.get(*name) != then.get(*name))
        .map(|name| format!("  {name}\n    is:     {:?}\n    should: {:?}", now.get(name), then.get(name)))
        .collect();
    assert!(differences.is_empty(), "{what}:\n{}", differences.join("\n"));
}
