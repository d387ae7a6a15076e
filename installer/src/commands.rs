//! The commands, each a flow that fits a screen.

use std::path::Path;

use crate::cli::Options;
#[cfg(unix)]
use crate::cli::{Action, CheckFlags, Cli, IdentityAction, InstallFlags, PlanFlags, RenewFlags};
#[cfg(unix)]
use crate::config;
use crate::error::{Error, Result};
use crate::host::{Holder, Host, Machine};
#[cfg(unix)]
use crate::plan::Goal;

pub mod check;
pub mod credentials_endpoint;
pub mod facts;
pub mod first_boot;
pub mod guard;
pub mod identity;
pub mod install_offline;
pub mod plan;
pub mod seal;
pub mod self_update;
pub mod status;
pub mod uninstall;
pub mod up;
pub mod wait_for_credentials;

const LOCK: &str = "/run/landfall.lock";

/// Runs the command that was asked for.
///
/// # Errors
/// The command's.
#[cfg(unix)]
pub fn run(host: &mut dyn Host, cli: Cli) -> Result<()> {
    let json = cli.json;
    let options = |host: &dyn Host, flags: Box<Options>| -> Result<Options> {
        Ok(flags.or(config::file(host, cli.config.as_deref())?))
    };
    match cli.command {
        Action::Up(flags) => {
            let options = options(host, flags)?;
            let goal = if options.skip_registration { Goal::Install } else { Goal::Up };
            up::run(host, &options, goal, json)
        }
        Action::Install(flags) => {
            let InstallFlags { root, options: given } = *flags;
            if let Some(root) = root {
                return install_offline::run(host, &root, &given, cli.config.as_deref(), json);
            }
            let options = with_some_region(host, options(host, Box::new(given))?);
            up::run(host, &options, Goal::Install, json)
        }
        Action::Register(flags) => {
            let options = options(host, flags)?;
            up::run(host, &options, Goal::Register, json)
        }
        Action::Check(flags) => match *flags {
            CheckFlags { facts: true, os_release, .. } => facts::run(host, os_release.as_deref(), json),
            CheckFlags { os_release: Some(file), .. } => facts::findings_of_file(host, &file, json),
            CheckFlags { options: given, .. } => check::run(host, &options(host, Box::new(given))?, json),
        },
        Action::Plan(flags) => {
            let PlanFlags { release, os_release, arch, options: given } = *flags;
            let options = options(host, Box::new(given))?;
            let whose = plan::Whose::of(release, os_release, arch.unwrap_or_default());
            plan::run(host, &options, &whose, json)
        }
        Action::Seal(flags) => seal::run(host, &flags, json),
        Action::Status => status::run(host, json),
        Action::Identity(IdentityAction::Show) => identity::show(host, json),
        Action::Identity(IdentityAction::Accept) => identity::accept(host),
        Action::Identity(IdentityAction::Renew(flags)) => {
            let RenewFlags { force, options: given } = *flags;
            let options = options(host, Box::new(given))?;
            identity::renew(host, options, force, json)
        }
        Action::SelfUpdate(flags) => {
            let file = config::file(host, cli.config.as_deref())?;
            self_update::run(host, &flags, file, json)
        }
        Action::Uninstall => uninstall::run(host, json),
        Action::WaitForCredentials { timeout } => wait_for_credentials::run(host, timeout),
        Action::CredentialsEndpoint => credentials_endpoint::run(host),
        Action::Guard => guard::run(host),
        Action::FirstBoot => first_boot::run(host, cli.config.as_deref()),
    }
}

/// Changing a machine needs root; looking does not.
fn must_be_root(host: &dyn Host) -> Result<()> {
    if host.is_root() {
        return Ok(());
    }
    Err(Error::refused("this needs root").hint("run it again with sudo, or as root"))
}

/// Two runs on one machine would step on each other: the second is told who is at it.
fn must_be_alone(host: &mut dyn Host) -> Result<()> {
    let holder = host.lock(Path::new(LOCK))?;
    alone(holder)
}

/// Nobody must hold the lock.
pub(crate) fn alone(holder: Option<Holder>) -> Result<()> {
    match holder {
        None => Ok(()),
        Some(holder) => Err(Error::failed(format!("another Landfall is at work here: {holder}"))
            .hint("wait until it is done, and run again")),
    }
}

/// Lets another run begin.
fn make_way(host: &mut dyn Host) {
    host.unlock(Path::new(LOCK));
}

/// Prints data on standard output.
pub(crate) fn print_json(value: &serde_json::Value) {
    println!("{value:#}");
}

/// Which region an image is for may be known only when a clone registers: until then, packages come from this one.
const ANY_REGION: &str = "us-east-1";

pub(crate) fn with_some_region(host: &dyn Machine, options: Options) -> Options {
    if options.region.is_some() {
        return options;
    }
    host.tell(&format!(
        "no region was given: packages come from {ANY_REGION}, and registering will say which region counts"
    ));
    Options { region: Some(ANY_REGION.into()), ..options }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::Allowance;
    use crate::host::Machine;
    use crate::host::fake::{Fake, fresh};

    #[test]
    fn a_plan_that_is_looked_at_when_the_last_key_is_about_to_end_says_so() {
        let fake = fresh();
        let options = Options { region: Some("us-east-1".into()), ..Options::default() };
        plan::run(&fake, &options, &plan::Whose::This, true).unwrap();
        assert_eq!(fake.told(), "");
        fake.sleep(Duration::from_secs(300 * 86_400));
        plan::run(&fake, &options, &plan::Whose::This, true).unwrap();
        assert!(fake.told().starts_with("warns   the last signing key of the SSM agent"), "{}", fake.told());
    }

    fn up(fake: &mut Fake, allow: Vec<Allowance>) -> Result<()> {
        let options = Options { region: Some("us-east-1".into()), allow, ..Options::default() };
        up::run(fake, &options, Goal::Install, true)
    }

    #[test]
    fn an_image_can_be_installed_before_its_region_is_known_and_a_machine_is_not_registered_without_one() {
        let mut fake = fresh();
        let run = |fake: &mut Fake, words: &[&str]| {
            let words = ["landfall"].iter().chain(words);
            super::run(fake, <Cli as clap::Parser>::try_parse_from(words).unwrap())
        };
        run(&mut fake, &["install"]).unwrap();
        assert!(fake.told().contains("packages come from us-east-1"), "{}", fake.told());
        let error = run(&mut fake, &["register"]).unwrap_err();
        assert!(error.exit_code() == 2 && error.what.contains("no region"), "{error}");
    }

    #[test]
    fn a_machine_whose_os_release_is_broken_is_refused_and_not_touched() {
        for content in ["", "ID=debian\0", "ID=debian\nVERSION_ID=\"12\n", "ID=$(touch /tmp/x)\n"] {
            let mut fake = fresh();
            fake.put("/etc/os-release", content, 0o644);
            let before = fake.state();
            let error = up(&mut fake, Vec::new()).unwrap_err();
            assert!(error.exit_code() == 2 && error.hint.is_some(), "{error}");
            assert!(error.what.starts_with("/etc/os-release is broken: "), "{error}");
            assert_eq!(fake.state(), before);
            assert_eq!(facts::run(&fake, None, true).unwrap_err().exit_code(), 2);
        }
    }

    #[test]
    fn a_container_of_an_application_is_refused_and_not_touched_unless_it_is_allowed() {
        let mut fake = fresh();
        fake.put("/.dockerenv", "", 0o644);
        let before = fake.state();
        let error = up(&mut fake, vec![Allowance::Ec2]).unwrap_err();
        assert!(error.exit_code() == 2 && error.what.contains("(docker)"), "{error}");
        assert!(error.hint.unwrap().contains("--allow container"));
        assert_eq!(fake.state(), before);
        up(&mut fake, vec![Allowance::Container]).unwrap();
    }
}
