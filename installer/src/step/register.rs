//! Give the machine its identity: the one step with an effect far away.
//!
//! The SSM agent makes a new key pair and writes it, with an empty instance id, before it asks the
//! service; when the service says no, an earlier identity would be gone. So the Vault is set aside
//! first and put back when the service refused. The marker that lets both agents start is written last, after the
//! Vault has reached the disk, after what this machine is known by is recorded (see `guard.rs`), and, where an
//! account is expected, after the service said that the identity belongs to it: one that Landfall made in another
//! account is blanked again. Undo blanks the local identity; what the service knows stays there, because only an
//! operator may take that back.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Before, Leftovers, credentials_file, forget_folder, state_folder};
use crate::activation::Activation;
use crate::aws;
use crate::durable;
use crate::error::{Error, Result, While};
use crate::guard;
use crate::host::{Command, EntryKind, Host, Output};
use crate::registration::{self, AGENT, CREDENTIALS, Registration, VAULT};

mod attempt;
mod forgetting;
mod spent;

#[cfg(any(windows, test))]
pub(crate) use attempt::made_nothing;
pub(crate) use attempt::unanswered;
pub(crate) use forgetting::forget_identity;

/// The file that lets both agents start.
pub const MARKER: &str = "/var/lib/landfall/registered";

/// Registers the machine as a managed instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// The region to be registered in.
    pub region: String,
    /// The account that the identity must belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_account: Option<String>,
}

/// What the marker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Marker {
    instance_id: String,
    region: String,
    /// Where it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
}

impl Register {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let Some(registration) = whole(host)? else { return Ok(Some(Before::Nothing)) };
        self.must_be_here(&registration)?;
        Ok((!self.is_marked(host, &registration)?).then_some(Before::Registered))
    }

    pub(super) fn apply(&self, host: &mut dyn Host, activation: Option<&Activation>) -> Result<()> {
        let registration = match whole(host)? {
            Some(registration) => registration,
            None => self.register(host, activation)?,
        };
        sync_tree(host, Path::new(VAULT))?;
        // The agent made these folders too, and synced none of them.
        for folder in Path::new(VAULT).ancestors().skip(1) {
            host.sync(folder)?;
        }
        attempt::end(host)?;
        let account = match &self.expect_account {
            Some(expected) => Some(confirmed(host, &registration, expected, activation)?),
            None => None,
        };
        guard::keep(host, &registration)?;
        let Registration { instance_id, region } = registration;
        let marker = json!(Marker { instance_id, region, account });
        durable::write(host, Path::new(MARKER), format!("{marker}\n").as_bytes(), 0o600)
    }

    /// Whether the agents may start already, as what was asked for.
    fn is_marked(&self, host: &dyn Host, registration: &Registration) -> Result<bool> {
        let Some(text) = host.read(Path::new(MARKER))? else { return Ok(false) };
        let Some(expected) = &self.expect_account else { return Ok(true) };
        // A marker that cannot be read names no account, and is written anew.
        let marker = serde_json::from_slice::<Marker>(&text).ok();
        let known = marker.filter(|marker| marker.instance_id == registration.instance_id);
        match known.and_then(|marker| marker.account) {
            Some(account) if account != *expected => {
                Err(of_another_account(registration, &account, expected))
            }
            account => Ok(account.is_some()),
        }
    }

    pub(super) fn undo(&self, host: &mut dyn Host, before: &Before) -> Result<Leftovers> {
        durable::remove(host, Path::new(MARKER))?;
        durable::remove(host, Path::new(guard::RECORD))?;
        guard::lift(host)?;
        attempt::end(host)?;
        if *before == Before::Registered {
            return Ok(Leftovers::new());
        }
        let registration = registration::read(host)?;
        blank(host)?;
        let known =
            |it: Registration| format!("{} is still known to AWS: '{}'", it.instance_id, deregister(&it));
        Ok(registration.map(known).into_iter().collect())
    }

    fn register(&self, host: &mut dyn Host, activation: Option<&Activation>) -> Result<Registration> {
        let activation = activation.ok_or_else(no_activation)?;
        if let Err(e) = spent::must_not_be(host, &activation.id, self.expect_account.as_deref()) {
            // Where clearing it away was cut short, that is done now.
            if is_ours(host)? {
                blank(host)?;
            }
            return Err(e);
        }
        set_credentials_aside(host)?;
        let aside = state_folder().join("vault-before");
        let begun = registration::is_begun(host)?;
        attempt::tell_of_an_orphan(host)?;
        if begun {
            copy_tree(host, Path::new(VAULT), &aside)?;
        }
        attempt::begin(host, &activation.id)?;
        let output = host.run(&Command::RegisterAgent {
            id: activation.id.clone(),
            code: activation.code.clone(),
            region: self.region.clone(),
            replace: begun,
        })?;
        // Whatever the agent says of itself, there was no whole identity before.
        if let Some(registration) = registration::read(host)? {
            forget_folder(host, &aside)?;
            return Ok(registration);
        }
        // Where an answer may have been lost, the newer Vault is what is known of it.
        if attempt::made_nothing(&output) {
            forget_folder(host, Path::new(VAULT))?;
            if begun {
                copy_tree(host, &aside, Path::new(VAULT)).while_doing(|| "putting the Vault back".into())?;
            }
            attempt::end(host)?;
        }
        forget_folder(host, &aside)?;
        Err(said_no(&output))
    }

    fn must_be_here(&self, registration: &Registration) -> Result<()> {
        if registration.region == self.region {
            return Ok(());
        }
        Err(Error::refused(format!(
            "this machine is registered in {} as {}, not in {}",
            registration.region, registration.instance_id, self.region
        ))
        .hint(format!("run with --region {}, or 'landfall uninstall' first", registration.region)))
    }
}

/// The identity that is here, whole. Where a try of ours was cut short, its fingerprint may be lost alone, since
/// the agent syncs nothing: without it the service does not know the machine any more.
fn whole(host: &dyn Host) -> Result<Option<Registration>> {
    let found = registration::read(host)?;
    let is_cut = unanswered(host)?.is_some() && registration::fingerprint(host)?.is_none();
    Ok(found.filter(|_| !is_cut))
}

/// Takes the local identity away; what the service knows stays there. What was set aside goes last: it
/// tells a run that follows a power cut that the identity is Landfall's.
fn blank(host: &mut dyn Host) -> Result<()> {
    // Somebody may have removed the agent's package: the Vault goes without it too.
    if registration::is_begun(host)? && host.stat(Path::new(AGENT))?.is_some() {
        host.run(&Command::ClearAgent)?;
    }
    forget_folder(host, Path::new(VAULT))?;
    put_credentials_back(host)
}

/// The command that takes it back from the service.
pub(crate) fn deregister(registration: &Registration) -> String {
    let Registration { instance_id, region } = registration;
    format!("aws ssm deregister-managed-instance --region {region} --instance-id {instance_id}")
}

/// The identity's account, which is the expected one.
fn confirmed(
    host: &mut dyn Host,
    registration: &Registration,
    expected: &str,
    activation: Option<&Activation>,
) -> Result<String> {
    let identity = registration::identity(host)?.ok_or_else(|| {
        Error::failed("the SSM agent's Vault holds no fingerprint, so nobody can ask whose the identity is")
            .hint("'landfall uninstall', and register this machine anew")
    })?;
    let token = aws::role_token(host, &identity)?;
    let account = aws::account(host, &registration.region, &token)?;
    if account == expected {
        return Ok(account);
    }
    // Only what Landfall had made, and no agent has used yet, is taken away again.
    if !is_ours(host)? {
        return Err(of_another_account(registration, &account, expected));
    }
    if let Some(activation) = activation {
        spent::note(host, &activation.id, &account)?;
    }
    blank(host)?;
    Err(Error::lasting(format!(
        "the activation belongs to the account {account}, not to {expected}: {} was cleared from this machine",
        registration.instance_id
    ))
    .hint(format!(
        "with credentials of {account} run '{}'; then run again with an activation of {expected}",
        deregister(registration)
    )))
}

/// Whether an identity was made by a try of Landfall's that no agent has used yet.
fn is_ours(host: &dyn Host) -> Result<bool> {
    Ok(host.stat(&credentials_aside())?.is_some() && host.stat(Path::new(MARKER))?.is_none())
}

pub(crate) fn of_another_account(registration: &Registration, account: &str, expected: &str) -> Error {
    Error::lasting(format!(
        "this machine is {} of the account {account}, not of {expected}",
        registration.instance_id
    ))
    .hint(
        "its identity was kept: give the account that it has; to leave it, 'landfall uninstall', and where it \
         was here before Landfall also 'amazon-ssm-agent -register -clear'",
    )
}

/// There is no identity, and nothing to make one of.
pub(crate) fn no_activation() -> Error {
    Error::refused("this machine is not registered yet, and no activation was given").hint(
        "make one with 'aws ssm create-activation --iam-role ROLE > activation.json' and give --activation-file activation.json",
    )
}

/// The service's error code as a sentence with a remedy.
pub(crate) fn said_no(output: &Output) -> Error {
    let text = format!("{}\n{}", output.stdout, output.stderr);
    type Make = fn(String) -> Error;
    let (passing, unreached, lasting): (Make, Make, Make) = (Error::failed, Error::unreached, Error::lasting);
    let known: [(&str, Make, &str, &str); 5] = [
        (
            "ActivationExpired",
            lasting,
            "the activation has expired",
            "make a new one: it lives 24 hours unless --expiration-date says else",
        ),
        (
            "InvalidActivation",
            lasting,
            "the service does not know this activation",
            "see that id, code and --region are those that 'aws ssm create-activation' was run with",
        ),
        (
            "RegistrationLimitExceeded",
            lasting,
            "the activation is used up: its registration limit is reached",
            "make a new one, with --registration-limit as high as the number of machines",
        ),
        (
            "ThrottlingException",
            passing,
            "the service was asked too often and told us to slow down",
            "run again in a few minutes; the activation was not used",
        ),
        (
            "RequestError",
            unreached,
            "the SSM endpoint could not be reached",
            "see that DNS works and TCP 443 is open to it, through HTTPS_PROXY if there is one, and that the clock is right",
        ),
    ];
    let found = known.iter().find(|(code, ..)| text.contains(code));
    let (make, what, hint) = found.map_or_else(
        || {
            (
                passing,
                format!("the SSM agent could not register: {}", last_error(&text)),
                "see /var/log/amazon/ssm/amazon-ssm-agent.log, and run again",
            )
        },
        |(_, make, what, hint)| (*make, (*what).to_owned(), *hint),
    );
    make(what).hint(hint)
}

fn last_error(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let worst = lines.iter().rev().find(|line| line.contains("ERROR")).or(lines.last());
    worst.map_or_else(|| "it said nothing".into(), |line| (*line).to_owned())
}

/// The agent writes the `[default]` profile of root's credentials: an operator's own is kept aside. An
/// empty file says that there was none.
fn set_credentials_aside(host: &mut dyn Host) -> Result<()> {
    let aside = credentials_aside();
    if host.stat(&aside)?.is_some() {
        return Ok(());
    }
    let content = host.read(Path::new(CREDENTIALS))?.unwrap_or_default();
    durable::write(host, &aside, &content, 0o600)
}

/// Nothing aside means that the agent was never asked to register, or that this was done already.
fn put_credentials_back(host: &mut dyn Host) -> Result<()> {
    let Some(earlier) = host.read(&credentials_aside())? else { return Ok(()) };
    let path = Path::new(CREDENTIALS);
    let now = host.read(path)?.unwrap_or_default();
    let content = credentials_file::taken_back(&now, &earlier);
    if content.trim_ascii().is_empty() {
        durable::remove(host, path)?;
    } else {
        let mode = host.stat(path)?.map_or(0o600, |stat| stat.mode);
        durable::create_folders(host, durable::parent(path), 0o700)?;
        durable::write(host, path, &content, mode)?;
    }
    durable::remove(host, &credentials_aside())
}

fn credentials_aside() -> PathBuf {
    state_folder().join("credentials-before")
}

fn copy_tree(host: &mut dyn Host, from: &Path, to: &Path) -> Result<()> {
    for (path, stat) in walk(host, from)? {
        let target = to.join(path.strip_prefix(from).unwrap_or(&path));
        match stat {
            EntryKind::Folder if host.stat(&target)?.is_none() => {
                durable::create_folders(host, &target, 0o700)?;
            }
            EntryKind::File => {
                let content = host.read(&path)?.unwrap_or_default();
                durable::write(host, &target, &content, 0o600)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn sync_tree(host: &mut dyn Host, folder: &Path) -> Result<()> {
    for (path, _) in walk(host, folder)? {
        host.sync(&path)?;
    }
    Ok(())
}

/// A folder and everything below it, folders before what is in them.
fn walk(host: &dyn Host, folder: &Path) -> Result<Vec<(PathBuf, EntryKind)>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        let Some(stat) = host.stat(&path)? else { continue };
        if stat.kind == EntryKind::Folder {
            waiting.extend(host.list(&path)?.into_iter().map(|name| path.join(name)));
        }
        found.push((path, stat.kind));
    }
    Ok(found)
}
