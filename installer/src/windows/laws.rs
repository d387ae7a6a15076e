//! The laws that every plan keeps, tried on Windows machines in memory; see [`crate::laws`]. What a real Windows does is
//! not proved by them.

use std::collections::BTreeMap;

use super::commands::uninstall::take_back;
use super::commands::{seal, up::carry};
use super::facts::Facts;
use super::fake::{Fake, fresh, with_agents, with_docker, with_waiting_agent};
use super::findings::{distro, of_domain};
use super::places::{ENVIRONMENT, MARKER, RESUME, STORE};
use super::plan::{Told, plan};
use crate::activation::Activation;
use crate::cli::Options;
use crate::config::Config;
use crate::error::{Kind, Result};
use crate::host::Machine;
use crate::host::fake::{ACTIVATION_CODE, ACTIVATION_ID, Survivors};
use crate::plan::Goal;
use crate::secret::Secret;
use crate::step::Context;

mod another_proxy;
mod images;
mod of_others;

type State = BTreeMap<String, String>;

/// A machine and its name.
type Named = (&'static str, fn() -> Fake);

/// Each machine that is tried.
const MACHINES: [Named; 4] = [
    ("fresh", fresh),
    ("with a Docker of its own", with_docker),
    ("with an SSM agent that waits for an activation", with_waiting_agent),
    ("in another cluster, by nobody's Landfall", with_agents),
];

fn options() -> Options {
    Options {
        region: Some("us-east-1".into()),
        cluster: Some("harbour".into()),
        proxy: Some("http://proxy.example:3128".into()),
        ..Options::default()
    }
}

fn told() -> Told {
    Told { after_restart: "region = \"us-east-1\"\n".into(), ..Told::default() }
}

/// What `up` does until it is done or Windows must be restarted.
fn once(fake: &mut Fake, options: &Options, goal: Goal, said: &mut String) -> Result<usize> {
    let config = Config::resolve(fake, options)?;
    let facts = Facts::gather(fake)?;
    let plan = plan(&facts, &config, &distro(&facts)?, goal, &told())?;
    let activation = Activation::new(ACTIVATION_ID.into(), Secret::new(ACTIVATION_CODE.into()))?;
    let context = Context::new(Some(activation));
    let outcome = carry(fake, &plan, &context, &mut |event| *said += &format!("{event:?}\n"));
    *said += &format!("{outcome:?}");
    outcome
}

/// The same with the restart that it asks for.
fn bring_with(fake: &mut Fake, options: &Options, goal: Goal) -> Result<usize> {
    match once(fake, options, goal, &mut String::new()) {
        Err(e) if e.kind == Kind::Restart => {
            assert_eq!(e.exit_code(), 10);
            fake.boot();
            once(fake, options, goal, &mut String::new())
        }
        other => other,
    }
}

fn brought(fake: &mut Fake, name: &str) -> usize {
    bring_with(fake, &options(), Goal::Up).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Takes everything back; a feature goes with the next start.
fn restored(fake: &mut Fake, name: &str) -> Vec<String> {
    let leftovers = take_back(fake, &mut |_| {}).unwrap_or_else(|e| panic!("{name}: {e}"));
    fake.boot();
    leftovers
}

/// What a successful run leads to: everything but how it got there, and when.
fn success(fake: &Fake) -> State {
    let mut state = fake.state();
    state.retain(|name, _| !name.ends_with("receipt.json"));
    let id = STORE.read(fake).unwrap().map(|found| found.instance_id).unwrap_or_default();
    for value in state.values_mut() {
        *value = value.replace(&id, "mi-");
    }
    at_no_time(state)
}

/// Without the one thing that is another one each time the SSM agent starts.
fn at_no_time(mut state: State) -> State {
    for value in state.values_mut() {
        if let Some((before, _)) = value.split_once("CredentialsExpiresAt") {
            *value = before.to_owned();
        }
    }
    state
}

/// What the machine was and is to be again.
fn original(fake: &Fake) -> State {
    at_no_time(fake.state())
}

fn same(now: &State, then: &State, what: &str) {
    let mut names: Vec<&String> = now.keys().chain(then.keys()).collect();
    names.sort();
    names.dedup();
    let differences: Vec<String> = names
        .into_iter()
        .filter(|name| now.get(*name) != then.get(*name))
        .map(|name| format!("  {name}\n    is:     {:?}\n    should: {:?}", now.get(name), then.get(name)))
        .collect();
    assert!(differences.is_empty(), "{what}:\n{}", differences.join("\n"));
}

#[test]
fn a_second_run_changes_nothing() {
    for (name, machine) in MACHINES {
        let mut fake = machine();
        assert!(brought(&mut fake, name) > 0);
        let before = fake.state();
        assert_eq!(brought(&mut fake, name), 0, "{name}");
        same(&fake.state(), &before, name);
        assert!(fake.read(RESUME.as_ref()).unwrap().is_none(), "{name}: the choices are kept no longer");
    }
}

#[test]
fn undo_restores_what_was_found() {
    for (name, machine) in MACHINES {
        let mut fake = machine();
        let mut found = machine();
        found.boot();
        brought(&mut fake, name);
        let leftovers = restored(&mut fake, name);
        same(&original(&fake), &original(&found), name);
        let is_told = leftovers.iter().any(|left| left.contains("deregister-managed-instance"));
        assert_eq!(is_told, STORE.read(&found).unwrap().is_none(), "{name}: {leftovers:?}");
    }
}

#[test]
fn a_restart_on_the_way_is_asked_for_once_and_the_next_run_goes_on() {
    let mut fake = fresh();
    let error = once(&mut fake, &options(), Goal::Up, &mut String::new()).unwrap_err();
    assert_eq!((error.kind, error.exit_code()), (Kind::Restart, 10));
    let kept = fake.disk.text(RESUME).unwrap();
    assert!(kept.contains("us-east-1") && !kept.contains(ACTIVATION_CODE), "{kept}");
    // Again without a restart: the same answer, and nothing else is touched.
    let before = fake.state();
    let error = once(&mut fake, &options(), Goal::Up, &mut String::new()).unwrap_err();
    assert_eq!(error.kind, Kind::Restart);
    same(&fake.state(), &before, "asked again before the restart");
    fake.boot();
    assert!(brought(&mut fake, "restarted") > 0);
}

#[test]
fn no_restart_is_asked_for_where_windows_needs_none() {
    let mut fake = fresh();
    fake.at_once = true;
    once(&mut fake, &options(), Goal::Up, &mut String::new()).unwrap();
}

/// The machine after a run whose n-th touch failed; `None` when the run has no n-th touch.
fn failed_at(machine: fn() -> Fake, touch: u32, said: &mut String) -> Option<Fake> {
    let mut fake = machine();
    fake.at_once = true;
    (fake.touches, fake.fails_at) = (0, Some(touch));
    let _ = once(&mut fake, &options(), Goal::Up, said);
    let reached = fake.touches >= touch;
    fake.fails_at = None;
    reached.then_some(fake)
}

#[test]
fn a_failure_at_any_touch_then_another_run_equals_success_and_undo_then_equals_the_start() {
    for (name, machine) in MACHINES {
        let (mut whole, mut found) = (machine(), machine());
        (whole.at_once, found.at_once) = (true, true);
        found.boot();
        brought(&mut whole, name);
        let mut touch = 1;
        let mut said = String::new();
        while let Some(fake) = failed_at(machine, touch, &mut said) {
            let what = format!("{name}, failure at touch {touch}");
            let (mut resumed, mut undone) = (fake.clone(), fake);
            brought(&mut resumed, &what);
            same(&success(&resumed), &success(&whole), &format!("{what}, resumed"));
            restored(&mut undone, &what);
            same(&original(&undone), &original(&found), &format!("{what}, undone"));
            assert!(!said.contains(ACTIVATION_CODE), "{what}");
            said.clear();
            touch += 1;
        }
        assert!(touch > 50, "{name}: only {touch} touches");
    }
}

#[test]
fn a_failure_of_undo_at_any_touch_then_undo_again_equals_the_start() {
    for (name, machine) in MACHINES {
        let mut found = machine();
        found.boot();
        let mut whole = machine();
        brought(&mut whole, name);
        for touch in 1.. {
            let mut fake = whole.clone();
            (fake.touches, fake.fails_at) = (0, Some(touch));
            let _ = take_back(&mut fake, &mut |_| {});
            if fake.touches < touch {
                break;
            }
            fake.fails_at = None;
            restored(&mut fake, name);
            same(&original(&fake), &original(&found), &format!("{name}, undo failed at touch {touch}"));
        }
    }
}

#[test]
fn a_power_cut_at_any_touch_then_another_run_equals_success_with_one_registration() {
    for (name, machine) in MACHINES {
        let mut whole = machine();
        brought(&mut whole, name);
        let mut fake = machine();
        fake.at_once = true;
        fake.keep_moments();
        once(&mut fake, &options(), Goal::Up, &mut String::new()).unwrap();
        for (at, moment) in fake.take_moments().into_iter().enumerate() {
            for survivors in [Survivors::None, Survivors::All, Survivors::Some(1), Survivors::Some(2)] {
                let what = format!("{name}, power cut at touch {}, {survivors:?} survives", at + 1);
                let mut cut = moment.clone();
                cut.lose_power(survivors);
                let lost = cut.registrations == 1 && STORE.identity(&cut).unwrap().is_none();
                brought(&mut cut, &what);
                same(&success(&cut), &success(&whole), &what);
                assert_eq!(cut.registrations, whole.registrations + u32::from(lost), "{what}");
                assert!(!lost || cut.told().contains("was cut short"), "{what}: {}", cut.told());
            }
        }
    }
}

#[test]
fn an_installer_that_somebody_else_signed_is_not_run() {
    let mut fake = fresh();
    (fake.at_once, fake.signer) = (true, "Harbour Tools Ltd");
    let error = once(&mut fake, &options(), Goal::Up, &mut String::new()).unwrap_err();
    assert!(error.what.contains("Harbour Tools Ltd"), "{error}");
    assert!(!fake.services.contains_key(super::places::SSM_SERVICE));
}

#[test]
fn a_machine_moves_to_another_cluster_without_a_new_identity() {
    let mut fake = fresh();
    brought(&mut fake, "first");
    let moved = Options { cluster: Some("haven".into()), ..options() };
    assert!(bring_with(&mut fake, &moved, Goal::Up).unwrap() > 0);
    assert_eq!((fake.registrations, fake.introspection().unwrap().cluster.as_str()), (1, "haven"));
    assert!(fake.told().contains("leaves the cluster harbour"), "{}", fake.told());
    assert_eq!(bring_with(&mut fake, &moved, Goal::Up).unwrap(), 0);
}

#[test]
fn an_activation_that_the_service_refuses_leaves_the_identity_that_was_begun_as_it_was() {
    let mut fake = fresh();
    bring_with(&mut fake, &options(), Goal::Install).unwrap();
    let before = fake.state();
    let config = Config::resolve(&fake, &options()).unwrap();
    let facts = Facts::gather(&fake).unwrap();
    let plan = plan(&facts, &config, &distro(&facts).unwrap(), Goal::Register, &Told::default()).unwrap();
    let wrong = Activation::new(ACTIVATION_ID.into(), Secret::new("WrongCodeWrongCode99".into())).unwrap();
    let error = carry(&mut fake, &plan, &Context::new(Some(wrong)), &mut |_| {}).unwrap_err();
    assert!(error.what.contains("does not know this activation"), "{error}");
    // The agent makes the folder that its Vault was in, and would again.
    let aside = ["receipt.json", "InstanceData"];
    let apart = |mut state: State| {
        state.retain(|name, _| !aside.iter().any(|end| name.ends_with(end)));
        state
    };
    same(&apart(fake.state()), &apart(before), "refused");
}

#[test]
fn what_a_domain_does_not_answer_for_is_told_by_its_name() {
    let mut fake = fresh();
    let facts = Facts::gather(&fake).unwrap();
    assert!(of_domain(&fake, &facts).is_empty());
    // A suffix of names in DNS is no domain yet.
    let domain = super::door::Value::Text("harbour.example".into());
    fake.registry.get_mut(super::places::TCPIP).unwrap().insert("Domain".into(), domain);
    assert_eq!(Facts::gather(&fake).unwrap().domain, None);
    fake.domain = Some("HARBOUR".into());
    let found = of_domain(&fake, &Facts::gather(&fake).unwrap());
    assert!(
        found.len() == 1 && found[0].sentence.contains("harbour.example does not answer for SMB"),
        "{found:?}"
    );
}
