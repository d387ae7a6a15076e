//! A throw-away overlay of an image, for a person to look at: its console is this terminal.
//!
//! Nothing that happens in it reaches the image. A machine from a golden image has no password, so one is made for this
//! boot alone, which cloud-init sets from a seed disk; an image without cloud-init shows its console all the same. Beside
//! a seed that is given there is no such disk: cloud-init takes one of two, and nobody knows which.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};

use crate::disk;
use crate::error::{Error, Result, While};
use crate::machine::{self, Accelerator, Bus, Disk, Firmware, Format, Network, Spec, arguments};
use crate::program::Program;
use crate::recipe::Architecture;
use crate::seed::fat;

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Flags {
    /// The image
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,

    /// Whose instructions are in it
    #[arg(long, value_enum, default_value_t)]
    pub architecture: Architecture,

    /// How it boots; aarch64 knows UEFI alone
    #[arg(long, value_enum, default_value_t = By::Bios)]
    pub firmware: By,

    /// A disk to plug in beside it, such as a seed, in place of the one with a password; may be given several times
    #[arg(long = "disk", value_name = "FILE")]
    pub disks: Vec<PathBuf>,

    /// Memory in MiB
    #[arg(long, value_name = "MIB", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(256..))]
    pub memory: u32,

    /// Leave out the seed that gives root a password for this boot; cloud-init then looks elsewhere
    #[arg(long)]
    pub no_login: bool,

    /// Cut it off from every network
    #[arg(long)]
    pub offline: bool,
}

/// How a machine boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// By BIOS.
    Bios,
    /// By UEFI.
    Uefi,
    /// By UEFI with Secure Boot on, and Microsoft's keys.
    SecureBoot,
}

/// Runs it, until the machine is off.
///
/// # Errors
/// When the image cannot be read, or QEMU does not start.
pub fn run(flags: &Flags, _json: bool) -> Result<()> {
    let folder = tempfile::tempdir().while_doing(|| "making a folder for the machine".into())?;
    let overlay = folder.path().join("overlay.qcow2");
    overlay_of(&flags.image, &overlay)?;
    let mut disks = vec![Disk { file: overlay, format: Format::Qcow2, bus: Bus::Virtio, read_only: false }];
    disks.extend(flags.disks.iter().map(|file| plugged_in(file.clone())));
    disks.extend(login_disk(flags, folder.path())?);
    let spec = Spec {
        architecture: flags.architecture,
        firmware: firmware(flags, folder.path())?,
        memory: flags.memory,
        disks,
        network: Some(Network { restricted: flags.offline, ..Network::default() }),
        interactive: true,
        ..Spec::new("landfall-boot")
    };
    eprintln!("power it off to leave, or press Ctrl-A and then X");
    let accelerator = Accelerator::of(spec.architecture);
    let how = if accelerator == Accelerator::Tcg { "emulated, so slowly" } else { "with hardware's help" };
    eprintln!("booting {how}");
    let mut command = Command::new(arguments::program(spec.architecture));
    command.args(arguments::of(&spec, accelerator, folder.path()));
    let status = command.status().map_err(|e| machine::not_started(spec.architecture, &e))?;
    match status.success() {
        true => Ok(()),
        false => Err(Error::failed(format!("QEMU ended with {status}"))),
    }
}

/// arm64 has no BIOS, and no firmware with Secure Boot is known here.
fn firmware(flags: &Flags, folder: &Path) -> Result<Firmware> {
    match (flags.firmware, flags.architecture) {
        (By::Bios, Architecture::X86_64) => Ok(Firmware::Bios),
        (By::SecureBoot, Architecture::X86_64) => Firmware::secure_boot(folder),
        (By::SecureBoot, Architecture::Aarch64) => {
            Err(Error::refused("a machine of arm64 cannot be booted with Secure Boot here")
                .hint("without it: --firmware uefi"))
        }
        (By::Bios | By::Uefi, architecture) => Firmware::uefi(architecture, folder),
    }
}

/// The seed that gives root a password, where it is wanted and is the only one.
fn login_disk(flags: &Flags, folder: &Path) -> Result<Option<Disk>> {
    if flags.no_login {
        return Ok(None);
    }
    if let Some(seed) = seed_among(&flags.disks)? {
        eprintln!("{} is a seed, so none is made: nothing gives root a password", seed.display());
        return Ok(None);
    }
    let password = password()?;
    let medium = folder.join("login.img");
    std::fs::write(&medium, login(&password)?).while_doing(|| format!("writing {}", medium.display()))?;
    eprintln!("log in as root with the password {password}, once cloud-init has set it");
    Ok(Some(plugged_in(medium)))
}

/// The first that cloud-init takes for its own, by its label.
fn seed_among(disks: &[PathBuf]) -> Result<Option<&PathBuf>> {
    for file in disks {
        let labels = disk::labels(&disk::Disk::open(file)?)?;
        if labels.iter().any(|label| label.eq_ignore_ascii_case(fat::CIDATA)) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

fn plugged_in(file: PathBuf) -> Disk {
    Disk { file, format: Format::Raw, bus: Bus::Virtio, read_only: true }
}

/// A qcow2 that holds what changes, over an image that stays as it is.
///
/// # Errors
/// When there is no such image, or `qemu-img` does not know it.
pub(crate) fn overlay_of(image: &Path, overlay: &Path) -> Result<()> {
    let image = disk::resolved(image)?;
    let format = disk::format(&image)?;
    disk::alone(&image, format)?;
    let backing =
        format!("backing_file={},backing_fmt={format}", image.display().to_string().replace(',', ",,"));
    Program::qemu_img().args(["create", "-q", "-f", "qcow2", "-o", &backing]).arg(overlay).run().map(drop)
}

fn login(password: &str) -> Result<Vec<u8>> {
    let config = format!(
        "#cloud-config\ndisable_root: false\nssh_pwauth: false\nchpasswd:\n  expire: false\n  list: |\n    root:{password}\n"
    );
    fat::disk(
        fat::CIDATA,
        &[("meta-data", b"instance-id: landfall-boot\n"), ("user-data", config.as_bytes())],
    )
}

/// Twelve figures that nobody else knows.
fn password() -> Result<String> {
    let uuid = std::fs::read_to_string("/proc/sys/kernel/random/uuid")
        .while_doing(|| "asking the kernel for a password".into())?;
    Ok(uuid.chars().filter(char::is_ascii_hexdigit).take(12).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_under_the_overlay_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("an,image.raw");
        std::fs::write(&image, vec![7; 1 << 20]).unwrap();
        let overlay = folder.path().join("overlay.qcow2");
        overlay_of(&image, &overlay).unwrap();
        let told = Program::qemu_img().args(["info", "--output=json"]).arg(&overlay).run().unwrap();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["backing-filename"], image.to_str().unwrap());
        assert_eq!((told["format"].as_str(), told["virtual-size"].as_u64()), (Some("qcow2"), Some(1 << 20)));
    }

    #[test]
    fn an_image_that_is_not_there_is_named() {
        let error = overlay_of(Path::new("no-such-image"), Path::new("overlay")).unwrap_err();
        assert!(error.exit_code() == 2 && error.what.contains("no-such-image"), "{error}");
    }

    #[test]
    fn a_seed_that_is_given_takes_the_place_of_the_one_with_a_password() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, label: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, fat::disk(label, &[("landfall.toml", b"")]).unwrap()).unwrap();
            path
        };
        let (binary, seed) = (file("binary.img", fat::BINARY), file("edge-1.img", fat::CIDATA));
        assert_eq!(seed_among(&[]).unwrap(), None);
        assert_eq!(seed_among(std::slice::from_ref(&binary)).unwrap(), None);
        assert_eq!(seed_among(&[binary, seed.clone()]).unwrap(), Some(&seed));
        let error = seed_among(&["no-such-disk".into()]).unwrap_err();
        assert!(error.exit_code() == 2 && error.what.contains("no-such-disk"), "{error}");
    }

    #[test]
    fn every_boot_has_a_password_of_its_own() {
        assert!(password().unwrap() != password().unwrap() && password().unwrap().len() == 12);
    }

    #[test]
    fn an_image_that_is_made_of_another_file_is_not_booted() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, layer) = (folder.path().join("whole.raw"), folder.path().join("layer.qcow2"));
        std::fs::File::create(&whole).unwrap().set_len(1 << 20).unwrap();
        let create = Program::qemu_img().args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"]);
        create.arg(&whole).arg(&layer).run().unwrap();
        let error = overlay_of(&layer, &folder.path().join("overlay")).unwrap_err();
        assert!(error.exit_code() == 2 && error.what.contains("needs another file"), "{error}");
    }
}
