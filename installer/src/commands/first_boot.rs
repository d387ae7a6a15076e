//! `first-boot`: what the unit of a sealed image calls, and a person at its console may.
//!
//! Wait for a seed, bring the machine up with it, take the seed's copies away, and last the mark that there is a
//! first boot to make: a power cut anywhere leads to a boot that goes on. What may be there later is waited for
//! without an end; what only a person can change ends it loudly.

use std::path::Path;

use super::{make_way, must_be_root, up};
use crate::cli::Options;
use crate::config;
use crate::durable;
use crate::error::{Error, Kind, Result};
use crate::first_boot::accepting::{Accepted, accept, without_seed};
use crate::first_boot::pace::Pace;
use crate::first_boot::report::Reporter;
use crate::first_boot::{Policy, SEALED, Source, clock, policy, source};
use crate::host::Host;
use crate::plan::Goal;
use crate::registration;
use crate::step::unanswered;

/// Gives this machine its identity.
///
/// # Errors
/// When only a person can change that it has none.
pub fn run(host: &mut dyn Host, named: Option<&Path>) -> Result<()> {
    must_be_root(host)?;
    if !is_sealed(host)? {
        host.tell(
            "nothing to do: this machine did not come out of a sealed image, or has its identity already",
        );
        return Ok(());
    }
    let mut reporter = Reporter::begin(host);
    let outcome = first_boot(host, named, &mut reporter);
    if let Err(e) = &outcome {
        reporter.failed(e);
    }
    outcome
}

fn first_boot(host: &mut dyn Host, named: Option<&Path>, reporter: &mut Reporter) -> Result<()> {
    let image = config::file(host, named)?;
    let policy = policy::load(host)?;
    source::prepare(host, &policy)?;
    let mut pace = Pace::begin(host);
    let mut seed = None;
    while is_sealed(host)? {
        let Some(options) = options(host, &policy, &image, &mut seed, reporter)? else {
            let pause = pace.before_look(host);
            host.sleep(pause);
            continue;
        };
        if let Some(wrong) = clock::trouble(host) {
            reporter.waits_for_clock(&wrong, host);
            clock::wait(host);
        }
        match bring_up(host, &options, reporter) {
            Ok(()) => return finish(host, &policy, reporter),
            Err(e) if !passes(&e) => return Err(e),
            Err(e) => {
                let pause = pace.before_try(host);
                reporter.waits_to_try_again(&e, pause, host);
                match e.kind {
                    Kind::WrongClock => clock::sleep_until_it_is_set(host, pause),
                    _ => host.sleep(pause),
                }
            }
        }
    }
    // Somebody registered the machine meanwhile: see `end_by_hand`.
    if let Some(instance) = instance(host)? {
        reporter.done(Some(instance));
    }
    Ok(())
}

/// Where a person registered this machine and its agents answer, there is no first boot to make any more.
///
/// # Errors
/// When the machine refuses.
pub(super) fn end_by_hand(host: &mut dyn Host) -> Result<()> {
    let answers = host.introspection().is_some_and(|agent| agent.container_instance_arn.is_some());
    if !is_sealed(host)? || !answers {
        return Ok(());
    }
    // A broken policy is a first boot's trouble, and none of a person's who needs none.
    let policy = policy::load(host).unwrap_or_default();
    let mut reporter = Reporter::take_over(host);
    finish(host, &policy, &mut reporter)
}

/// What to register with: the seed that counts now, which may be a better one than that of the last try. `None`
/// where it is to be waited for.
fn options(
    host: &dyn Host,
    policy: &Policy,
    image: &Options,
    last: &mut Option<Accepted>,
    reporter: &mut Reporter,
) -> Result<Option<Options>> {
    match find(host, policy, image, last.is_none(), reporter) {
        Ok(Some(found)) => {
            if let Some(signer) = &found.signer {
                reporter.note(format!("the seed from {} is signed: {signer}", found.place), host);
            }
            *last = Some(found);
        }
        Ok(None) => {}
        Err(e) => {
            reporter.waits_for_seed(Some(&e), host);
            return Ok(None);
        }
    }
    if let Some(seed) = last {
        reporter.tries(&seed.place);
        return Ok(Some(seed.options.clone()));
    }
    // The seed may have been taken away where the last boot ended just after it was used.
    if let (Some(found), true) = (registration::read(host)?, is_marked(host)?) {
        reporter.tries("the registration that is here");
        return without_seed(host, found.region, policy, image).map(Some);
    }
    reporter.waits_for_seed(None, host);
    Ok(None)
}

/// Whoever sits at the terminal is asked only while there is no seed.
fn find(
    host: &dyn Host,
    policy: &Policy,
    image: &Options,
    ask: bool,
    reporter: &mut Reporter,
) -> Result<Option<Accepted>> {
    let sources: Vec<Source> =
        policy.sources.iter().copied().filter(|source| ask || *source != Source::Prompt).collect();
    let asked = Policy { sources, ..policy.clone() };
    // What is plugged in later is said later.
    source::not_allowed(host, policy)?.into_iter().for_each(|note| reporter.note(note, host));
    let found = source::look(host, &asked, &mut |note| reporter.note(note, host))?;
    found.map(|found| accept(host, &found, policy, image)).transpose()
}

/// The same as `up`. An activation is used at most once where nobody knows what came of it: SSM may have made the
/// instance, and would make another.
fn bring_up(host: &mut dyn Host, options: &Options, reporter: &mut Reporter) -> Result<()> {
    let before = unanswered(host)?;
    let outcome = up::run_watched(host, options, Goal::Up, false, &mut |event| reporter.watch(event));
    make_way(host);
    let after = unanswered(host)?;
    match outcome {
        Err(e) if after.is_some() && after != before => Err(Error { kind: Kind::Lasting, ..e }.hint(
            "nobody knows whether SSM used the activation: see 'aws ssm describe-instance-information'; \
             'systemctl restart landfall-first-boot', or a boot, tries again",
        )),
        outcome => outcome,
    }
}

/// Whether it may go better by itself.
fn passes(e: &Error) -> bool {
    matches!(e.kind, Kind::Failed | Kind::Unreached | Kind::WrongClock | Kind::NoRoom)
}

/// The mark goes last: until then the next boot comes here again.
fn finish(host: &mut dyn Host, policy: &Policy, reporter: &mut Reporter) -> Result<()> {
    source::forget(host, policy)?;
    durable::remove(host, Path::new(SEALED))?;
    reporter.done(instance(host)?);
    Ok(())
}

/// What this machine is, in words.
fn instance(host: &dyn Host) -> Result<Option<String>> {
    let cluster = host.introspection().map(|agent| format!(" in cluster {}", agent.cluster));
    let found = registration::read(host)?;
    Ok(found.map(|found| found.instance_id + &cluster.unwrap_or_default()))
}

fn is_sealed(host: &dyn Host) -> Result<bool> {
    Ok(host.stat(Path::new(SEALED))?.is_some())
}

fn is_marked(host: &dyn Host) -> Result<bool> {
    Ok(host.stat(Path::new(crate::step::MARKER))?.is_some())
}
