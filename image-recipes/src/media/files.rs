//! What a medium adds to the live system: this program, the unit that runs it, its order, and a network.
//!
//! It is a second RAM disk behind the first, which the kernel unpacks over it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::archive::Archive;
use super::program;
use crate::bootstrap::own_files;
use crate::error::{Error, Result, While};
use crate::live::order::{FOLDER, MANIFEST, ORDER, SEED, Task};

const LEVEL: i32 = 6;
const PROGRAM: &str = "usr/lib/landfall/landfall-image";

/// It has both consoles for itself: nobody can log in anyway. A program that breaks off shows its error again.
const UNIT: &str = "[Unit]
Description=Landfall writes an image to a disk
After=systemd-udevd.service systemd-networkd.service

[Service]
ExecStart=/usr/lib/landfall/landfall-image live
Restart=on-failure
RestartSec=10
";

/// Units of the system's that would write to the consoles or wait for what is not there.
const MASKED: [&str; 6] = [
    "getty@.service",
    "autovt@.service",
    "serial-getty@.service",
    "console-getty.service",
    "systemd-networkd-wait-online.service",
    "systemd-update-utmp.service",
];

/// Writes the RAM disk `first` with the task behind it.
///
/// # Errors
/// When one cannot be read or the other not be written.
pub fn append(first: &Path, task: &Task, to: &Path) -> Result<()> {
    let doing = || format!("writing {}", to.display());
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(to).while_doing(doing)?;
    let mut first = File::open(first).while_doing(|| format!("opening {}", first.display()))?;
    let length = std::io::copy(&mut first, &mut file).while_doing(doing)?;
    // The kernel looks for the next one at a multiple of four.
    file.write_all(&[0; 4][..(length.next_multiple_of(4) - length) as usize]).while_doing(doing)?;
    let packer = zstd::Encoder::new(BufWriter::new(file), LEVEL).while_doing(doing)?;
    let mut archive = Archive::new(packer);
    write(&mut archive, task, &program::own()?)?;
    archive.finish()?.finish().and_then(|mut file| file.flush()).while_doing(doing)
}

fn write<W: Write>(archive: &mut Archive<W>, task: &Task, program: &[u8]) -> Result<()> {
    let json = |value: serde_json::Result<Vec<u8>>| value.map_err(|e| Error::bug(e.to_string()));
    let folder = FOLDER.trim_start_matches('/');
    archive.link("init", "usr/lib/systemd/systemd")?;
    archive.file(PROGRAM, 0o755, program)?;
    archive.file(&format!("{folder}/{ORDER}"), 0o600, &json(serde_json::to_vec(&task.order))?)?;
    archive.file(&format!("{folder}/{MANIFEST}"), 0o600, &json(serde_json::to_vec(&task.manifest))?)?;
    for (name, content) in &task.seed {
        archive.file(&format!("{folder}/{SEED}/{name}"), 0o600, content)?;
    }
    archive.file("etc/systemd/network/80-dhcp.network", 0o644, own_files::NETWORK.as_bytes())?;
    archive.file("etc/systemd/system/landfall-live.service", 0o644, UNIT.as_bytes())?;
    archive.file("etc/systemd/system/multi-user.target.wants/.keep", 0o644, b"")?;
    let wanted = "etc/systemd/system/multi-user.target.wants/landfall-live.service";
    archive.link(wanted, "/etc/systemd/system/landfall-live.service")?;
    archive.link("etc/systemd/system/default.target", "/usr/lib/systemd/system/multi-user.target")?;
    for unit in MASKED {
        archive.link(&format!("etc/systemd/system/{unit}"), "/dev/null")?;
    }
    archive.file("etc/hostname", 0o644, b"landfall\n")?;
    archive.file("etc/fstab", 0o644, b"")?;
    // Empty and there: nothing asks for a first boot's answers.
    archive.file("etc/machine-id", 0o644, b"")
}
