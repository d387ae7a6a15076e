//! Room on the file systems that the packages, the agents and Docker write to: often one, on hardened servers several.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::system;
use crate::error::Result;
use crate::host::Host;

/// What goes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Programs, below `/usr`.
    Programs,
    /// Downloads, what the agents keep, and logs, below `/var`.
    State,
    /// Docker's images and containers, below its data root.
    Images,
}

/// A part, and the folder that it goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What goes there.
    pub part: Part,
    /// The folder.
    pub path: String,
}

/// A file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Where it is mounted, for the first of its parts.
    pub place: String,
    /// Its free bytes.
    pub free: u64,
    /// What goes there.
    pub holds: Vec<Held>,
}

impl Volume {
    /// Whether this goes there.
    #[must_use]
    pub fn has(&self, part: Part) -> bool {
        self.holds.iter().any(|it| it.part == part)
    }

    /// The folders, for a sentence.
    #[must_use]
    pub fn folders(&self) -> String {
        let folders: Vec<&str> = self.holds.iter().map(|it| it.path.as_str()).collect();
        match folders.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, first)) => format!("{} and {last}", first.join(", ")),
            None => String::new(),
        }
    }
}

/// The file systems of all parts. Subvolumes of one file system share their room.
pub(super) fn look(host: &dyn Host, data_root: Option<&str>) -> Result<Vec<Volume>> {
    let parts = [
        (Part::Programs, "/usr"),
        (Part::State, "/var"),
        (Part::Images, data_root.unwrap_or("/var/lib/docker")),
    ];
    let mut volumes: Vec<(String, Volume)> = Vec::new();
    for (part, path) in parts {
        let held = Held { part, path: path.to_owned() };
        let (place, device) = system::mounted_above(host, path)?;
        match volumes.iter_mut().find(|(known, _)| *known == device) {
            Some((_, volume)) => volume.holds.push(held),
            None => {
                let free = host.room(Path::new(&place));
                volumes.push((device, Volume { place, free, holds: vec![held] }));
            }
        }
    }
    Ok(volumes.into_iter().map(|(_, volume)| volume).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::fresh;

    fn looked(mounts: &str, data_root: Option<&str>) -> Vec<String> {
        let mut fake = fresh();
        fake.put("/proc/self/mountinfo", mounts, 0o444);
        let volumes = look(&fake, data_root).unwrap();
        volumes.iter().map(|it| format!("{}: {}", it.place, it.folders())).collect()
    }

    #[test]
    fn what_shares_a_file_system_shares_its_room() {
        let root = "1 2 8:1 / / rw - ext4 /dev/sda1 rw";
        assert_eq!(looked(root, None), ["/: /usr, /var and /var/lib/docker"]);
        let apart =
            format!("{root}\n3 1 8:2 / /var rw - ext4 /dev/sda2 rw\n4 1 8:16 / /data rw - xfs /dev/sdb rw");
        assert_eq!(looked(&apart, None), ["/: /usr", "/var: /var and /var/lib/docker"]);
        assert_eq!(looked(&apart, Some("/data/docker")), ["/: /usr", "/var: /var", "/data: /data/docker"]);
        let subvolumes = "1 2 0:30 /@ / rw - btrfs /dev/sda2 rw\n3 1 0:30 /@var /var rw - btrfs /dev/sda2 rw";
        assert_eq!(looked(subvolumes, None), ["/: /usr, /var and /var/lib/docker"]);
    }
}
