//! A disk labelled CIDATA, config-2 or LANDFALL, FAT or ISO 9660, with `landfall.toml` at its root.
//!
//! It is read here, byte by byte and within bounds, and never mounted: a medium that somebody made for the purpose
//! must not reach a file system of the kernel's.

use std::path::{Path, PathBuf};

use landfall_contract::seed::{FILE, LABELS, SIGNATURE};

use super::{Found, Source, of_bytes};
use crate::error::Result;
use crate::facts::{device_of_root, is_virtual};
use crate::host::Host;

mod fat;
mod iso9660;
mod medium;

use medium::Medium;

const DEVICES: &str = "/sys/class/block";
/// Memory, files and what is made of other devices; and floppy drives, where a look takes seconds.
const OTHERS: [&str; 8] = ["loop", "ram", "zram", "dm-", "md", "nbd", "fd", "mtdblock"];

/// Whether anybody may plug it in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Fixed,
    Removable,
}

/// A small file system's root.
trait Root {
    /// Its names for itself.
    fn labels(&self) -> &[String];
    /// A file's content; `None` where there is no such file.
    fn file(&self, name: &str) -> medium::Read<Option<Vec<u8>>>;
}

pub(super) fn look(host: &dyn Host, kind: Kind, tell: &mut dyn FnMut(String)) -> Result<Option<Found>> {
    for name in named(host, kind)? {
        let medium = Medium::new(host, PathBuf::from("/dev").join(&name));
        match seed_on(&medium) {
            Ok(None) => {}
            Ok(Some((label, seed, signature))) => {
                let source = if kind == Kind::Fixed { Source::Disk } else { Source::RemovableDisk };
                let place = format!("{FILE} on the disk {name} ({label})");
                let signature = signature.map(|bytes| of_bytes(bytes, &place)).transpose()?;
                let seed = of_bytes(seed, &place)?;
                let signature = signature.map(|text| text.expose().to_owned());
                return Ok(Some(Found { source, place, seed, signature }));
            }
            Err(broken) => tell(format!("note: the disk {name} cannot be read for a seed: {broken}")),
        }
    }
    Ok(None)
}

type SeedOnDisk = (String, Vec<u8>, Option<Vec<u8>>);

fn seed_on(medium: &Medium) -> medium::Read<Option<SeedOnDisk>> {
    // Images that boot from discs and from sticks may begin like something else, too.
    let root: Box<dyn Root + '_> = match iso9660::Iso::open(medium)? {
        Some(iso) => Box::new(iso),
        None => match fat::Fat::open(medium)? {
            Some(fat) => Box::new(fat),
            None => return Ok(None),
        },
    };
    let is_ours = |label: &&String| LABELS.iter().any(|ours| ours.eq_ignore_ascii_case(label.trim()));
    let Some(label) = root.labels().iter().find(is_ours).cloned() else { return Ok(None) };
    let Some(seed) = root.file(FILE)? else { return Ok(None) };
    Ok(Some((label.trim().to_owned(), seed, root.file(&format!("{FILE}{SIGNATURE}"))?)))
}

/// The disks and partitions of this kind, by the kernel's names. What the kernel says of them is asked, not the
/// disks themselves.
pub(super) fn named(host: &dyn Host, kind: Kind) -> Result<Vec<String>> {
    let mut names = host.list(Path::new(DEVICES))?;
    names.retain(|name| !OTHERS.iter().any(|other| name.starts_with(other)));
    let mut of_kind = Vec::new();
    for name in names {
        let shown = Path::new(DEVICES).join(&name);
        let place = host.resolve(&shown)?.unwrap_or(shown);
        if kind_of(host, &place)? == kind && number(host, &place, "size")? > 0 {
            of_kind.push(name);
        }
    }
    Ok(of_kind)
}

/// What kind the device with this name is. One that is not there any more, or that is none by itself, may have been
/// anything.
pub(super) fn kind_of_device(host: &dyn Host, device: &Path) -> Result<Kind> {
    let device = host.resolve(device)?.unwrap_or_else(|| device.to_owned());
    let name = device.file_name().unwrap_or_default().to_string_lossy();
    let is_other = OTHERS.iter().any(|other| name.starts_with(other));
    match host.resolve(&Path::new(DEVICES).join(&*name))? {
        Some(place) if !is_other => kind_of(host, &place),
        _ => Ok(Kind::Removable),
    }
}

/// What somebody may plug in without opening the machine is removable: what hangs on USB whatever it says of itself,
/// a card in a slot, what the kernel knows to be outside, and what the kernel says. A drive for discs is, too, but
/// on a virtual machine, where whoever runs the machine puts discs in.
///
/// The disk that holds the root of this very system is none of these, such as the card that a Raspberry Pi boots
/// from: whoever changes that has the machine, and needs no seed.
fn kind_of(host: &dyn Host, place: &Path) -> Result<Kind> {
    let is_partition = host.stat(&place.join("partition"))?.is_some();
    let disk = if is_partition { place.parent().unwrap_or(place) } else { place };
    let name = disk.file_name().unwrap_or_default().to_string_lossy();
    let outside = is_on_usb(place) || hangs_outside(host, disk)?;
    let removable = if name.starts_with("sr") {
        outside || !is_virtual(host)?
    } else {
        outside || number(host, disk, "removable")? != 0 || is_card(host, disk, &name)?
    };
    let is_removable = removable && !holds_root(host, disk)?;
    Ok(if is_removable { Kind::Removable } else { Kind::Fixed })
}

fn is_on_usb(place: &Path) -> bool {
    place.iter().any(|part| part.to_string_lossy().starts_with("usb"))
}

/// Whether it is an SD card, which comes out of its slot, and no eMMC, which is soldered in.
fn is_card(host: &dyn Host, disk: &Path, name: &str) -> Result<bool> {
    Ok(name.starts_with("mmcblk") && word(host, disk, "device/type")?.starts_with("SD"))
}

/// Whether something on the way to it is on a port that is open to the outside, as Thunderbolt's are: since 5.14 the
/// kernel says so of PCI devices, as it does of USB's, from what the firmware says of the port.
fn hangs_outside(host: &dyn Host, disk: &Path) -> Result<bool> {
    for above in disk.ancestors().skip(1).take_while(|above| above.starts_with("/sys/devices")) {
        if word(host, above, "removable")? == "removable" {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds_root(host: &dyn Host, disk: &Path) -> Result<bool> {
    device_of_root(host)?.map_or(Ok(false), |root| is_of(host, &root, disk))
}

/// Whether a device is this disk, a partition of it, or made of such: LVM, encryption and RAID name what they are made of.
fn is_of(host: &dyn Host, device: &Path, disk: &Path) -> Result<bool> {
    if device.starts_with(disk) {
        return Ok(true);
    }
    let below = device.join("slaves");
    for name in host.list(&below)? {
        if let Some(part) = host.resolve(&below.join(name))?
            && is_of(host, &part, disk)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn number(host: &dyn Host, folder: &Path, name: &str) -> Result<u64> {
    Ok(word(host, folder, name)?.parse().unwrap_or(0))
}

fn word(host: &dyn Host, folder: &Path, name: &str) -> Result<String> {
    let content = host.read(&folder.join(name))?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&content).trim().to_owned())
}

#[cfg(test)]
pub(super) mod tests;
