//! What a machine printed on its first serial port: always kept, and searched for what nobody should find there.

use std::path::Path;

use crate::error::{Error, Result};

/// The console's file in the machine's folder.
pub const LOG: &str = "console.log";

/// Words of a machine in trouble. Stalls are not among them: an emulated machine on a busy one stalls.
const TROUBLE: [&str; 15] = [
    "Kernel panic - not syncing",
    "BUG: unable to handle",
    "BUG: kernel NULL pointer",
    "Oops:",
    "general protection fault",
    "You are in emergency mode",
    "Entering emergency mode",
    "Give root password for maintenance",
    "Gave up waiting for root",
    "(initramfs)",
    "grub rescue>",
    "error: can't find command",
    "No bootable device",
    "Found ordering cycle",
    "Out of memory: Killed process",
];

/// What the machine printed since it was first started; nothing where it has not been.
#[must_use]
pub fn of(folder: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(folder.join(LOG)).unwrap_or_default()).into_owned()
}

/// The lines that tell of trouble.
#[must_use]
pub fn trouble(text: &str) -> Vec<&str> {
    text.lines().map(str::trim_end).filter(|line| TROUBLE.iter().any(|word| line.contains(word))).collect()
}

/// Demands that there are none.
///
/// # Errors
/// When there are: with the first.
pub fn demand_no_trouble(text: &str) -> Result<()> {
    match trouble(text).first() {
        Some(line) => Err(Error::failed(format!("the machine is in trouble: {line}"))),
        None => Ok(()),
    }
}

/// The last lines, for an error message.
#[must_use]
pub fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_an_emergency_shell_and_an_ordering_cycle_are_trouble() {
        for line in [
            "[    1.2] Kernel panic - not syncing: VFS: Unable to mount root fs",
            "You are in emergency mode. After logging in, type \"journalctl -xb\"",
            "(initramfs) ",
            "error: can't find command `['.",
            "[    4.0] systemd[1]: multi-user.target: Found ordering cycle on x.service/start",
        ] {
            assert_eq!(trouble(&format!("fine\n{line}\nfine")), [line.trim_end()]);
        }
    }

    #[test]
    fn a_good_boot_is_no_trouble() {
        let text =
            "[  OK  ] Started ssh.service\r\n[    9.1] rcu: INFO: rcu_sched self-detected stall\r\nlogin: ";
        assert!(trouble(text).is_empty());
    }

    #[test]
    fn an_error_shows_the_end_of_the_console() {
        assert_eq!(tail("a\n\nb\r\nc\n", 2), "b\nc");
    }
}
