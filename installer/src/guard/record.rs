//! What a machine is known by, as it is kept from the moment of its registration.
//!
//! On disk before the marker lets the agents start, so that no registered machine is without it. A record of
//! another identity than the one in the Vault is none: whoever registered anew since made a new machine.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::uuid::{are_one, naming};
use super::{interfaces, line};
use crate::durable;
use crate::error::{Error, Result};
use crate::facts;
use crate::host::Host;
use crate::registration::Registration;

/// Where it is kept.
pub const RECORD: &str = "/var/lib/landfall/machine.json";
const VERSION: u32 = 1;
/// QEMU shows here what changes whenever a machine is put back to an earlier state, at an offset of 40 bytes.
const GENERATION: &str = "/sys/firmware/qemu_fw_cfg/by_name/etc/vmgenid_guid/raw";

/// What a machine is known by. Nothing where the system does not show it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Marks {
    /// `/etc/machine-id`: on the disk, and so copied with it.
    pub machine_id: Option<String>,
    /// The board's or the hypervisor's id, as the kernel shows it.
    pub product_uuid: Option<String>,
    /// The own addresses of network cards.
    pub mac_addresses: BTreeSet<String>,
    /// What the hypervisor changes when it goes back to a snapshot. Kept to be shown; proves nothing.
    pub generation: Option<String>,
}

impl Marks {
    /// Looks at the machine. A container sees the firmware of the machine below it, which moves away under it.
    pub(super) fn look(host: &dyn Host, in_container: bool) -> Result<Self> {
        let outside = |look: &dyn Fn() -> Option<String>| if in_container { None } else { look() };
        Ok(Self {
            machine_id: line(host, "/etc/machine-id").filter(|id| id != "uninitialized"),
            product_uuid: outside(&|| {
                line(host, "/sys/class/dmi/id/product_uuid").filter(|uuid| naming(uuid).is_some())
            }),
            mac_addresses: interfaces::addresses(host, in_container)?,
            generation: outside(&|| generation(host)),
        })
    }

    /// Whether systemd took the machine-id from the hypervisor, which it does where a virtual machine has none
    /// at its first boot: then it says nothing that the other id does not.
    #[must_use]
    pub fn machine_id_is_product_uuid(&self) -> bool {
        let uuid = self.product_uuid.as_deref().and_then(naming);
        self.machine_id.as_deref().zip(uuid).is_some_and(|(id, uuid)| are_one(id, &uuid))
    }
}

/// The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// The format's version.
    pub version: u32,
    /// The identity that it is the machine of.
    pub instance_id: String,
    /// What the machine was known by.
    pub machine: Marks,
    /// Whether its machine-id was taken from the hypervisor.
    pub machine_id_is_product_uuid: bool,
}

impl Record {
    /// A record of these marks.
    #[must_use]
    pub fn of(instance_id: &str, machine: Marks) -> Self {
        let machine_id_is_product_uuid = machine.machine_id_is_product_uuid();
        Self { version: VERSION, instance_id: instance_id.to_owned(), machine, machine_id_is_product_uuid }
    }

    /// A record of the machine as it is now.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn take(host: &dyn Host, registration: &Registration) -> Result<Self> {
        let in_container = facts::container(host)?.is_some();
        Ok(Self::of(&registration.instance_id, Marks::look(host, in_container)?))
    }

    /// Keeps it, durably.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, host: &mut dyn Host) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).map_err(|e| Error::bug(e.to_string()))?;
        text.push('\n');
        durable::create_folders(host, durable::parent(Path::new(RECORD)), 0o700)?;
        durable::write(host, Path::new(RECORD), text.as_bytes(), 0o600)
    }
}

/// Records the machine as the one of this identity, unless it is recorded already.
///
/// # Errors
/// When the disk refuses.
pub fn keep(host: &mut dyn Host, registration: &Registration) -> Result<()> {
    match read(host)? {
        Kept::Whole(record) if record.instance_id == registration.instance_id => Ok(()),
        _ => Record::take(host, registration)?.write(host),
    }
}

/// What is kept.
pub(super) enum Kept {
    Nothing,
    /// A sentence about it.
    Broken(String),
    Whole(Record),
}

pub(super) fn read(host: &dyn Host) -> Result<Kept> {
    let Some(text) = host.read(Path::new(RECORD))? else { return Ok(Kept::Nothing) };
    Ok(match serde_json::from_slice::<Record>(&text) {
        Ok(record) if record.version > VERSION => {
            Kept::Broken(format!("{RECORD} was written by a later Landfall, and cannot be compared"))
        }
        Ok(record) => Kept::Whole(record),
        Err(e) => Kept::Broken(format!("{RECORD} is broken, and cannot be compared: {e}")),
    })
}

fn generation(host: &dyn Host) -> Option<String> {
    let raw = host.read_head(Path::new(GENERATION), 56).ok().flatten()?;
    raw.get(40..56).map(hex::encode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::fresh;

    #[test]
    fn a_machine_id_that_systemd_took_from_the_hypervisor_is_recognised_in_both_byte_orders() {
        let marks = |id: &str, uuid: &str| Marks {
            machine_id: Some(id.into()),
            product_uuid: Some(uuid.into()),
            ..Marks::default()
        };
        let id = "4c4c4544003235108053b6c04f4d4e32";
        assert!(marks(id, "4C4C4544-0032-3510-8053-B6C04F4D4E32").machine_id_is_product_uuid());
        assert!(marks(id, "44454C4C-3200-1035-8053-B6C04F4D4E32").machine_id_is_product_uuid());
        assert!(!marks(id, "4C4C4544-0032-3510-8053-B6C04F4D4E33").machine_id_is_product_uuid());
        assert!(!marks(&"0".repeat(32), "00000000-0000-0000-0000-000000000000").machine_id_is_product_uuid());
    }

    #[test]
    fn firmware_that_many_machines_share_and_that_of_the_machine_below_are_not_recorded() {
        let uuid = |uuid: &str, in_container| {
            let mut fake = fresh();
            fake.put("/sys/class/dmi/id/product_uuid", &format!("{uuid}\n"), 0o400);
            Marks::look(&fake, in_container).unwrap().product_uuid
        };
        let own = "5f1e2d3c-0000-4000-8000-000000000001";
        assert_eq!(uuid(own, false).as_deref(), Some(own));
        assert_eq!(uuid(own, true), None);
        assert_eq!(uuid("03000200-0400-0500-0006-000700080009", false), None);
    }

    #[test]
    fn the_generation_is_read_where_qemu_shows_it() {
        let mut fake = fresh();
        fake.put(GENERATION, &format!("{}{}{}", "\0".repeat(40), "0123456789abcdef", "\0".repeat(90)), 0o400);
        let generation = Marks::look(&fake, false).unwrap().generation;
        assert_eq!(generation, Some(hex::encode("0123456789abcdef")));
    }

    #[test]
    fn a_record_that_cannot_be_read_is_no_machine_that_can_be_trusted() {
        for (text, says) in [("", "is broken"), ("{}", "is broken"), ("{\"version\": 1", "is broken")] {
            let mut fake = fresh();
            fake.put(RECORD, text, 0o600);
            let Kept::Broken(why) = read(&fake).unwrap() else { panic!("{text}") };
            assert!(why.contains(says), "{why}");
        }
        let mut fake = fresh();
        let record = Record { version: 2, ..Record::of("mi-1", Marks::default()) };
        record.write(&mut fake).unwrap();
        assert!(matches!(read(&fake).unwrap(), Kept::Broken(why) if why.contains("later Landfall")));
    }
}
