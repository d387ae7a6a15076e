//! QEMU's fw_cfg: `-fw_cfg name=opt/landfall/seed,file=landfall.toml`.
//!
//! The kernel shows it as files once its module is there, which nothing loads by itself.

use std::path::Path;

use super::{Found, Source, text, whole};
use crate::error::Result;
use crate::host::{Command, Host};

const PLACE: &str = "fw_cfg opt/landfall/seed";
const SHOWN: &str = "/sys/firmware/qemu_fw_cfg";

pub(super) fn look(host: &dyn Host) -> Result<Option<Found>> {
    let named = |name: &str| {
        let path = format!("{SHOWN}/by_name/opt/landfall/{name}/raw");
        whole(host, Path::new(&path), PLACE)
    };
    let Some(seed) = named("seed")? else { return Ok(None) };
    let signature = named("seed.minisig")?;
    text::found(Source::FwCfg, PLACE, &seed, signature.as_ref()).map(Some)
}

/// Loads the module on a machine of QEMU's; where that does not work, there is no such source.
pub(super) fn prepare(host: &mut dyn Host) -> Result<()> {
    let vendor = host.read(Path::new("/sys/class/dmi/id/sys_vendor"))?.unwrap_or_default();
    if vendor.starts_with(b"QEMU") && host.stat(Path::new(SHOWN))?.is_none() {
        let _ = host.run(&Command::LoadModule("qemu_fw_cfg"));
    }
    Ok(())
}
