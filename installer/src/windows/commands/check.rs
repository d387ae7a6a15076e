//! `check` on Windows: what stands in the way here, and what this machine is. Changes nothing.

use serde_json::json;

use super::choices;
use crate::cli::Options;
use crate::commands::check::{conclude, print};
use crate::commands::print_json;
use crate::error::Result;
use crate::findings::{Code, Finding};
use crate::plan::Goal;
use crate::probe;
use crate::windows::door::Windows;
use crate::windows::facts::Facts;
use crate::windows::findings::{distro, findings, of_domain};
use crate::windows::kept::kept;

/// Prints what was found.
///
/// # Errors
/// Exit code 3 when something blocks or warns.
pub fn run(host: &dyn Windows, options: &Options, json: bool) -> Result<()> {
    let facts = Facts::gather(host)?;
    let region = || facts.registration.as_ref().map(|found| found.region.clone());
    let options = Options { region: options.region.clone().or_else(region), ..options.clone() };
    let (config, pin) = choices::resolve(host, &options)?;
    let mut found = match distro(&facts) {
        Ok(distro) => findings(&facts, &config, &distro, Goal::Up),
        Err(e) => vec![Finding::refused(Code::ReleaseUnsupported, e)],
    };
    found.extend(kept(host, &config, pin.as_ref())?);
    found.extend(of_domain(host, &facts));
    found.extend(probe::ask(host, &config, probe::services(&config)));
    found.sort_by_key(|it| it.severity);
    print(&found, json);
    conclude(&found)
}

/// Prints the facts, also where the release is refused.
///
/// # Errors
/// Exit code 2 when it is.
pub fn facts(host: &dyn Windows, json: bool) -> Result<()> {
    let facts = Facts::gather(host)?;
    let distro = distro(&facts);
    if json {
        let release = distro.as_ref().ok().map(|distro| &distro.release);
        print_json(&json!({"version": 1, "release": release, "facts": facts}));
    } else {
        println!("{} ({}, {})", facts.name, facts.version, facts.installation_type);
    }
    distro.map(|_| ())
}
