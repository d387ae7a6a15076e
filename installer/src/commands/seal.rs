//! `seal`: makes a machine an image, by taking away what is its own; `seal --verify` tells what is left.

use landfall_contract::seal_list::{self, Group, Survivor, survivors};
use serde_json::{Value, json};

use super::{must_be_alone, must_be_root, print_json, uninstall};
use crate::apply::Outcome;
use crate::cli::SealFlags;
use crate::error::{Error, Kind, Result};
use crate::host::{Command, Host, SEALING};
use crate::receipt::Receipt;
use crate::registration;
use crate::seal::rest::bring_to_rest;
use crate::seal::{Machine, Scope, chosen, clean, forget_identity, mark, must_be_gone};
use crate::step::{MARKER, deregister};
use crate::ui::Ui;

/// Seals the machine, or only looks whether it is.
///
/// # Errors
/// When it cannot be sealed: the next run goes on. With exit code 3, when something is left.
pub fn run(host: &mut dyn Host, flags: &SealFlags, json: bool) -> Result<()> {
    must_be_root(host)?;
    if flags.verify {
        return verify(host, json);
    }
    if host.env(SEALING).is_some() {
        eprintln!("nothing to do: a seal is at work, and has called this itself");
        return Ok(());
    }
    let mut kept = chosen(&flags.keep)?;
    must_be_alone(host)?;
    let scope = if flags.only_landfall { Scope::Landfall } else { Scope::Whole };
    if scope == Scope::Landfall {
        // What an earlier seal left outside of this part is there still, on purpose.
        kept.extend(seal_list::kept(&Machine(host))?);
    }
    if Receipt::read(host)?.entries.is_empty() {
        return not_ours(scope);
    }
    let left = identity(host, flags.forget_identity)?;
    let mut told = Told::new(host);
    let rested = bring_to_rest(host, scope)?;
    told.line("services", rested, "bring to rest what would write again", &[]);
    if scope == Scope::Whole && host.which("cloud-init").is_some() {
        clean_cloud_init(host, !kept.contains("cloud-init-seed"))?;
    }
    for group in Group::ALL.into_iter().filter(|group| scope.has(*group)) {
        let found = clean(host, group, &kept)?;
        told.line(&format!("{group:?}"), !found.is_empty(), group.title(), &found);
    }
    told.line("Receipt", forget_identity(host)?, "the identity in the receipt", &[]);
    must_be_gone(host, scope, &kept)?;
    told.line("Mark", mark(host, kept)?, "say that this is an image now", &[]);
    left.iter().for_each(|left| host.tell(&format!("left: {left}")));
    if json {
        print_json(&json!({"version": 1, "result": "done", "groups": told.groups, "left": left}));
    }
    host.tell(match scope {
        Scope::Whole => {
            "sealed: power off now, and do not boot this machine again before it is cloned: \
             a boot makes an identity anew"
        }
        Scope::Landfall => "Landfall's part is sealed: the next boot is a first boot",
    });
    Ok(())
}

/// What is told of a seal, a line a group.
struct Told {
    ui: Ui,
    groups: Vec<Value>,
}

impl Told {
    fn new(host: &dyn Host) -> Self {
        Self { ui: Ui::new(host.env("NO_COLOR").is_some(), host.progress()), groups: Vec::new() }
    }

    fn line(&mut self, group: &str, changed: bool, title: &str, found: &[Survivor]) {
        let outcome = if changed { Outcome::Done } else { Outcome::AlreadySo };
        self.ui.line(outcome, "", title);
        let paths: Vec<&str> = found.iter().map(|it| it.path.as_str()).collect();
        self.groups.push(json!({"group": group.to_lowercase(), "outcome": outcome, "cleared": paths}));
    }
}

/// An image of somebody else's machine is not ours to make. Whoever only asks for our part has none here.
fn not_ours(scope: Scope) -> Result<()> {
    if scope == Scope::Landfall {
        eprintln!("nothing to do: Landfall has installed nothing here");
        return Ok(());
    }
    Err(Error::refused("Landfall has installed nothing here, so this machine is not its to seal")
        .hint("run 'landfall install' first"))
}

/// What AWS will go on knowing of this machine. A machine at work is not sealed by a slip.
fn identity(host: &dyn Host, forget: bool) -> Result<Vec<String>> {
    let registered = registration::read(host)?;
    if registered.is_none() && host.stat(MARKER.as_ref())?.is_none() {
        return Ok(Vec::new());
    }
    let mut left: Vec<String> = registered
        .iter()
        .map(|it| format!("{} is still known to AWS: '{}'", it.instance_id, deregister(it)))
        .collect();
    left.extend(uninstall::container_instance(host));
    if forget {
        return Ok(left);
    }
    let who = registered.as_ref().map_or("an instance of AWS's", |it| &it.instance_id);
    let command = registered.as_ref().map_or_else(
        || "'aws ssm deregister-managed-instance'".to_owned(),
        |it| format!("'{}'", deregister(it)),
    );
    Err(Error::refused(format!("this machine is registered as {who}, and sealing takes that identity away"))
        .hint(format!(
            "to make an image of it all the same: 'landfall seal --forget-identity', and then, where AWS is at \
             hand, {command}"
        )))
}

/// Its own notes and logs, by itself; what it leaves is on the list. Never its `--machine-id`, which writes
/// "uninitialized", and that sets all units to their presets.
fn clean_cloud_init(host: &mut dyn Host, seed: bool) -> Result<()> {
    let output = host.run(&Command::CleanCloudInit { seed })?;
    if output.ok() {
        return Ok(());
    }
    Err(Error::failed(format!("cloud-init could not be cleaned: {}", output.tail())).hint(
        "see 'cloud-init clean --logs' and the scripts in /etc/cloud/clean.d, and run 'landfall seal' again",
    ))
}

/// Looks, and changes nothing.
fn verify(host: &dyn Host, json: bool) -> Result<()> {
    let found = survivors(&Machine(host))?;
    let gates = found.iter().filter(|it| it.gate).count();
    if json {
        print_json(&json!({"version": 1, "sealed": gates == 0, "survivors": found}));
    } else {
        for it in &found {
            let word = if it.gate { "left" } else { "harmless" };
            println!("{word:<9} {}: {} ({}): {}", it.path, it.what, it.id, it.remedy);
        }
    }
    if gates == 0 {
        eprintln!("sealed: no identity and no secret is left");
        return Ok(());
    }
    let what = if gates == 1 { "1 trace".into() } else { format!("{gates} traces") };
    Err(Error {
        kind: Kind::Problems,
        what: format!("{what} of this machine's identity or secrets would be in every clone"),
        doing: Vec::new(),
        hint: Some("run 'landfall seal', then power off".into()),
    })
}
