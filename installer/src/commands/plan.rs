//! `plan`: what `up` would do, here or on a machine that is not here, and why. Changes nothing: it is given a machine
//! to look at only, and of another machine it does not even look at this one.

use std::path::PathBuf;

use distro_matrix::Distro;
use serde::Serialize;
use serde_json::json;

use super::{check, print_json};
use crate::cli::{Architecture, Options};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::facts::{Facts, Told};
use crate::findings::{Code, findings, keys};
use crate::foresight::{Foreseen, foresee};
use crate::host::Host;
use crate::plan::{Goal, Item, distro, plan};
use crate::recognition;
use crate::step::Change;

/// The machine that is planned for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// This one.
    This,
    /// A fresh one of a release, by its name.
    OfRelease(String, Architecture),
    /// A fresh one of which an os-release tells.
    OfFile(PathBuf, Architecture),
}

impl Whose {
    /// What flags name; they allow for one at most.
    #[must_use]
    pub fn of(release: Option<String>, os_release: Option<PathBuf>, architecture: Architecture) -> Self {
        match (release, os_release) {
            (Some(release), _) => Self::OfRelease(release, architecture),
            (None, Some(file)) => Self::OfFile(file, architecture),
            (None, None) => Self::This,
        }
    }

    fn look(&self, host: &dyn Host) -> Result<(Facts, Distro)> {
        match self {
            Self::This => {
                let facts = Facts::gather_what_decides(host)?;
                let distro = distro(&facts)?;
                Ok((facts, distro))
            }
            Self::OfRelease(release, architecture) => {
                let distro = recognition::named(release)?.clone();
                Ok((Facts::of_release(&distro, architecture.machine()), distro))
            }
            Self::OfFile(file, architecture) => {
                let told = Told::of_file(host, file);
                let distro = recognition::distro(&told.os, told.broken.as_deref())?;
                Ok((Facts::of_file(told, &distro, architecture.machine()), distro))
            }
        }
    }
}

/// Prints the plan.
///
/// # Errors
/// When that machine or these choices are not supported.
pub fn run(host: &dyn Host, options: &Options, whose: &Whose, json: bool) -> Result<()> {
    let config = Config::resolve(host, options)?;
    let (facts, distro) = whose.look(host)?;
    let goal = if options.skip_registration { Goal::Install } else { Goal::Up };
    let found = findings(&facts, &config, Some(&distro), goal);
    found.iter().filter(|it| it.code == Code::NotRoot).for_each(|it| host.tell(&check::line(it)));
    check::pass(host, found, Error::refused)?;
    let plan = plan(&facts, &config, &distro, goal)?;
    check::pass(host, keys::findings(&plan, host.now()).into_iter().collect(), Error::refused)?;
    let foreseen = match whose {
        Whose::This => foresee(host, &plan)?,
        // Nobody knows what is there.
        _ => Vec::new(),
    };
    if json {
        let steps: Vec<_> = planned(&plan, &foreseen).collect();
        print_json(&json!({"version": 1, "release": distro.release, "facts": facts, "steps": steps}));
    } else {
        println!("{}, 'landfall up' would:\n", place(whose, &facts, &distro));
        print!("{}", render(&plan, &foreseen));
    }
    Ok(())
}

/// A step, and what it would come to, where this machine was looked at.
#[derive(Serialize)]
#[serde(bound = "S: Change")]
struct Planned<'a, S> {
    #[serde(flatten)]
    item: &'a Item<S>,
    #[serde(skip_serializing_if = "Option::is_none")]
    foreseen: Option<Foreseen>,
}

fn planned<'a, S>(plan: &'a [Item<S>], foreseen: &'a [Foreseen]) -> impl Iterator<Item = Planned<'a, S>> {
    plan.iter().enumerate().map(|(at, item)| Planned { item, foreseen: foreseen.get(at).copied() })
}

fn place(whose: &Whose, facts: &Facts, distro: &Distro) -> String {
    match whose {
        Whose::This => format!("On {}", distro.name),
        _ => format!("On a fresh machine with {} for {}", distro.name, facts.kernel_architecture),
    }
}

/// A plan as people read it: what, and why, and what of it is not to be done.
#[must_use]
pub fn render<S: Change>(plan: &[Item<S>], foreseen: &[Foreseen]) -> String {
    let line = |(at, Planned { item, foreseen }): (usize, Planned<S>)| {
        let mark = match foreseen {
            Some(Foreseen::AlreadySo) => "already so: ",
            Some(Foreseen::Unknown) => "if need be: ",
            Some(Foreseen::ToDo) | None => "",
        };
        format!("{:>2}. {mark}{}\n    because {}\n", at + 1, item.step.describe(), item.why)
    };
    planned(plan, foreseen).enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::Fake;

    fn planned(release: &str) -> Result<()> {
        let options = Options { region: Some("us-east-1".into()), ..Options::default() };
        let whose = Whose::of(Some(release.into()), None, Architecture::Arm);
        // A machine without a single file.
        run(&Fake::default(), &options, &whose, true)
    }

    #[test]
    fn another_machine_is_planned_for_without_a_look_at_this_one() {
        planned("debian-12").unwrap();
        planned("rhel-9").unwrap();
    }

    #[test]
    fn another_machine_of_a_release_that_is_turned_away_is_refused_with_the_reason() {
        let error = planned("windows-server-2022").unwrap_err();
        assert!(error.exit_code() == 2 && error.what.contains("Windows alone"), "{error}");
        let error = planned("debian-9").unwrap_err();
        let reason = distro_matrix::named("debian-9").unwrap().refused.clone().unwrap();
        assert!(error.exit_code() == 2 && error.what.contains(&reason), "{error}");
        assert_eq!(planned("debian-99").unwrap_err().exit_code(), 2);
    }
}
