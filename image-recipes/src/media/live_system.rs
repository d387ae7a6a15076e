//! The live system: a Debian in memory, from packages. Its kernel, and its files as a RAM disk.
//!
//! `mmdebstrap` makes the files as an archive, which becomes a cpio without being unpacked anywhere: no root is needed,
//! and nothing that a package brings is run here but by `mmdebstrap` itself. It is kept in the user's cache for a week, and
//! while the list of its packages, their sources and this program stay; the image, the order and the seed are a second
//! cpio behind it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::archive;
use crate::base::Store;
use crate::bootstrap::{Sources, apt_sources, mmdebstrap};
use crate::error::{Error, Result, While};
use crate::program::Program;

const TABLE: &str = include_str!("../../live.toml");
/// What makes the cached one another one, besides its packages.
const CODE: [&str; 3] =
    [include_str!("live_system.rs"), include_str!("archive.rs"), include_str!("../bootstrap/mmdebstrap.rs")];

const WEEK: Duration = Duration::from_secs(7 * 86_400);

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
    let sources = match sources {
        Some(file) => Sources { text: apt_sources::given(file)?, may_be_stale: false },
        None => Sources {
            text: apt_sources::for_suite(&table.suite)?,
            may_be_stale: apt_sources::may_be_stale()?,
        },
    };
    let folder = Store::of_user()?.beside(&format!("live-{}", key(&sources.text)))?;
    let system = LiveSystem { kernel: folder.join("vmlinuz"), ram_disk: folder.join("initrd.img") };
    if system.kernel.exists() && is_of_this_week(&system.ram_disk) {
        return Ok(system);
    }
    eprintln!("making the live system of {} packages of {}", table.packages.len(), table.suite);
    let parent = folder.parent().unwrap_or(Path::new("."));
    let work = tempfile::Builder::new().prefix(".live-").tempdir_in(parent);
    let work = work.while_doing(|| format!("making a folder in {}", parent.display()))?;
    let archive = work.path().join("root.tar");
    let program = mmdebstrap::here(work.path())?;
    mmdebstrap::run(&command(program, &table, &sources, &archive), &sources)?;
    let finished = work.path().join("finished");
    std::fs::create_dir(&finished).while_doing(|| format!("making {}", finished.display()))?;
    let tar = File::open(&archive).while_doing(|| format!("opening {}", archive.display()))?;
    let kernel = archive::ram_disk(tar, &table.left_out, &finished.join("initrd.img"))?;
    std::fs::write(finished.join("vmlinuz"), kernel).while_doing(|| "writing the kernel".into())?;
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::rename(&finished, &folder).while_doing(|| format!("naming {}", folder.display()))?;
    Ok(system)
}

fn key(sources: &str) -> String {
    let mut digest = Sha256::new();
    for text in [TABLE, sources].into_iter().chain(CODE) {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    }
    hex::encode(&digest.finalize()[..6])
}

/// By then its kernel has updates that nobody who makes a medium wants to be without.
fn is_of_this_week(made: &Path) -> bool {
    let age = std::fs::metadata(made).and_then(|it| it.modified()).ok().and_then(|it| it.elapsed().ok());
    age.is_some_and(|it| it < WEEK)
}

/// The kernel's package makes no RAM disk of its own where `INITRD` says so. What is left out of its modules is left
/// out of their index too, so that nothing looks for it.
fn command(program: Program, table: &Table, sources: &Sources, archive: &Path) -> Program {
    let modules = table.modules_left_out.iter().map(|it| format!(" \"$1\"/usr/lib/modules/*/kernel/{it}"));
    let prune = format!(
        "--customize-hook=rm -rf{} && chroot \"$1\" sh -c 'depmod -a $(ls /usr/lib/modules)' && \
         chroot \"$1\" systemctl --quiet enable systemd-networkd.service",
        modules.collect::<String>()
    );
    mmdebstrap::command(program, sources, &table.suite, &table.packages, &[prune], archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_left_out_before_their_index_is_made() {
        let table: Table = toml::from_str(TABLE).unwrap();
        let sources = Sources { text: String::new(), may_be_stale: false };
        let line = command(mmdebstrap::plain(), &table, &sources, Path::new("root.tar")).to_string();
        let (sound, index) = (line.find("kernel/sound").unwrap(), line.find("depmod -a").unwrap());
        assert!(sound < index, "{line}");
        assert!(!table.left_out.iter().chain(&table.modules_left_out).any(|it| it.starts_with('/')));
    }
}
