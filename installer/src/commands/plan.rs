//! `plan`: what `up` would do here, and why. Changes nothing: it is given a machine to look at only.

use serde_json::json;

use super::{check, print_json};
use crate::cli::Options;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::findings::{Code, findings, keys};
use crate::host::Host;
use crate::plan::{Goal, Plan, distro, plan};

/// Prints the plan.
///
/// # Errors
/// When this machine or these choices are not supported.
pub fn run(host: &dyn Host, options: &Options, json: bool) -> Result<()> {
    let config = Config::resolve(host, options)?;
    let facts = Facts::gather_what_decides(host)?;
    let distro = distro(&facts)?;
    let goal = if options.skip_registration { Goal::Install } else { Goal::Up };
    let found = findings(&facts, &config, Some(&distro), goal);
    found.iter().filter(|it| it.code == Code::NotRoot).for_each(|it| host.tell(&check::line(it)));
    check::pass(host, found, Error::refused)?;
    let plan = plan(&facts, &config, &distro, goal)?;
    check::pass(host, keys::findings(&plan, host.now()).into_iter().collect(), Error::refused)?;
    if json {
        print_json(&json!({"version": 1, "release": distro.release, "facts": facts, "steps": plan}));
    } else {
        println!("On {}, 'landfall up' would:\n", distro.name);
        print!("{}", render(&plan));
    }
    Ok(())
}

/// A plan as people read it: what, and why.
#[must_use]
pub fn render(plan: &Plan) -> String {
    plan.iter()
        .enumerate()
        .map(|(at, item)| format!("{:>2}. {}\n    because {}\n", at + 1, item.step.describe(), item.why))
        .collect()
}
