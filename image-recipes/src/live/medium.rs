//! The medium that the machine was booted from, a disc or a stick: found by the name of its ISO 9660 file system.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::disks;
use super::order::IMAGE;
use super::write::Source;
use crate::error::{Error, Result, While};
use crate::payload::{Manifest, Piece};
use crate::program::Program;

/// Where an ISO 9660 has its name.
const NAME_AT: u64 = 32 * 1024 + 40;
const NAME_LENGTH: usize = 32;
const PATIENCE: Duration = Duration::from_secs(60);
const MOUNTED: &str = "/run/landfall-medium";

/// The medium, open.
#[derive(Debug)]
pub struct Medium {
    /// The kernel's name for it.
    pub name: String,
    file: File,
}

/// The name of the medium with this id.
#[must_use]
pub fn label(id: &str) -> String {
    format!("LANDFALL_MEDIUM_{}", id.to_uppercase())
}

impl Medium {
    /// Finds and mounts it. A stick takes the kernel a while to find.
    ///
    /// # Errors
    /// When it is not there (any more).
    pub fn open(label: &str) -> Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        let name = loop {
            if let Some(name) = disks::names().into_iter().find(|name| is_called(&node(name), label)) {
                break name;
            }
            if Instant::now() > deadline {
                return Err(Error::failed("the medium that this machine was booted from is not there")
                    .hint("plug it in again, and press Enter"));
            }
            std::thread::sleep(Duration::from_millis(200));
        };
        let image = Path::new(MOUNTED).join(IMAGE);
        std::fs::create_dir_all(MOUNTED).while_doing(|| format!("making {MOUNTED}"))?;
        // What may be mounted from an earlier try is another device's, where a stick was pulled out and came back.
        let _ = Program::new("umount", "mount").args(["--lazy", MOUNTED]).output();
        let mount = Program::new("mount", "mount").args(["-t", "iso9660", "-o", "ro"]);
        mount.arg(node(&name)).arg(MOUNTED).run()?;
        let file = File::open(&image).while_doing(|| "opening the image on the medium".into())?;
        Ok(Self { name, file })
    }

    /// Reads all of the image once, before anything is written.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn verify(&mut self, manifest: &Manifest, watch: super::write::Watch) -> Result<()> {
        let (mut done, all) = (0, manifest.packed());
        for (from, piece) in manifest.placed() {
            let packed = self.packed(from, piece)?;
            piece.verify_packed(&packed, "the medium").map_err(|e| e.hint("make the medium anew"))?;
            done += piece.packed;
            watch("verifying", done, all);
        }
        Ok(())
    }
}

impl Source for Medium {
    fn packed(&mut self, from: u64, piece: &Piece) -> Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(piece.packed).unwrap_or_default()];
        self.file.read_exact_at(&mut bytes, from).map_err(|e| {
            Error::failed(format!("the medium cannot be read: {e}"))
                .hint("plug it in again, or make it anew; then press Enter")
        })?;
        Ok(bytes)
    }

    fn name(&self) -> String {
        "the medium".into()
    }
}

fn node(name: &str) -> PathBuf {
    Path::new("/dev").join(name)
}

fn is_called(node: &Path, label: &str) -> bool {
    let mut name = [0; NAME_LENGTH];
    let read = File::open(node).and_then(|file| file.read_exact_at(&mut name, NAME_AT));
    read.is_ok() && String::from_utf8_lossy(&name).trim_end() == label
}
