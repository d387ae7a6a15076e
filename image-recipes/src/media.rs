//! Bare metal: a golden image on a medium that writes it to a disk by itself, or on a server for the network's boot.
//!
//! ```text
//! image --verify--> pieces and their manifest (payload)
//! packages --mmdebstrap--> live system: kernel and RAM disk, kept in the user's cache
//! order, manifest, seed, this program --> a second RAM disk behind the first
//!                 media: with GRUB as a hybrid ISO        netboot: with an iPXE script in a folder
//! ```
//!
//! What happens on the machine is [`crate::live`]'s. No root, no loop device, no mount.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use crate::disk::{self, Disk};
use crate::error::{Error, Result, While};
use crate::live::choice::Choice;
use crate::live::gpt::Table;
use crate::live::medium::label;
use crate::live::order::{self, From, Order, SeedFiles, Task};
use crate::live::write;
use crate::outputs::{folder_of, sha256};
use crate::payload::{self, PIECE};

mod archive;
mod files;
mod grub;
mod iso;
mod live_system;
mod netboot;
mod program;
mod sums;

/// What both have in common.
#[derive(Debug, Args)]
pub struct Common {
    /// The image, of any format that is exported here
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,

    /// The disk to write: serial=NUMBER as on its label, or path=NAME as below /dev/disk/by-path
    #[arg(long, value_name = "DISK")]
    pub disk: Option<Choice>,

    /// Write the disk whatever is on it
    #[arg(long)]
    pub wipe: bool,

    /// The seed, as a file landfall.toml; a signature FILE.minisig beside it is taken along
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,

    /// File with apt's sources for the live system, in deb822 form, instead of this machine's own
    #[arg(long, value_name = "FILE")]
    pub sources: Option<PathBuf>,
}

/// What can be chosen for a medium.
#[derive(Debug, Args)]
pub struct MediaFlags {
    #[command(flatten)]
    common: Common,

    /// Where to write the ISO, for discs and sticks alike
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// What can be chosen for the network's boot.
#[derive(Debug, Args)]
pub struct NetbootFlags {
    #[command(flatten)]
    common: Common,

    /// Folder for kernel, RAM disk, iPXE's script, and the image
    #[arg(long, value_name = "DIR")]
    output: PathBuf,

    /// Address of that folder for the machines, http:// or https://
    #[arg(long, value_name = "ADDRESS")]
    url: String,
}

/// Makes a medium.
///
/// # Errors
/// When the image cannot be written to a disk this way, or a program fails.
pub fn media(flags: &MediaFlags, json: bool) -> Result<()> {
    let parent = folder_of(&flags.output);
    let work = work_folder(parent)?;
    let made = Made::make(&flags.common, &work.path().join(order::IMAGE), |id| From::Medium(label(id)))?;
    let live = live_system::make(flags.common.sources.as_deref())?;
    let ram_disk = work.path().join("initrd.img");
    files::append(&live.ram_disk, &made.task, &ram_disk)?;
    let unfinished = work.path().join("medium.iso");
    private(&unfinished)?;
    let content = iso::Content { task: &made.task, esp: made.esp, kernel: &live.kernel, ram_disk: &ram_disk };
    iso::write(&content, work.path(), &unfinished)?;
    fs::rename(&unfinished, &flags.output).while_doing(|| format!("naming {}", flags.output.display()))?;
    if !made.has_secret() {
        public(&flags.output)?;
    }
    told(&flags.output, &made, json)
}

/// Makes a folder for the network's boot.
///
/// # Errors
/// As [`media`].
pub fn netboot(flags: &NetbootFlags, json: bool) -> Result<()> {
    let base = netboot::base(&flags.url)?;
    fs::create_dir_all(&flags.output).while_doing(|| format!("making {}", flags.output.display()))?;
    let work = work_folder(&flags.output)?;
    let image = work.path().join(order::IMAGE);
    let made =
        Made::make(&flags.common, &image, |id| From::Address(format!("{base}{}", netboot::image(id))))?;
    let live = live_system::make(flags.common.sources.as_deref())?;
    files::append(&live.ram_disk, &made.task, &work.path().join(netboot::RAM_DISK))?;
    fs::copy(&live.kernel, work.path().join(netboot::KERNEL)).while_doing(|| "copying the kernel".into())?;
    let manifest = serde_json::to_vec(&made.task.manifest).map_err(|e| Error::bug(e.to_string()))?;
    for (name, content) in
        [(order::MANIFEST, manifest), (netboot::SCRIPT, netboot::script(&made.task).into_bytes())]
    {
        fs::write(work.path().join(name), content).while_doing(|| format!("writing {name}"))?;
    }
    // The image under a name of its own: machines may be at the one before. The script last: without it nothing boots.
    let own = netboot::image(&made.task.order.id);
    let files = [order::MANIFEST, netboot::KERNEL, netboot::RAM_DISK, netboot::SCRIPT].map(|it| (it, it));
    for (name, as_) in [(order::IMAGE, own.as_str())].into_iter().chain(files) {
        let to = flags.output.join(as_);
        fs::rename(work.path().join(name), &to).while_doing(|| format!("naming {}", to.display()))?;
        public(&to)?;
    }
    for older in netboot::others(&flags.output, &own) {
        eprintln!(
            "note: {} is of an earlier run; remove it once no machine is written from it",
            older.display()
        );
    }
    told(&flags.output, &made, json)
}

/// What goes onto a medium.
struct Made {
    task: Task,
    /// The number of the partition that UEFI boots from.
    esp: Option<usize>,
}

impl Made {
    /// Checks everything that was asked for, and packs the image.
    fn make(flags: &Common, packed: &Path, from: impl FnOnce(&str) -> From) -> Result<Self> {
        let disk = flags.disk.clone().ok_or_else(|| {
            Error::refused("no disk is named").hint(
                "say which one may be written: --disk serial=NUMBER, as on its label. With a number that is wrong the \
                 medium writes nothing and lists the disks of the machine",
            )
        })?;
        program::demand_static()?;
        let seed = seed_files(flags.seed.as_deref())?;
        let image = disk::resolved(&flags.image)?;
        let digest = sha256(&image)?;
        sums::check(&image, &digest)?;
        eprintln!("reading {}", image.display());
        let raw = Disk::open(&image)?;
        let head = raw.read(0, usize::try_from(PIECE).unwrap_or_default())?;
        let table = Table::of(&head)?.filter(Table::has_room).ok_or_else(|| {
            Error::refused(format!("{} has no GPT with an entry to spare", image.display()))
                .hint("only images with a GPT are written: the seed gets a partition in it")
        })?;
        let size = raw.size()?;
        if table.end() > size {
            return Err(Error::refused(format!("{} ends before its partitions do", image.display()))
                .hint("it is not all of the image: bring it here again"));
        }
        if table.written_by().is_some() {
            return Err(Error::refused("the image was taken from a disk that Landfall wrote"));
        }
        eprintln!("packing it");
        let name = image.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut manifest = payload::pack(&raw.path, &name, &digest, packed)?;
        manifest.least_bytes = table.least_bytes().max(manifest.size);
        let id = order::id(&manifest, &disk, flags.wipe, &seed)?;
        write::own_partition(&id, &seed)?;
        let from = from(&id);
        let order = Order { id, disk, wipe: flags.wipe, from };
        Ok(Self { task: Task { order, manifest, seed }, esp: table.esp() })
    }

    fn has_secret(&self) -> bool {
        !self.task.seed.is_empty()
    }
}

/// What `aws ssm create-activation` prints, which is a seed too; boto3 adds the last.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Printed {
    #[serde(rename = "ActivationId")]
    _id: String,
    #[serde(rename = "ActivationCode")]
    _code: String,
    #[serde(rename = "ResponseMetadata")]
    _metadata: Option<serde::de::IgnoredAny>,
}

/// The seed, and its signature where it has one.
fn seed_files(file: Option<&Path>) -> Result<SeedFiles> {
    use landfall_contract::seed::{FILE, MOST, SIGNATURE, Seed};
    let Some(file) = file else { return Ok(SeedFiles::new()) };
    crate::seed::private::demand(file)?;
    let content = fs::read(file).map_err(|e| Error::refused(format!("{}: {e}", file.display())))?;
    let text = String::from_utf8_lossy(&content);
    // What toml would say shows what it found.
    let is_seed = toml::from_str::<Seed>(&text).is_ok() || serde_json::from_str::<Printed>(&text).is_ok();
    if content.len() > MOST || !is_seed {
        return Err(Error::refused(format!("{} is not a seed", file.display()))
            .hint("docs/first-boot.md tells what stands in one"));
    }
    let signed = PathBuf::from(format!("{}{SIGNATURE}", file.display()));
    let signature = match fs::read(&signed) {
        Ok(signature) => Some(signature),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(Error::refused(format!("{}: {e}", signed.display()))),
    };
    let mut files = vec![(FILE.to_owned(), content)];
    files.extend(signature.map(|it| (format!("{FILE}{SIGNATURE}"), it)));
    Ok(files)
}

fn work_folder(parent: &Path) -> Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix(".landfall-media-").tempdir_in(parent);
    folder.while_doing(|| format!("making a folder in {}", parent.display()))
}

fn private(file: &Path) -> Result<()> {
    fs::File::create(file)
        .and_then(|_| fs::set_permissions(file, Permissions::from_mode(0o600)))
        .while_doing(|| format!("making {}", file.display()))
}

fn public(file: &Path) -> Result<()> {
    fs::set_permissions(file, Permissions::from_mode(0o644))
        .while_doing(|| format!("opening {}", file.display()))
}

fn told(output: &Path, made: &Made, json: bool) -> Result<()> {
    let Task { order, manifest, .. } = &made.task;
    if json {
        let (disk, id, pieces) = (order.disk.to_string(), &order.id, manifest.pieces.len());
        let secret = made.has_secret();
        println!(
            "{}",
            serde_json::json!({"version": 1, "output": output, "id": id, "disk": disk, "wipe": order.wipe,
                "image": manifest.name, "sha256": manifest.sha256, "pieces": pieces, "secret": secret})
        );
        return Ok(());
    }
    let what = if order.wipe { "whatever is on it" } else { "if it is empty" };
    eprintln!("done: {} writes {} to the disk with {}, {what}", output.display(), manifest.name, order.disk);
    match (&order.from, made.has_secret()) {
        (_, false) => {}
        (From::Medium(_), true) => {
            eprintln!("warning: it holds the seed: whoever has it can use the activation")
        }
        (From::Address(_), true) => {
            eprintln!(
                "warning: the RAM disk holds the seed: whoever reaches the server can use the activation"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
