//! Programs of another architecture, run by qemu-user: the scripts of its packages want that while a base is made.
//!
//! Where this machine knows how, it is left to it. Where it does not, root makes a namespace that does and that ends
//! with the program, so that nothing of the machine is changed. A namespace can have such knowledge of its own since
//! Linux 6.7.

use std::path::Path;

use super::mmdebstrap;
use crate::error::{Error, Result};
use crate::program::Program;
use crate::recipe::Architecture;

/// Which files are programs of arm64, as the kernel's `binfmt_misc` wants it told. With `F`, it opens the emulator once,
/// from here, so that there need be none in the base.
const ARM64: &str = r":qemu-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:F";

/// Where Debian has the emulator.
const EMULATOR: &str = "/usr/bin/qemu-aarch64-static";

const IN_NAMESPACE: &str = include_str!("in_namespace.sh");

/// `mmdebstrap`, where it can run programs of `architecture`.
///
/// # Errors
/// When nothing here can.
pub(super) fn mmdebstrap(architecture: Architecture, work: &Path) -> Result<Program> {
    if architecture.is_here() || runs(architecture)? {
        return mmdebstrap::here(work);
    }
    if architecture != Architecture::Aarch64 {
        return Err(cannot(architecture, "make it on a machine of that architecture"));
    }
    if !Path::new(EMULATOR).exists() {
        return Err(cannot(architecture, "install an emulator: apt-get install qemu-user-static"));
    }
    if !nix::unistd::geteuid().is_root() {
        return Err(cannot(architecture, "run this as root, or register qemu-user with binfmt_misc"));
    }
    mmdebstrap::in_memory(mmdebstrap::plain().started_by(["sh", "-c", IN_NAMESPACE, "sh", ARM64]), work)
}

fn cannot(architecture: Architecture, hint: &str) -> Error {
    Error::refused(format!("programs of {} do not run on this machine", architecture.name())).hint(hint)
}

/// Asked by starting one, which is what `mmdebstrap` does.
fn runs(architecture: Architecture) -> Result<bool> {
    Ok(Program::new("arch-test", "arch-test").arg(architecture.debian()).output()?.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_hands_on_input_and_failure_and_leaves_this_machine_as_it_was() {
        if !nix::unistd::geteuid().is_root() || !Path::new(EMULATOR).exists() {
            eprintln!("skipped: it needs root and qemu-user-static");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        // What is mounted in this machine's memory, as by another mmdebstrap, would let no namespace share that.
        let crowded =
            "mount -t tmpfs memory /dev/shm; mkdir /dev/shm/x; mount -t tmpfs memory /dev/shm/x; exec \"$@\"";
        let namespace = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", crowded, "sh"];
        let started_by = namespace.into_iter().chain(["sh", "-c", IN_NAMESPACE, "sh", ARM64]);
        let before = runs(Architecture::Aarch64).unwrap();
        let script = "cat; arch-test arm64; mount --bind /dev/shm /mnt || echo refused; df --output=size -B 1M $TMPDIR | tail -1; exit 7";
        let shell = Program::new("sh", "dash").args(["-c", script]).started_by(started_by);
        let shell = shell.env("TMPDIR", folder.path()).env("MEMORY", "9m");
        let output = shell.output_with(b"in").unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "inarm64: ok\n        9\n");
        assert_eq!(output.status.code(), Some(7));
        assert_eq!(runs(Architecture::Aarch64).unwrap(), before);
    }

    /// Whether the script came to its end, and with what.
    fn ended(mut command: std::process::Command) -> Option<i32> {
        let mut child = command.spawn().unwrap();
        for _ in 0..100 {
            match child.try_wait().unwrap() {
                Some(status) => return status.code(),
                None => std::thread::sleep(std::time::Duration::from_millis(50)),
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        None
    }

    #[test]
    fn where_no_namespace_can_be_made_it_ends_with_that_failure() {
        let folder = tempfile::tempdir().unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let fails = folder.path().join("unshare");
        std::fs::write(&fails, "#!/bin/sh\nexit 5\n").unwrap();
        std::fs::set_permissions(&fails, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", IN_NAMESPACE, "sh", ARM64, "true"]).env("PATH", path);
        assert_eq!(ended(shell), Some(5));
    }

    #[test]
    fn where_not_all_users_are_ours_to_give_it_ends() {
        let mut shell = std::process::Command::new("unshare");
        shell.args(["--user", "--map-root-user", "sh", "-c", IN_NAMESPACE, "sh", ARM64, "true"]);
        assert_eq!(ended(shell), Some(1));
    }
}
