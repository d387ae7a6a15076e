//! A base image from packages: a disk that boots by BIOS and by UEFI, made without root, loop devices or mounts.
//!
//! `mmdebstrap` makes the file system as an archive, `mke2fs` writes it into a partition of a plain file, and GRUB
//! is put in front. A file system that no program fills without mounting it is written by a machine. Nothing of
//! Landfall is in it: that is for `bake`.

use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result, While};
use crate::outputs;
use crate::program::Program;
use crate::recipe::{Architecture, FileSystem, Kernel};

pub mod apt_sources;
mod boot_loader;
mod foreign;
mod growth;
mod layout;
mod mirrors;
pub(crate) mod mmdebstrap;
pub(crate) mod own_files;
pub mod packages;
mod tree;
mod written;

/// GiB of a base's disk: what it unpacks to, and room for an update.
const SIZE: u16 = 4;

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Flags {
    /// The release, such as debian-12
    #[arg(value_name = "RELEASE")]
    pub release: String,

    /// Where to write the image, as qcow2
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// What it runs on; another architecture's packages are set up by qemu-user, which takes ten times as long
    #[arg(long, value_enum, default_value_t)]
    pub architecture: Architecture,

    /// Which kernel it gets; the cloud kernel lacks AHCI, USB storage and most network cards
    #[arg(long, value_enum, default_value_t = Kernel::Generic)]
    pub kernel: Kernel,

    /// The root's file system; another than ext4 is written by a machine in QEMU
    #[arg(long, value_enum, default_value_t = FileSystem::Ext4)]
    pub filesystem: FileSystem,

    /// A further package; may be given several times
    #[arg(long = "package", value_name = "NAME")]
    pub packages: Vec<String>,

    /// Size of the disk in GiB; the root grows where a machine gives it more
    #[arg(long, value_name = "GIB", default_value_t = SIZE, value_parser = clap::value_parser!(u16).range(2..))]
    pub size: u16,

    /// File with apt's sources for the release, in deb822 form, instead of this machine's own; they are in every clone
    #[arg(long, value_name = "FILE")]
    pub sources: Option<PathBuf>,
}

impl Flags {
    /// All as it is without flags, for a recipe that starts from packages.
    #[must_use]
    pub fn of(release: &str, output: &Path, kernel: Kernel, filesystem: FileSystem) -> Self {
        let (release, output) = (release.to_owned(), output.to_owned());
        let architecture = Architecture::default();
        let (packages, sources) = (Vec::new(), None);
        Self { release, output, architecture, kernel, filesystem, packages, size: SIZE, sources }
    }

    /// What tells the base that these make from others, but for the versions that its packages have today.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn digest(&self) -> Result<String> {
        let (contents, sources) = self.ingredients()?;
        let mut digest = Sha256::new();
        let (packages, size) = (contents.packages.join(" "), self.size.to_string());
        for text in [&contents.suite, &packages, &sources.text, &size, self.filesystem.word()] {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        }
        Ok(hex::encode(digest.finalize()))
    }

    fn ingredients(&self) -> Result<(packages::Contents, Sources)> {
        let (architecture, kernel, filesystem) = (self.architecture, self.kernel, self.filesystem);
        let contents = packages::contents(&self.release, architecture, kernel, filesystem, &self.packages)?;
        let rolls = contents.suite == apt_sources::ROLLING;
        let sources = match &self.sources {
            Some(file) => Sources { text: apt_sources::given(file)?, may_be_stale: rolls },
            None => Sources {
                text: apt_sources::for_suite(&contents.suite)?,
                may_be_stale: rolls || apt_sources::may_be_stale()?,
            },
        };
        mirrors::demand_public(&sources.text)?;
        Ok((contents, sources))
    }
}

/// Where the packages come from, while the image is made and in all of its clones.
pub(crate) struct Sources {
    pub text: String,
    /// Whether lists of packages count past their date; their signature is checked all the same. A mirror's copy of a
    /// rolling release may be weeks old.
    pub may_be_stale: bool,
}

/// Runs it.
///
/// # Errors
/// When the release cannot be made, or a program fails; nothing is left under the output's name then.
pub fn run(flags: &Flags, json: bool) -> Result<()> {
    let started = std::time::Instant::now();
    make(flags)?;
    let path = flags.output.display();
    let size = std::fs::metadata(&flags.output).while_doing(|| format!("looking at {path}"))?.len();
    if json {
        println!("{}", serde_json::json!({"version": 1, "image": flags.output, "bytes": size}));
    } else {
        eprintln!("done: {path}, {} MiB, in {} s", size >> 20, started.elapsed().as_secs());
    }
    Ok(())
}

/// Makes it.
///
/// # Errors
/// As [`run`].
pub fn make(flags: &Flags) -> Result<()> {
    let (contents, sources) = flags.ingredients()?;
    let parent = outputs::folder_of(&flags.output);
    let folder = tempfile::Builder::new()
        .prefix(".landfall-bootstrap-")
        .tempdir_in(parent)
        .while_doing(|| format!("making a folder in {}", parent.display()))?;
    let ids = Ids::new()?;

    say(&format!("installing {} packages of {} into a file system", contents.packages.len(), contents.suite));
    let tree = tree::Tree::make(folder.path(), &contents, &sources, &ids)?;
    say("writing it into a disk");
    let disk = folder.path().join("disk.raw");
    let bytes = u64::from(flags.size) << 30;
    empty(&disk, bytes)?;
    let root = layout::partition(&disk, bytes)?;
    match contents.file_system {
        FileSystem::Ext4 => tree.write(&disk, root, &ids.root)?,
        other => written::by_a_machine(&tree, other, &disk, root, &ids.root)?,
    }
    say("putting GRUB in front");
    boot_loader::install(&disk, tree.root(), &contents, &ids)?;
    say("packing it");
    let packed = folder.path().join("disk.qcow2");
    let options = ["convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type=zstd"];
    Program::qemu_img().args(options).arg(&disk).arg(&packed).run()?;
    std::fs::File::open(&packed)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&packed, &flags.output))
        .while_doing(|| format!("putting {} in place", flags.output.display()))
}

/// What tells this base's file systems from others'.
pub(crate) struct Ids {
    root: String,
    esp: u32,
}

impl Ids {
    fn new() -> Result<Self> {
        let random = || {
            std::fs::read_to_string("/proc/sys/kernel/random/uuid")
                .map(|text| text.trim().to_owned())
                .while_doing(|| "asking the kernel for an id".into())
        };
        let esp = u32::from_str_radix(&random()?[..8], 16).map_err(|e| Error::bug(e.to_string()))?;
        Ok(Self { root: random()?, esp })
    }

    /// As `blkid` writes a FAT's id.
    fn esp(&self) -> String {
        format!("{:04X}-{:04X}", self.esp >> 16, self.esp & 0xffff)
    }
}

fn empty(path: &Path, bytes: u64) -> Result<()> {
    std::fs::File::create(path)
        .and_then(|file| file.set_len(bytes))
        .while_doing(|| format!("making {}", path.display()))
}

fn say(what: &str) {
    eprintln!("{what}");
}
