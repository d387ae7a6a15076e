//! What starts a machine's boot loader: SeaBIOS, which QEMU brings, or OVMF, which is a package.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::recipe::Architecture;

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
}

impl Firmware {
    /// UEFI, with variables in the machine's folder.
    ///
    /// # Errors
    /// When none is installed for this architecture.
    pub fn uefi(architecture: Architecture, folder: &Path) -> Result<Self> {
        let (code, template) = Self::find_uefi(architecture)?;
        let variables = folder.join("uefi-variables");
        if !variables.exists() {
            std::fs::copy(template, &variables)
                .map_err(|e| Error::failed(e.to_string()).while_doing(format!("copying {template}")))?;
        }
        Ok(Self::Uefi { code: code.into(), variables })
    }

    /// UEFI's code, and the template of its variables.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn find_uefi(architecture: Architecture) -> Result<(&'static str, &'static str)> {
        let is_here = |path: &str| Path::new(path).exists();
        let (places, name, package): (&[_], _, _) = match architecture {
            Architecture::X86_64 => (&OVMF, "OVMF", "ovmf"),
            Architecture::Aarch64 => (&AAVMF, "AAVMF", "qemu-efi-aarch64"),
        };
        places.iter().copied().find(|(code, variables)| is_here(code) && is_here(variables)).ok_or_else(
            || {
                Error::refused(format!("UEFI is needed, and there is no {name} on this machine"))
                    .hint(format!("install it: apt-get install {package}"))
            },
        )
    }
}
