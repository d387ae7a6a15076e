//! Install the SSM agent by AWS's own installer, once it is known to be that; undo has the same installer take it
//! away. The installer is given no activation: that would be in its command line and its log, and a second try would
//! make a second identity.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::durable;
use crate::error::{Error, Result};
use crate::host::Fetch;
use crate::signature::{Trust, Use};
use crate::step::{Before, Leftovers};
use crate::windows::door::{Program, Windows};
use crate::windows::places::{DOWNLOADS, SSM_AGENT, SSM_SERVICE, SSM_SETUP, shown};

/// Whose programs they are. AWS's script for ECS Anywhere was signed by the first; the others are names under which
/// Amazon signed the agent's installer at one time or another.
const PUBLISHERS: [&str; 3] =
    ["Amazon Web Services, Inc.", "Amazon.com Services LLC", "Amazon.com Services, Inc."];
/// An installer that asks for a restart has done its work.
const RESTART: i32 = 3010;

/// The sum that the installer must have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Pin {
    /// Its SHA-256, in small hexadecimal figures.
    pub sha256: String,
    /// Whether it stands in for the signature.
    pub alone: bool,
}

/// The SSM agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SsmAgent {
    /// Where the installer is.
    pub url: String,
    /// What it must have besides its signature, where somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
}

impl SsmAgent {
    pub(super) fn check(&self, host: &dyn Windows) -> Result<Option<Before>> {
        Ok(host.stat(Path::new(SSM_AGENT))?.is_none().then_some(Before::Nothing))
    }

    pub(super) fn describe(&self) -> String {
        let trusted_by = match &self.pin {
            None => String::new(),
            Some(pin) if pin.alone => format!(", by its SHA-256 {} alone", pin.sha256),
            Some(pin) => format!(", signed and with the SHA-256 {}", pin.sha256),
        };
        format!("install the SSM agent from {}{trusted_by}", self.url)
    }

    pub(super) fn prefetch(&self, host: &mut dyn Windows) -> Result<()> {
        // Who signed it is in the file itself, and is looked at when it is whole.
        let sha256 = self.pin.as_ref().map(|pin| pin.sha256.clone());
        let aws = if sha256.is_some() { Use::Ssm } else { Use::Inside };
        let trust = Trust { aws, certificate: None, sha256, unsigned: true };
        host.begin_fetch(Fetch {
            url: self.url.clone(),
            destination: arriving(),
            signature_url: String::new(),
            trust,
        });
        Ok(())
    }

    pub(super) fn apply(&self, host: &mut dyn Windows) -> Result<()> {
        let arriving = arriving();
        host.finish_fetch(&arriving)?;
        if !self.pin.as_ref().is_some_and(|pin| pin.alone) {
            host.signer(&arriving, &PUBLISHERS)?;
        }
        let setup = PathBuf::from(SSM_SETUP);
        let content = host.read(&arriving)?.unwrap_or_default();
        durable::write(host, &setup, &content, 0o600)?;
        let output = host.run(&Program::InstallSsmAgent { setup })?;
        if !output.ok() && output.code != RESTART {
            return Err(Error::failed(format!(
                "the SSM agent's installer ended with code {}: {}",
                output.code,
                output.tail()
            ))
            .hint("see the logs it left in the folder of the system's temporary files, and run again"));
        }
        if host.stat(Path::new(SSM_AGENT))?.is_none() {
            return Err(Error::failed(format!(
                "the SSM agent's installer ended well, and {} is not there",
                shown(Path::new(SSM_AGENT))
            ))
            .hint("run again"));
        }
        Ok(())
    }

    pub(super) fn undo(&self, host: &mut dyn Windows, _: &Before) -> Result<Leftovers> {
        let setup = PathBuf::from(SSM_SETUP);
        let is_here = host.stat(Path::new(SSM_AGENT))?.is_some();
        if is_here && host.stat(&setup)?.is_none() {
            return Ok(vec![
                "the SSM agent, because its installer is gone: Windows' own list of programs can remove it"
                    .into(),
            ]);
        }
        if is_here {
            let output = host.run(&Program::UninstallSsmAgent { setup: setup.clone() })?;
            if !output.ok() && output.code != RESTART {
                return Err(Error::failed(format!(
                    "the SSM agent could not be removed (code {}): {}",
                    output.code,
                    output.tail()
                ))
                .hint("remove it in Windows' own list of programs, and run again"));
            }
            // One that renewed itself since is not this installer's any more.
            if host.stat(Path::new(SSM_AGENT))?.is_some() || host.service(SSM_SERVICE)?.is_some() {
                return Err(Error::failed(
                    "the SSM agent's installer ended well, and the agent is still here",
                )
                .hint("remove Amazon SSM Agent in Windows' own list of programs, and run again"));
            }
        }
        durable::remove(host, &setup)?;
        Ok(Leftovers::new())
    }
}

fn arriving() -> PathBuf {
    Path::new(DOWNLOADS).join("AmazonSSMAgentSetup.exe")
}
