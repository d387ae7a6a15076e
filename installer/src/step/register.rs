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

use super::{Before, Leftovers, forget_folder, state_folder};
use crate::activation::Activation;
use crate::aws;
use crate::durable;
use crate::error::{Error, Result, While};
use crate::guard;
use crate::host::{Command, Host, Machine, Output};
use crate::registration::{self, AGENT, CREDENTIALS, LINUX, Registration, Store, VAULT};

mod attempt;
pub(crate) mod credentials;
mod credentials_file;
mod forgetting;
pub(crate) mod marker;
mod spent;
pub(crate) mod tree;

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

impl Register {
    pub(super) fn check(&self, host: &dyn Host) -> Result<Option<Before>> {
        let Some(registration) = whole(host)? else { return Ok(Some(Before::Nothing)) };
        must_be_in(&self.region, &registration)?;
        let marked = marker::stands(host, Path::new(MARKER), &registration, self.expect_account.as_deref())?;
        Ok((!marked).then_some(Before::Registered))
    }

    pub(super) fn apply(&self, host: &mut dyn Host, activation: Option<&Activation>) -> Result<()> {
        let registration = match whole(host)? {
            Some(registration) => registration,
            None => self.register(host, activation)?,
        };
        tree::sync(host, Path::new(VAULT))?;
        attempt::end(host)?;
        let account = match &self.expect_account {
            Some(expected) => Some(confirmed(host, &registration, expected, activation)?),
            None => None,
        };
        guard::keep(host, &registration)?;
        marker::set(host, Path::new(MARKER), registration, account)
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
        credentials::set_aside(host, Path::new(CREDENTIALS), &credentials_aside())?;
        let aside = state_folder().join("vault-before");
        let begun = registration::is_begun(host)?;
        attempt::tell_of_an_orphan(host)?;
        if begun {
            tree::copy(host, Path::new(VAULT), &aside)?;
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
                tree::copy(host, &aside, Path::new(VAULT)).while_doing(|| "putting the Vault back".into())?;
            }
            attempt::end(host)?;
        }
        forget_folder(host, &aside)?;
        Err(said_no(&output))
    }
}

/// A machine that is registered elsewhere stays there.
pub(crate) fn must_be_in(region: &str, registration: &Registration) -> Result<()> {
    if registration.region == region {
        return Ok(());
    }
    Err(Error::refused(format!(
        "this machine is registered in {} as {}, not in {region}",
        registration.region, registration.instance_id
    ))
    .hint(format!("run with --region {}, or 'landfall uninstall' first", registration.region)))
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
    credentials::put_back(host, Path::new(CREDENTIALS), &credentials_aside())
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
    let account = account_of(host, &LINUX)?;
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
    Err(was_cleared(registration, &account, expected))
}

/// The account that the identity here belongs to, by the service's word.
pub(crate) fn account_of(host: &mut dyn Machine, store: &Store) -> Result<String> {
    let identity = store.identity(host)?.ok_or_else(|| {
        Error::failed("the SSM agent's Vault holds no fingerprint, so nobody can ask whose the identity is")
            .hint("'landfall uninstall', and register this machine anew")
    })?;
    let token = aws::role_token(host, &identity)?;
    aws::account(host, &identity.registration.region, &token)
}

/// An activation of another account made an identity, which is not kept.
pub(crate) fn was_cleared(registration: &Registration, account: &str, expected: &str) -> Error {
    Error::lasting(format!(
        "the activation belongs to the account {account}, not to {expected}: {} was cleared from this machine",
        registration.instance_id
    ))
    .hint(format!(
        "with credentials of {account} run '{}'; then run again with an activation of {expected}",
        deregister(registration)
    ))
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

fn credentials_aside() -> PathBuf {
    state_folder().join("credentials-before")
}
