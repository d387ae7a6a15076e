//! `seal` on Windows: takes away what is this machine's own of the agents and of Landfall, has the next start be a first
//! boot, and hands the rest to `sysprep`, which is the only thing that knows how Windows forgets which machine it is.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{must_be_alone, must_be_elevated};
use crate::cli::SealFlags;
use crate::commands::print_json;
use crate::durable;
use crate::error::{Error, Kind, Result};
use crate::step::forget_folder;
use crate::windows::door::{Program, Start, Windows};
use crate::windows::facts::Facts;
use crate::windows::places::{
    ATTEMPT, CREDENTIALS_ASIDE, ECS_DATA, ECS_SERVICE, LANDFALL, MARKER, RESUME, SEALED, SEED, SSM_NOTE,
    SSM_SERVICE, STORE, UNATTEND, VAULT_ASIDE, shown,
};
use crate::windows::step::{folders_of_instances, forget_identity, forget_the_step};

/// What may be left of a machine's own: a name, and where it is.
const OWN: [(&str, &str); 9] = [
    ("identity", STORE.vault),
    ("agent's note of its registration", SSM_NOTE),
    ("credentials of before a registration", CREDENTIALS_ASIDE),
    ("agent's note of its identity", STORE.identity),
    ("saved state of the ECS agent", ECS_DATA),
    ("marker", MARKER),
    ("seed", SEED),
    ("note of a registration", ATTEMPT),
    ("keys of before a registration", VAULT_ASIDE),
];

/// Seals, or tells what is left.
///
/// # Errors
/// Exit code 3 where `--verify` finds something; 2 where the machine is registered and nobody said to forget that.
pub fn run(host: &mut dyn Windows, flags: &SealFlags, json: bool) -> Result<()> {
    must_be_elevated(host)?;
    if flags.verify {
        return verify(host, json);
    }
    must_be_alone(host)?;
    if !flags.keep.is_empty() {
        return Err(Error::refused("--keep means nothing on Windows").hint("leave it out"));
    }
    let facts = Facts::gather(host)?;
    if let Some(found) = facts.registration.filter(|_| !flags.forget_identity) {
        return Err(Error::refused(format!("this machine is registered as {}", found.instance_id)).hint(
            "an image must have no identity: give --forget-identity, and AWS keeps an instance that nobody is",
        ));
    }
    if host.stat(Path::new(LANDFALL))?.is_none() {
        return Err(Error::refused(
            "Landfall is not installed here, so nobody would give a copy its identity",
        )
        .hint("run 'landfall install' first"));
    }
    clean(host)?;
    if host.stat(Path::new(STORE.credentials))?.is_some() {
        host.tell(&format!(
            "note: {} is none of the agents', and stays in the image with what is in it",
            shown(Path::new(STORE.credentials))
        ));
    }
    if flags.only_landfall {
        eprintln!("sealed, but for what is Windows' own: run sysprep /generalize");
        return Ok(());
    }
    let output = host.run(&Program::Sysprep { unattend: PathBuf::from(UNATTEND) })?;
    if output.ok() {
        return Ok(());
    }
    Err(Error::failed(format!("sysprep ended with code {}: {}", output.code, output.tail()))
        .hint(r"see C:\Windows\System32\Sysprep\Panther\setuperr.log, and run again"))
}

/// Everything but what is Windows' own.
pub(in crate::windows) fn clean(host: &mut dyn Windows) -> Result<()> {
    for service in [ECS_SERVICE, SSM_SERVICE] {
        let Some(found) = host.service(service)? else { continue };
        if found.running {
            host.stop_service(service)?;
        }
        if found.start == Start::Automatic {
            host.set_start(service, Start::Manual)?;
        }
    }
    forget_identity(host)?;
    forget_the_step(host)?;
    for name in host.list(Path::new(ECS_DATA))? {
        forget_folder(host, &Path::new(ECS_DATA).join(name))?;
    }
    forget_folder(host, Path::new(VAULT_ASIDE))?;
    for path in [MARKER, ATTEMPT, RESUME, SEED] {
        durable::remove(host, Path::new(path))?;
    }
    // A seed may be laid here, with the code of an activation in it.
    host.close(Path::new(LANDFALL))?;
    durable::write(host, Path::new(UNATTEND), ANSWERS.as_bytes(), 0o600)?;
    durable::write(host, Path::new(SEALED), b"", 0o600)
}

fn verify(host: &dyn Windows, json: bool) -> Result<()> {
    let mut left = Vec::new();
    for (name, path) in OWN {
        let full = match host.stat(Path::new(path))? {
            None => false,
            Some(_) if path == ECS_DATA => !host.list(Path::new(path))?.is_empty(),
            Some(_) => true,
        };
        if full {
            left.push(json!({"name": name, "path": path}));
        }
    }
    for folder in folders_of_instances(host)? {
        left.push(json!({"name": "agent's folder of its instance", "path": folder}));
    }
    if json {
        print_json(&json!({"version": 1, "left": left}));
    } else {
        left.iter().for_each(|it| println!("left: {it}"));
    }
    match left.len() {
        0 => Ok(()),
        count => Err(Error {
            kind: Kind::Problems,
            what: format!("{count} things of this machine's own are left"),
            doing: Vec::new(),
            hint: Some("'landfall seal' takes them away".into()),
        }),
    }
}

/// What the first start of a copy asks nobody. The administrator's password is not among it: Windows asks for one
/// where an image has none, and one in a file would be the same on every copy.
const ANSWERS: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<unattend xmlns="urn:schemas-microsoft-com:unattend">
  <settings pass="oobeSystem">
    <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64"
        publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">
      <OOBE>
        <HideEULAPage>true</HideEULAPage>
        <HideOnlineAccountScreens>true</HideOnlineAccountScreens>
        <ProtectYourPC>3</ProtectYourPC>
      </OOBE>
    </component>
  </settings>
</unattend>
"#;
