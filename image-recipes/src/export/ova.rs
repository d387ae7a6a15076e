//! An OVA: a tar with the description of a machine first, then the digests, then the disk.
//! <https://www.dmtf.org/standards/ovf> (DSP0243, section 5.3: ustar, and in this order).

use std::fs::File;
use std::io::Read;
use std::path::Path;

use tar::{Builder, EntryType, Header};

use super::{convert, ovf};
use crate::disk::Disk;
use crate::error::{Error, Result, While};
use crate::outputs::{Folder, sha256};
use crate::recipe::{Format, Recipe};

/// What the sizes of a ustar can say: eleven octal figures.
const LARGEST: u64 = (1 << 33) - 1;

/// Writes the OVA of a raw disk.
///
/// # Errors
/// When the disk cannot be converted, or is too big for the format.
pub fn write(raw: &Path, recipe: &Recipe, folder: &Folder, to: &Path) -> Result<()> {
    let name = recipe.origin.name();
    let disk = folder.unfinished(&format!("{name}-disk1.vmdk"))?;
    convert(raw, Format::Ova, &disk.path)?;
    let doing = || format!("packing {}", to.display());
    let bytes = std::fs::metadata(&disk.path).while_doing(doing)?.len();
    if bytes > LARGEST {
        return Err(Error::failed(format!(
            "the disk of {bytes} bytes is too big for an OVA, which ends at 8 GiB"
        ))
        .hint("take 'ova' out of 'outputs', and put 'vmdk' in"));
    }
    let disk_name = format!("{name}-disk1.vmdk");
    let capacity = Disk::open(raw)?.size()?;
    let descriptor = ovf::descriptor(recipe, &ovf::DiskFile { name: &disk_name, bytes, capacity });
    let digests = format!(
        "SHA256({name}.ovf)= {}\nSHA256({disk_name})= {}\n",
        hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&descriptor)),
        sha256(&disk.path)?
    );
    let mut tar = Builder::new(File::create(to).while_doing(doing)?);
    append(&mut tar, &format!("{name}.ovf"), descriptor.len() as u64, descriptor.as_bytes())?;
    append(&mut tar, &format!("{name}.mf"), digests.len() as u64, digests.as_bytes())?;
    append(&mut tar, &disk_name, bytes, File::open(&disk.path).while_doing(doing)?)?;
    tar.finish().while_doing(doing)
}

/// With no time, no owner: the same content gives the same tar.
fn append(tar: &mut Builder<File>, name: &str, size: u64, content: impl Read) -> Result<()> {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    tar.append_data(&mut header, name, content).while_doing(|| format!("packing {name}"))
}
