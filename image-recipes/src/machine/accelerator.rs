//! Whether this machine can run another one by hardware, found out by booting one.
//!
//! A `/dev/kvm` may be there and not work, so looking at it tells nothing. The probe is a disk of one sector that
//! leaves QEMU with a status that nothing else gives, on the very processor that machines get: there are machines
//! where KVM runs a plain one and refuses, or hangs, with its own.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::error::{Error, Result, While};
use crate::recipe::Architecture;

/// `mov al, 0x2a; out 0xf4, al; hlt`: the debug device makes a status of it.
const CODE: [u8; 5] = [0xb0, 0x2a, 0xe6, 0xf4, 0xf4];
const STATUS: i32 = (0x2a << 1) | 1;

/// Firmware and one sector: hardware needs half a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// What runs the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// The processor itself.
    Kvm,
    /// Emulation.
    Tcg,
}

/// With instructions for AES, which are one step of the emulator's each: without, half of what `landfall up`
/// itself computes is TLS.
const PLAIN_PROCESSOR: &str = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+rdrand,+aes,+pclmulqdq,-svm";

impl Accelerator {
    /// The best one that works here; found out once.
    #[must_use]
    pub fn here() -> Self {
        static FOUND: OnceLock<Accelerator> = OnceLock::new();
        *FOUND.get_or_init(|| {
            if boots_with(&Self::Kvm.arguments(Architecture::X86_64, false)).unwrap_or(false) {
                Self::Kvm
            } else {
                Self::Tcg
            }
        })
    }

    /// The best one for machines of this architecture: another one's instructions are always emulated.
    #[must_use]
    pub fn of(architecture: Architecture) -> Self {
        // What the probe boots is a PC.
        if architecture == Architecture::X86_64 && architecture.is_here() { Self::here() } else { Self::Tcg }
    }

    /// How long something may take here that takes this long with hardware.
    #[must_use]
    pub fn patience(self, with_hardware: Duration) -> Duration {
        match self {
            Self::Kvm => with_hardware,
            Self::Tcg => with_hardware * 10,
        }
    }

    /// QEMU's words for it. An emulated PC's processor has all that the emulator knows, because some distributions of
    /// today are built for it; a plain one boots a Debian in five sixths of the time, as there is less to keep of each
    /// program at each switch, but it must not be one of Intel's, which the kernel guards at the cost of all of that.
    /// On arm64 all of them run on a plain one.
    #[must_use]
    pub fn arguments(self, architecture: Architecture, is_plain: bool) -> [&'static str; 4] {
        match (self, architecture) {
            (Self::Kvm, _) => ["-accel", "kvm", "-cpu", "host"],
            (Self::Tcg, Architecture::X86_64) => {
                ["-accel", "tcg,thread=multi", "-cpu", if is_plain { PLAIN_PROCESSOR } else { "max" }]
            }
            (Self::Tcg, Architecture::Aarch64) => ["-accel", "tcg,thread=multi", "-cpu", "cortex-a57"],
        }
    }
}

fn boots_with(accelerator: &[&str]) -> Result<bool> {
    let mut disk = tempfile::NamedTempFile::new().while_doing(|| "making a disk to probe with".into())?;
    let mut sector = [0; 512];
    sector[..CODE.len()].copy_from_slice(&CODE);
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    disk.write_all(&sector).while_doing(|| "making a disk to probe with".into())?;
    let mut qemu = Command::new(super::arguments::program(Architecture::X86_64))
        .args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-m", "32"])
        .args(accelerator)
        .args(["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-drive"])
        .arg(format!("file={},format=raw,if=ide", disk.path().display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| Error::failed(e.to_string()))?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = qemu.try_wait().while_doing(|| "probing".into())? {
            return Ok(status.code() == Some(STATUS));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = qemu.kill();
    let _ = qemu.wait();
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulated_machine_boots_the_probe_and_one_without_an_accelerator_does_not() {
        assert!(
            [false, true]
                .map(|is_plain| Accelerator::Tcg.arguments(Architecture::X86_64, is_plain))
                .iter()
                .all(|it| boots_with(it).unwrap()),
            "no qemu-system-x86_64, or it does not emulate"
        );
        assert!(!boots_with(&["-accel", "no-such-accelerator"]).unwrap());
    }

    #[test]
    fn another_architectures_instructions_are_emulated_whatever_this_machine_can() {
        let foreign = [Architecture::X86_64, Architecture::Aarch64].into_iter().filter(|it| !it.is_here());
        assert!(foreign.into_iter().all(|it| Accelerator::of(it) == Accelerator::Tcg));
    }

    #[test]
    fn emulation_is_waited_for_longer() {
        let second = Duration::from_secs(1);
        assert!(Accelerator::Tcg.patience(second) > Accelerator::Kvm.patience(second));
    }
}
