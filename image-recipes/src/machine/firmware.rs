//! What starts a machine's boot loader: SeaBIOS, which QEMU brings, or OVMF, which is a package.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Where distributions put OVMF's code and the variables that a new machine begins with.
const OVMF: [(&str, &str); 4] = [
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    ("/usr/share/qemu/ovmf-x86_64-4m-code.bin", "/usr/share/qemu/ovmf-x86_64-4m-vars.bin"),
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
    /// When no OVMF is installed.
    pub fn uefi(folder: &Path) -> Result<Self> {
        let found =
            OVMF.iter().find(|(code, variables)| Path::new(code).exists() && Path::new(variables).exists());
        let (code, template) = found.ok_or_else(|| {
            Error::refused("UEFI was asked for, and there is no OVMF on this machine")
                .hint("install it: apt-get install ovmf")
        })?;
        let variables = folder.join("uefi-variables");
        if !variables.exists() {
            std::fs::copy(template, &variables)
                .map_err(|e| Error::failed(e.to_string()).while_doing(format!("copying {template}")))?;
        }
        Ok(Self::Uefi { code: code.into(), variables })
    }
}
