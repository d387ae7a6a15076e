//! Give the machine its identity: the one step with an effect far away, by the same rules as on Linux.
//!
//! The Vault that is here is set aside first, and put back where the service refused. A note stands from before the
//! agent is asked until the Vault has reached the disk: an identity may be lost with the power in between, and the next
//! run tells of it. The marker comes last.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::activation::Activation;
use crate::durable;
use crate::error::{Error, Result};
use crate::host::Output;
use crate::receipt::ReceiptOf;
use crate::registration::Registration;
use crate::step::{
    Before, Leftovers, account_of, credentials, deregister, forget_folder, made_nothing, marker, must_be_in,
    no_activation, of_another_account, said_no, tree, was_cleared,
};
use crate::windows::door::{Program, Windows};
use crate::windows::places::{
    ATTEMPT, CREDENTIALS_ASIDE, MARKER, SSM_INSTANCE, SSM_NOTE, SSM_SERVICE, STORE, VAULT_ASIDE,
};
use crate::windows::step::Step;

/// Registers the machine as a managed instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Register {
    /// The region to be registered in.
    pub region: String,
    /// The account that the identity must belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_account: Option<String>,
}

impl Register {
    pub(super) fn check(&self, host: &dyn Windows) -> Result<Option<Before>> {
        let Some(registration) = whole(host)? else { return Ok(Some(Before::Nothing)) };
        must_be_in(&self.region, &registration)?;
        let marked = marker::stands(host, Path::new(MARKER), &registration, self.expect_account.as_deref())?;
        Ok((!marked).then_some(Before::Registered))
    }

    pub(super) fn apply(&self, host: &mut dyn Windows, activation: Option<&Activation>) -> Result<()> {
        let found = whole(host)?;
        let is_ours = found.is_none() || host.stat(Path::new(ATTEMPT))?.is_some();
        let registration = match found {
            Some(registration) => registration,
            None => self.register(host, activation)?,
        };
        tree::sync(host, Path::new(STORE.vault))?;
        let account = match &self.expect_account {
            Some(expected) => Some(confirmed(host, &registration, expected, is_ours)?),
            None => None,
        };
        durable::remove(host, Path::new(ATTEMPT))?;
        marker::set(host, Path::new(MARKER), registration, account)
    }

    pub(super) fn undo(&self, host: &mut dyn Windows, before: &Before) -> Result<Leftovers> {
        durable::remove(host, Path::new(MARKER))?;
        durable::remove(host, Path::new(ATTEMPT))?;
        if *before == Before::Registered {
            return Ok(Leftovers::new());
        }
        let registration = STORE.read(host)?;
        forget_identity(host)?;
        let known =
            |it: Registration| format!("{} is still known to AWS: '{}'", it.instance_id, deregister(&it));
        Ok(registration.map(known).into_iter().collect())
    }

    fn register(&self, host: &mut dyn Windows, activation: Option<&Activation>) -> Result<Registration> {
        let activation = activation.ok_or_else(no_activation)?;
        let aside = Path::new(VAULT_ASIDE);
        credentials::set_aside(host, Path::new(STORE.credentials), Path::new(CREDENTIALS_ASIDE))?;
        tell_of_an_orphan(host)?;
        let begun = STORE.is_begun(host)?;
        forget_folder(host, aside)?;
        if begun {
            tree::copy(host, Path::new(STORE.vault), aside)?;
        }
        let note = json!({"begun": host.now().to_string(), "activation": activation.id});
        durable::write(host, Path::new(ATTEMPT), format!("{note}\n").as_bytes(), 0o600)?;
        let output = host.run(&Program::RegisterAgent {
            id: activation.id.clone(),
            code: activation.code.clone(),
            region: self.region.clone(),
            replace: begun,
        })?;
        // Whatever the agent says of itself, there was no whole identity before.
        if let Some(registration) = STORE.read(host)? {
            forget_folder(host, aside)?;
            return Ok(registration);
        }
        if made_nothing(&output) {
            put_back(host, begun)?;
        }
        forget_folder(host, aside)?;
        Err(refusal(&output))
    }
}

/// The identity's account, which is the expected one.
fn confirmed(
    host: &mut dyn Windows,
    registration: &Registration,
    expected: &str,
    is_ours: bool,
) -> Result<String> {
    let account = account_of(host, &STORE)?;
    if account == expected {
        return Ok(account);
    }
    if !is_ours {
        return Err(of_another_account(registration, &account, expected));
    }
    forget_identity(host)?;
    durable::remove(host, Path::new(ATTEMPT))?;
    Err(was_cleared(registration, &account, expected))
}

/// Takes the local identity away; what the service knows stays there. The agent rests first, because it keeps what
/// it knows and would write it again.
pub(crate) fn forget_identity(host: &mut dyn Windows) -> Result<()> {
    if host.service(SSM_SERVICE)?.is_some_and(|service| service.running) {
        host.stop_service(SSM_SERVICE)?;
    }
    for path in [Path::new(STORE.vault), Path::new(SSM_NOTE)] {
        forget_folder(host, path)?;
    }
    for folder in folders_of_instances(host)? {
        forget_folder(host, &folder)?;
    }
    credentials::take_away(host, &STORE, Path::new(CREDENTIALS_ASIDE))?;
    // The agent made the folder of its credentials, too.
    let folder = durable::parent(Path::new(STORE.credentials));
    if host.stat(folder)?.is_some() && host.list(folder)?.is_empty() {
        durable::remove(host, folder)?;
    }
    Ok(())
}

/// What the agent has of commands that it was sent, each instance's in a folder by its name.
pub(crate) fn folders_of_instances(host: &dyn Windows) -> Result<Vec<PathBuf>> {
    let names = host.list(Path::new(SSM_INSTANCE))?.into_iter().filter(|name| name.starts_with("mi-"));
    Ok(names.map(|name| Path::new(SSM_INSTANCE).join(name)).collect())
}

/// The next registration is a step of its own, and undo takes it back whatever was here before this one.
pub(crate) fn forget_the_step(host: &mut dyn Windows) -> Result<()> {
    ReceiptOf::<Step>::forget_where(host, |step| matches!(step, Step::Register(_)))
}

/// The identity that is here, whole: where a try of ours was cut short, its fingerprint may be lost alone.
fn whole(host: &dyn Windows) -> Result<Option<Registration>> {
    let found = STORE.read(host)?;
    let is_cut = host.stat(Path::new(ATTEMPT))?.is_some() && STORE.fingerprint(host)?.is_none();
    Ok(found.filter(|_| !is_cut))
}

/// The service made nothing: what was here before is here again.
fn put_back(host: &mut dyn Windows, begun: bool) -> Result<()> {
    forget_folder(host, Path::new(STORE.vault))?;
    if begun {
        tree::copy(host, Path::new(VAULT_ASIDE), Path::new(STORE.vault))?;
    }
    credentials::put_back(host, Path::new(STORE.credentials), Path::new(CREDENTIALS_ASIDE))?;
    durable::remove(host, Path::new(ATTEMPT))
}

/// SSM knows no idempotency: where the answer to an earlier try was lost, that try's instance stays.
fn tell_of_an_orphan(host: &dyn Windows) -> Result<()> {
    let noted = host.read(Path::new(ATTEMPT))?;
    let left = STORE.orphan(host)?;
    if noted.is_none() && left.is_none() {
        return Ok(());
    }
    let noted = noted.map(|text| String::from_utf8_lossy(&text).trim().to_owned());
    let begun = left.map(|orphan| format!("begun on {}", orphan.begun));
    host.tell(&format!(
        "note: an earlier registration ({}) was cut short; AWS may know a managed instance of that time that nobody \
         uses: 'aws ssm describe-instance-information' shows it, 'aws ssm deregister-managed-instance' removes it",
        noted.or(begun).unwrap_or_default()
    ));
    Ok(())
}

/// The same sentences as on Linux, with the log of this system.
fn refusal(output: &Output) -> Error {
    let mut error = said_no(output);
    let log = "/var/log/amazon/ssm/amazon-ssm-agent.log";
    let here = r"C:\ProgramData\Amazon\SSM\Logs\amazon-ssm-agent.log";
    error.hint = error.hint.map(|hint| hint.replace(log, here));
    error
}
