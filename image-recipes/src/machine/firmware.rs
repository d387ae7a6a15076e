//! What starts a machine's boot loader: SeaBIOS, which QEMU brings, or OVMF, which is a package.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::program::Program;
use crate::recipe::Architecture;

/// The file of a machine's variables in its folder, as qcow2: QEMU keeps a moment of a machine in nothing else.
pub const VARIABLES: &str = "uefi-variables.qcow2";

/// Where distributions put OVMF's code and the variables that a new machine begins with.
const OVMF: [(&str, &str); 4] = [
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    ("/usr/share/qemu/ovmf-x86_64-4m-code.bin", "/usr/share/qemu/ovmf-x86_64-4m-vars.bin"),
];

/// The same for arm64, where it is called AAVMF or by its maker's name.
const AAVMF: [(&str, &str); 3] = [
    ("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),
    ("/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw", "/usr/share/edk2/aarch64/vars-template-pflash.raw"),
    ("/usr/share/qemu/aavmf-aarch64-code.bin", "/usr/share/qemu/aavmf-aarch64-vars.bin"),
];

/// The same with Microsoft's keys in the variables: what starts only what these keys have signed.
const SECURE: [(&str, &str); 4] = [
    ("/usr/share/OVMF/OVMF_CODE_4M.ms.fd", "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"),
    ("/usr/share/OVMF/OVMF_CODE.ms.fd", "/usr/share/OVMF/OVMF_VARS.ms.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd", "/usr/share/edk2/ovmf/OVMF_VARS.secboot.fd"),
    ("/usr/share/qemu/ovmf-x86_64-smm-ms-code.bin", "/usr/share/qemu/ovmf-x86_64-smm-ms-vars.bin"),
];

/// A firmware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Firmware {
    /// BIOS.
    Bios,
    /// UEFI: its code, and the file of this machine's variables.
    Uefi {
        /// Read by every machine.
        code: PathBuf,
        /// This machine's own; made from the template when it is not there yet.
        variables: PathBuf,
    },
    /// UEFI with Secure Boot on.
    SecureBoot {
        /// Read by every machine.
        code: PathBuf,
        /// This machine's own; made from a template that has Microsoft's keys.
        variables: PathBuf,
    },
}

impl Firmware {
    /// UEFI, with variables in the machine's folder.
    ///
    /// # Errors
    /// When none is installed for this architecture.
    pub fn uefi(architecture: Architecture, folder: &Path) -> Result<Self> {
        let (code, template) = Self::find_uefi(architecture)?;
        Ok(Self::Uefi { code: code.into(), variables: variables(folder, template)? })
    }

    /// UEFI with Secure Boot on, likewise; of a PC.
    ///
    /// # Errors
    /// When no OVMF with Microsoft's keys is installed.
    pub fn secure_boot(folder: &Path) -> Result<Self> {
        let (code, template) = installed(&SECURE).ok_or_else(|| {
            Error::refused(
                "Secure Boot was asked for, and there is no OVMF with Microsoft's keys on this machine",
            )
            .hint("install it: apt-get install ovmf")
        })?;
        Ok(Self::SecureBoot { code: code.into(), variables: variables(folder, template)? })
    }

    /// UEFI's code, and the template of its variables.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn find_uefi(architecture: Architecture) -> Result<(&'static str, &'static str)> {
        let (places, name, package): (&[_], _, _) = match architecture {
            Architecture::X86_64 => (&OVMF, "OVMF", "ovmf"),
            Architecture::Aarch64 => (&AAVMF, "AAVMF", "qemu-efi-aarch64"),
        };
        installed(places).ok_or_else(|| {
            Error::refused(format!("UEFI is needed, and there is no {name} on this machine"))
                .hint(format!("install it: apt-get install {package}"))
        })
    }
}

fn installed(places: &[(&'static str, &'static str)]) -> Option<(&'static str, &'static str)> {
    let is_here = |path: &str| Path::new(path).exists();
    places.iter().find(|(code, variables)| is_here(code) && is_here(variables)).copied()
}

/// The machine's own, made when they are not there yet.
fn variables(folder: &Path, template: &str) -> Result<PathBuf> {
    let variables = folder.join(VARIABLES);
    if !variables.exists() {
        let convert = ["convert", "-f", "raw", "-O", "qcow2", template];
        Program::qemu_img().args(convert).arg(&variables).run()?;
    }
    Ok(variables)
}
