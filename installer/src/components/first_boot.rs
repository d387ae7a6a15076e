//! The unit that gives a machine its identity when it boots for the first time out of an image.
//!
//! It is in place on every machine and starts nothing where no image was sealed. It is ordered before nothing, so
//! a boot is never held up by it; and after nothing that waits for the end of the boot, as cloud-init's last stage
//! does, so there is no cycle.

use std::path::PathBuf;

use landfall_contract::policy;
use landfall_contract::seed::{NAME, SIGNATURE};

use super::landfall::PROGRAM;
use crate::first_boot::SEALED;
use crate::first_boot::source::NO_CREDENTIAL;
use crate::plan::{Item, item};
use crate::step::{Folders, Step, WriteFile};

/// The unit.
pub const UNIT: &str = "landfall-first-boot.service";

pub(crate) fn steps(policy: Option<&String>) -> Vec<Item> {
    let write = |path: &str, content, mode| Step::WriteFile(WriteFile { path: path.into(), content, mode });
    let mut items = Vec::new();
    if let Some(text) = policy {
        let folder = PathBuf::from("/etc/landfall");
        items.push(item(
            "people and whoever provisions machines keep what is Landfall's in this folder",
            Step::Folders(Folders { paths: vec![folder], mode: 0o755, only_if_empty: true }),
        ));
        items.push(item(
            "which sources of seeds count at a first boot is fixed before any machine has one",
            write(policy::PATH, text.clone(), 0o644),
        ));
    }
    items.push(item(
        "a machine that boots for the first time out of a sealed image gets its identity by itself",
        write(&format!("/etc/systemd/system/{UNIT}"), unit(), 0o644),
    ));
    items
}

/// A simple service, because the boot would wait for the end of a oneshot. What it does is not cut short where it is
/// stopped: only the waiting ends, and a package transaction that is under way goes on to its end. Systems before
/// 247 do not know credentials, and say so in a line of the journal. 247 (Debian 11) does not start a unit with one that
/// is nowhere, unless it has another to fall back on; later ones go on without.
fn unit() -> String {
    let credential =
        |name: &str| format!("SetCredential={name}:{NO_CREDENTIAL}\nLoadCredential={name}:{name}\n");
    let (seed, signature) = (credential(NAME), credential(&format!("{NAME}{SIGNATURE}")));
    format!(
        "# Written by Landfall.\n\
         [Unit]\n\
         Description=The first boot of an Amazon ECS Anywhere instance\n\
         ConditionPathExists={SEALED}\n\
         Wants=network-online.target\n\
         After=network-online.target cloud-config.service\n\
         \n\
         [Service]\n\
         Type=simple\n\
         ExecStart={PROGRAM} first-boot\n\
         {seed}\
         {signature}\
         KillMode=process\n\
         Restart=on-abnormal\n\
         RestartSec=30\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// systemd 247 ends a unit whose credential is nowhere, where it has none to fall back on.
    #[test]
    fn each_credential_has_one_to_fall_back_on() {
        let unit = unit();
        let named = |key: &str| -> Vec<String> {
            let lines = unit.lines().filter_map(|line| line.strip_prefix(key));
            lines.map(|it| it.split(':').next().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(named("LoadCredential=").len(), 2);
        assert_eq!(named("SetCredential="), named("LoadCredential="));
    }

    /// cloud-final comes after multi-user.target, which this is wanted by: being after it would be a cycle, and
    /// systemd would leave this out without a word.
    #[test]
    fn the_unit_is_before_nothing_and_after_nothing_that_waits_for_the_boot() {
        let unit = unit();
        assert!(
            !unit.contains("Before=") && !unit.contains("cloud-final") && !unit.contains("cloud-init.target")
        );
        assert!(!unit.contains("oneshot") && unit.contains(&format!("ConditionPathExists={SEALED}\n")));
    }
}
