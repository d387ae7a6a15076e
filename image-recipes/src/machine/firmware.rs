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
        let (code, template) = Self::find_ovmf()?;
        let variables = folder.join("uefi-variables");
        if !variables.exists() {
            std::fs::copy(template, &variables)
                .map_err(|e| Error::failed(e.to_string()).while_doing(format!("copying {template}")))?;
        }
        Ok(Self::Uefi { code: code.into(), variables })
    }

    /// OVMF's code, and the template of its variables.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn find_ovmf() -> Result<(&'static str, &'static str)> {
        let is_here = |path: &str| Path::new(path).exists();
        OVMF.into_iter().find(|(code, variables)| is_here(code) && is_here(variables)).ok_or_else(|| {
            Error::refused("UEFI was asked for, and there is no OVMF on this machine")
                .hint("install it: apt-get install ovmf")
        })
    }
}
