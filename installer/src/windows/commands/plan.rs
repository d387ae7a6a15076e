//! `plan` on Windows: what `up` would do here, or on a fresh machine of a release, and why. Changes nothing.

use serde_json::json;

use super::choices;
use crate::cli::Options;
use crate::commands::check::pass;
use crate::commands::plan::render;
use crate::commands::print_json;
use crate::error::{Error, Result};
use crate::plan::Goal;
use crate::recognition;
use crate::windows::door::Windows;
use crate::windows::facts::Facts;
use crate::windows::findings::{distro, findings};
use crate::windows::plan::{Told, plan};

/// Prints the plan.
///
/// # Errors
/// When that machine or these choices are not supported.
pub fn run(host: &dyn Windows, options: &Options, release: Option<&str>, json: bool) -> Result<()> {
    let (config, pin) = choices::resolve(host, options)?;
    let (facts, distro) = match release {
        Some(release) => {
            let distro = recognition::named(release)?.clone();
            if distro.windows.is_none() {
                return Err(Error::refused(format!("{} is planned for on Linux alone", distro.name))
                    .hint("run landfall there"));
            }
            (Facts::of_release(&distro), distro)
        }
        None => {
            let facts = Facts::gather(host)?;
            let distro = distro(&facts)?;
            (facts, distro)
        }
    };
    let goal = if options.skip_registration { Goal::Install } else { Goal::Up };
    pass(host, findings(&facts, &config, &distro, goal), Error::refused)?;
    let after_restart = choices::kept(options, config.proxy.as_ref(), |file| Ok(file.clone()))?;
    let plan = plan(&facts, &config, &distro, goal, &Told { after_restart, pin })?;
    if json {
        print_json(&json!({"version": 1, "release": distro.release, "facts": facts, "steps": plan}));
    } else {
        let on = if release.is_some() { "On a fresh machine with" } else { "On" };
        println!("{on} {}, 'landfall up' would:\n", distro.name);
        print!("{}", render(&plan, &[]));
    }
    Ok(())
}
