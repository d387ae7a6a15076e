//! `up`, `install`, `register` on Windows: look, decide, act, tell; and go on after a restart.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{choices, must_be_alone, must_be_elevated};
use crate::apply::carry_out;
use crate::cli::Options;
use crate::commands::print_json;
use crate::commands::up::{as_json, error_as_json, failing, pass, refusing};
use crate::config::{self, Config};
use crate::durable;
use crate::error::{Error, Kind, Result};
use crate::findings::Finding;
use crate::plan::{Goal, Item};
use crate::probe::{self, Question};
use crate::receipt::ReceiptOf;
use crate::step::{Change, Context, forget_folder, no_activation};
use crate::terminal;
use crate::ui::{Ui, seconds};
use crate::windows::door::{Feature, Windows};
use crate::windows::facts::Facts;
use crate::windows::findings::{distro, findings};
use crate::windows::kept::kept;
use crate::windows::places::{DOWNLOADS, RESUME, SEALED, SEED, STATE, STORE};
use crate::windows::plan::{Told, plan};
use crate::windows::step::Step;

/// Brings the machine to the goal.
///
/// # Errors
/// When it cannot be brought there; the next run goes on where this one stopped. Exit code 10 where Windows must be
/// restarted first.
pub fn run(host: &mut dyn Windows, options: &Options, goal: Goal, json: bool) -> Result<()> {
    bring(host, options, goal, json)?;
    joined(host, goal)
}

/// A machine that has its identity has no first boot to come any more: a seed for it, which holds an activation, goes.
fn joined(host: &mut dyn Windows, goal: Goal) -> Result<()> {
    let of_first_boots: &[&str] = if goal == Goal::Install { &[] } else { &[SEED, SEALED] };
    of_first_boots.iter().try_for_each(|path| durable::remove(host, Path::new(path)))
}

fn bring(host: &mut dyn Windows, options: &Options, goal: Goal, json: bool) -> Result<()> {
    must_be_elevated(host)?;
    must_be_alone(host)?;
    let (config, pin) = choices::resolve(host, options)?;
    host.use_proxy(config.proxy.clone(), config.proxy_is_chosen);
    let facts = Facts::gather(host)?;
    let distro = distro(&facts)?;
    let mut noted = findings(&facts, &config, &distro, goal);
    noted.extend(kept(host, &config, pin.as_ref())?);
    pass(host, &noted, refusing(&noted), json)?;
    let after_restart = choices::kept(&late(options, goal), config.proxy.as_ref(), |file| whole(host, file))?;
    let beside = Told { after_restart, pin };
    let plan = plan(&facts, &config, &distro, goal, &beside)?;
    let activation = config::activation(host, options, terminal::standard_input)?;
    if goal != Goal::Install && facts.registration.is_none() && activation.is_none() {
        return Err(no_activation());
    }
    let found = what_is_needed(host, &plan, &config, goal)?;
    pass(host, &found, failing(&found), json)?;
    noted.extend(found);
    let ui = Ui::new(host.env("NO_COLOR").is_some(), host.progress());
    let mut told = Vec::new();
    let changed = carry(host, &plan, &Context::new(activation), &mut |event| {
        ui.show(&event);
        told.extend(as_json(&event));
    });
    if json {
        print_json(&outcome(host, &changed, &noted, told));
    }
    let changed = changed.map_err(|e| with_what_comes(e, &facts, &beside.after_restart))?;
    ui.account(host.elapsed(), &host.timings());
    conclude(host, goal, changed);
    Ok(())
}

/// Carries the plan out; what was only for the way goes at its end.
pub(in crate::windows) fn carry(
    host: &mut dyn Windows,
    plan: &[Item<Step>],
    context: &Context,
    listen: &mut crate::apply::Listener<Step>,
) -> Result<usize> {
    // Downloads begin before anything else, and go below it: it has to be closed to others by then.
    durable::create_folders(host, Path::new(STATE), 0o700)?;
    ReceiptOf::<Step>::clear_up(host)?;
    let mut receipt = ReceiptOf::<Step>::read(host)?;
    let changed = carry_out(host, plan, context, &mut receipt, listen);
    give_up_for_good(host, &changed)?;
    let changed = changed?;
    let _ = forget_folder(host, Path::new(DOWNLOADS));
    durable::remove(host, Path::new(RESUME))?;
    Ok(changed)
}

/// What fails again however often it is tried is not gone on with: each try might make a managed instance.
fn give_up_for_good(host: &mut dyn Windows, changed: &Result<usize>) -> Result<()> {
    match changed {
        Err(e) if e.kind == Kind::Lasting => durable::remove(host, Path::new(RESUME)),
        _ => Ok(()),
    }
}

/// A run that only installs goes on as one that only installs.
fn late(options: &Options, goal: Goal) -> Options {
    Options { skip_registration: options.skip_registration || goal == Goal::Install, ..options.clone() }
}

/// The service that goes on has another folder than whoever began.
fn whole(host: &dyn Windows, file: &Path) -> Result<PathBuf> {
    let path = host.resolve(file)?;
    path.ok_or_else(|| {
        Error::refused(format!("there is no file {}", file.display())).hint("see --activation-file")
    })
}

/// Where the steps that are not done yet get files from, and where this machine is to take part.
fn what_is_needed(
    host: &dyn Windows,
    plan: &[Item<Step>],
    config: &Config,
    goal: Goal,
) -> Result<Vec<Finding>> {
    let mut questions: Vec<Question> = Vec::new();
    let mut joins = false;
    for item in plan {
        let needed = item.step.check(host)?.is_some();
        match &item.step {
            Step::Artifacts(step) if needed => {
                questions.extend(probe::origin(&step.url).map(|it| (it, true)))
            }
            Step::SsmAgent(step) if needed => questions.extend(probe::origin(&step.url).map(|it| (it, true))),
            Step::Register(_) | Step::AwaitInstance(_) => joins |= needed,
            _ => {}
        }
    }
    if joins && goal != Goal::Install {
        questions.extend(probe::services(config));
    }
    Ok(probe::ask(host, config, questions))
}

/// What a restart is followed by.
fn with_what_comes(e: Error, facts: &Facts, kept: &str) -> Error {
    if e.kind != Kind::Restart || facts.containers == Feature::Enabled {
        return e;
    }
    let after = if kept.contains("skip-registration = true") {
        "after that Landfall installs the rest by itself; then run 'landfall register' with the activation"
    } else {
        "after that Landfall goes on by itself, and reads the activation's file then: leave it where it is"
    };
    e.hint(format!("'shutdown /r /t 0' restarts it; {after}; 'landfall status' tells how it went"))
}

fn outcome(host: &dyn Windows, changed: &Result<usize>, noted: &[Finding], steps: Vec<Value>) -> Value {
    let result = match changed {
        Ok(_) => "done",
        Err(e) if e.kind == Kind::Restart => "restart",
        Err(_) => "failed",
    };
    json!({
        "version": 1,
        "result": result,
        "changed": changed.as_ref().ok(),
        "error": changed.as_ref().err().map(error_as_json),
        "findings": noted,
        "steps": steps,
        "instance": {
            "registration": STORE.read(host).ok().flatten(),
            "ecs_agent": host.introspection(),
        },
    })
}

fn conclude(host: &dyn Windows, goal: Goal, changed: usize) {
    if changed == 0 {
        eprintln!("nothing to do: everything is already so ({})", seconds(host.elapsed()));
    }
    match (goal, host.introspection().and_then(|agent| agent.container_instance_arn)) {
        (Goal::Install, _) => eprintln!("installed, without an identity: 'landfall register' gives it one"),
        (_, Some(arn)) => eprintln!("registered: {arn}"),
        (_, None) => eprintln!("registered; the ECS agent does not answer any more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::fake::fresh;

    #[test]
    fn a_sealed_machine_that_a_person_registered_has_no_first_boot_and_no_seed_and_an_installed_one_keeps_both()
     {
        let mut fake = fresh();
        durable::create_folders(&mut fake, Path::new(STATE), 0o700).unwrap();
        for (goal, is_kept) in [(Goal::Install, true), (Goal::Register, false), (Goal::Up, false)] {
            for path in [SEALED, SEED] {
                durable::write(&mut fake, Path::new(path), b"", 0o600).unwrap();
            }
            joined(&mut fake, goal).unwrap();
            for path in [SEALED, SEED] {
                assert_eq!(fake.disk.text(path).is_some(), is_kept, "{path}");
            }
        }
    }

    #[test]
    fn what_fails_for_good_is_not_gone_on_with_and_what_may_go_better_is() {
        let mut fake = fresh();
        durable::create_folders(&mut fake, Path::new(STATE), 0o700).unwrap();
        for (error, is_kept) in
            [(Error::failed("no network"), true), (Error::lasting("another account"), false)]
        {
            durable::write(&mut fake, Path::new(RESUME), b"region = \"us-east-1\"\n", 0o600).unwrap();
            give_up_for_good(&mut fake, &Err(error)).unwrap();
            assert_eq!(fake.disk.text(RESUME).is_some(), is_kept);
        }
    }
}
