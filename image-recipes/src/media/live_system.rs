//! The live system: a Debian in memory, from packages. Its kernel, and its files as a RAM disk.
//!
//! `mmdebstrap` makes the files as an archive, which becomes a cpio without being unpacked anywhere: no root is needed,
//! and nothing that a package brings is run here but by `mmdebstrap` itself. It is kept in the user's cache until its
//! packages, their sources or this program change; the image, the order and the seed are a second cpio behind it.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::archive;
use crate::base::Store;
use crate::bootstrap::apt_sources;
use crate::error::{Error, Result, While};
use crate::program::Program;

const TABLE: &str = include_str!("../../live.toml");
/// What makes the cached one another one, besides its packages.
const CODE: [&str; 2] = [include_str!("live_system.rs"), include_str!("archive.rs")];

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    suite: String,
    packages: Vec<String>,
    modules_left_out: Vec<String>,
    left_out: Vec<String>,
}

/// A live system without an order.
#[derive(Debug)]
pub struct LiveSystem {
    /// Its kernel.
    pub kernel: PathBuf,
    /// Its files.
    pub ram_disk: PathBuf,
}

/// Makes it, or takes the one that was made before.
///
/// # Errors
/// When the packages cannot be had.
pub fn make(sources: Option<&Path>) -> Result<LiveSystem> {
    let table: Table = toml::from_str(TABLE).map_err(|e| Error::bug(e.to_string()))?;
    let (sources, may_be_stale) = match sources {
        Some(file) => (given(file)?, false),
        None => (apt_sources::for_suite(&table.suite)?, apt_sources::may_be_stale()?),
    };
    let folder = Store::of_user()?.beside(&format!("live-{}", key(&sources)))?;
    let system = LiveSystem { kernel: folder.join("vmlinuz"), ram_disk: folder.join("initrd.img") };
    if system.kernel.exists() && system.ram_disk.exists() {
        return Ok(system);
    }
    eprintln!("making the live system of {} packages of {}", table.packages.len(), table.suite);
    let parent = folder.parent().unwrap_or(Path::new("."));
    let work = tempfile::Builder::new().prefix(".live-").tempdir_in(parent);
    let work = work.while_doing(|| format!("making a folder in {}", parent.display()))?;
    let archive = work.path().join("root.tar");
    let mmdebstrap = mmdebstrap(&table, may_be_stale, &archive);
    let output = mmdebstrap.output_with(sources.as_bytes())?;
    if !output.status.success() {
        return Err(mmdebstrap
            .failure(&output)
            .hint("packages come from this machine's apt sources, or others: --sources FILE"));
    }
    let finished = work.path().join("finished");
    std::fs::create_dir(&finished).while_doing(|| format!("making {}", finished.display()))?;
    let tar = File::open(&archive).while_doing(|| format!("opening {}", archive.display()))?;
    let kernel = archive::ram_disk(tar, &table.left_out, &finished.join("initrd.img"))?;
    std::fs::write(finished.join("vmlinuz"), kernel).while_doing(|| "writing the kernel".into())?;
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::rename(&finished, &folder).while_doing(|| format!("naming {}", folder.display()))?;
    Ok(system)
}

fn given(file: &Path) -> Result<String> {
    std::fs::read_to_string(file)
        .map_err(|e| Error::refused(format!("the apt sources {} cannot be read: {e}", file.display())))
}

fn key(sources: &str) -> String {
    let mut digest = Sha256::new();
    for text in [TABLE, sources].into_iter().chain(CODE) {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    }
    hex::encode(&digest.finalize()[..6])
}

/// The kernel's package makes no RAM disk of its own where `INITRD` says so. What is left out of its modules is left
/// out of their index too, so that nothing looks for it.
fn mmdebstrap(table: &Table, may_be_stale: bool, archive: &Path) -> Program {
    let modules = table.modules_left_out.iter().map(|it| format!(" \"$1\"/usr/lib/modules/*/kernel/{it}"));
    let prune = format!(
        "rm -rf{} && chroot \"$1\" sh -c 'depmod -a $(ls /usr/lib/modules)' && chroot \"$1\" systemctl --quiet enable \
         systemd-networkd.service",
        modules.collect::<String>()
    );
    let memory = Path::new("/dev/shm");
    let scratch = if memory.is_dir() { memory } else { archive.parent().unwrap_or(memory) };
    Program::new("mmdebstrap", "mmdebstrap")
        .args(["--variant=minbase", "--format=tar", "--aptopt=Acquire::Languages \"none\""])
        .args(["--dpkgopt=force-unsafe-io", "--dpkgopt=path-exclude=/usr/share/man/*"])
        .arg("--dpkgopt=path-exclude=/usr/share/doc/*")
        .args(may_be_stale.then_some("--aptopt=Acquire::Check-Valid-Until \"false\""))
        .arg(format!("--include={}", table.packages.join(",")))
        .arg(format!("--customize-hook={prune}"))
        .arg(&table.suite)
        .arg(archive)
        .arg("-")
        .env("INITRD", "No")
        .env("TMPDIR", scratch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_left_out_before_their_index_is_made() {
        let table: Table = toml::from_str(TABLE).unwrap();
        let line = mmdebstrap(&table, false, Path::new("root.tar")).to_string();
        let (sound, index) = (line.find("kernel/sound").unwrap(), line.find("depmod -a").unwrap());
        assert!(sound < index && !line.contains("Check-Valid-Until"), "{line}");
        assert!(!table.left_out.iter().chain(&table.modules_left_out).any(|it| it.starts_with('/')));
    }
}
