//! Which disk is meant: by the serial number on its label, or by the place that it is plugged into.
//!
//! Never by a name such as `sda`: that is whichever disk the kernel found first today.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The folder of the names by place.
pub const BY_PATH: &str = "/dev/disk/by-path/";

/// A disk, as a person names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// By its serial number.
    Serial(String),
    /// By its name below `/dev/disk/by-path`.
    Path(String),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sane = |value: &str| !value.is_empty() && value.chars().all(|it| it.is_ascii_graphic());
        match text.split_once('=') {
            Some(("serial", serial)) if sane(serial) => Ok(Self::Serial(serial.to_owned())),
            Some(("path", path)) => match path.strip_prefix(BY_PATH).unwrap_or(path) {
                path if sane(path) && !path.contains('/') => Ok(Self::Path(path.to_owned())),
                _ => Err(format!("a path is a name below {BY_PATH}")),
            },
            _ => Err(format!("say serial=NUMBER, as on the disk's label, or path=NAME, as below {BY_PATH}")),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial(serial) => write!(f, "serial {serial}"),
            Self::Path(path) => write!(f, "path {path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_named_by_serial_or_by_path_and_never_by_the_kernels_name() {
        let of = |text: &str| text.parse::<Choice>().map(|it| it.to_string());
        assert_eq!(of("serial=S4EV-1"), Ok("serial S4EV-1".into()));
        assert_eq!(of("path=pci-0000:00:1f.2-ata-1"), Ok("path pci-0000:00:1f.2-ata-1".into()));
        assert_eq!(of("path=/dev/disk/by-path/virtio-pci-1"), Ok("path virtio-pci-1".into()));
        for wrong in ["/dev/sda", "sda", "path=/dev/sda", "serial=", "path=", "serial=a b", ""] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
