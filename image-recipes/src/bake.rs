//! A golden image from a base.
//!
//! An overlay of the base boots once, with a seed disk that carries the binary and says what to make of it. cloud-init
//! makes users, packages and files; then the machine installs Landfall's part, seals itself, verifies that, and powers
//! off. What is left is read from outside against recipe and seal list before anything gets a final name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::base;
use crate::boot::overlay_of;
use crate::bootstrap;
use crate::build::Build;
use crate::contents::Contents;
use crate::disk::{self, Disk, ImageTree, Seen};
use crate::error::{Error, Result, While};
use crate::machine::{Firmware, arguments, memory};
use crate::manifest::{Manifest, Tool};
use crate::outputs::Folder;
use crate::program::Program;
use crate::recipe::{self, Architecture, Recipe, Source};
use crate::told::Told;
use crate::verify;

mod guest;
mod report;
mod seed;
#[cfg(test)]
mod tests;

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Flags {
    /// The recipe
    #[arg(value_name = "RECIPE")]
    pub recipe: PathBuf,

    /// Folder for the images and what stands beside them
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub output: PathBuf,

    /// The static binary that goes into the image; without it, the one beside this program
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,

    /// For a base from packages: a file with apt's sources, in deb822 form, instead of this machine's own; they are in
    /// every clone
    #[arg(long, value_name = "FILE")]
    pub sources: Option<PathBuf>,

    /// Minutes that the machine may take; emulated ones get ten times as many
    #[arg(long, value_name = "MINUTES", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..))]
    pub timeout: u16,

    /// Make it anew, also where nothing changed: packages may be newer
    #[arg(long)]
    pub rebuild: bool,

    /// Show all that the machine reports
    #[arg(long, short)]
    pub verbose: bool,
}

/// Runs it.
///
/// # Errors
/// When the recipe is wrong, the machine does not come to its end, or what comes out is not what it should be.
pub fn run(flags: &Flags, json: bool) -> Result<()> {
    let recipe = Recipe::read(&flags.recipe)?;
    let binary = binary(flags)?;
    if recipe.architecture != Architecture::X86_64 {
        return Err(Error::refused(ONE_ARCHITECTURE)
            .hint("give a machine of the recipe's architecture a seed instead"));
    }
    let started = std::time::Instant::now();
    let output = Folder::lock(&flags.output)?;
    let folder = work_folder(&output)?;
    let base = BaseImage::of(&recipe, folder.path(), flags.sources.as_deref())?;
    let build = Build::begin(&recipe, output, (&base.name, &base.digest), &binary)?;
    let manifest = match build.unchanged().filter(|_| !flags.rebuild) {
        Some(manifest) => {
            eprintln!(
                "nothing changed: {} is there already; --rebuild takes newer packages",
                recipe.origin.name()
            );
            manifest
        }
        None => {
            can_run(&recipe)?;
            let manifest = make(flags, &build, base.ready()?, &binary, folder.path())?;
            eprintln!("done: {} in {} s", recipe.origin.name(), started.elapsed().as_secs());
            manifest
        }
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&manifest).map_err(|e| Error::bug(e.to_string()))?);
    } else {
        for output in &manifest.outputs {
            eprintln!("  {} {} MiB sha256:{}", output.file, output.bytes >> 20, output.sha256);
        }
    }
    Ok(())
}

fn make(flags: &Flags, build: &Build, base: &Path, binary: &Path, folder: &Path) -> Result<Manifest> {
    let recipe = build.recipe;
    let overlay = folder.join("overlay.qcow2");
    overlay_of(base, &overlay)?;
    Program::qemu_img()
        .args(["resize", "-q"])
        .arg(&overlay)
        .arg(recipe.size.bytes().to_string())
        .run()
        .map_err(|e| e.hint("the recipe's size is at least that of its base"))?;
    let medium = folder.join("seed.img");
    std::fs::write(&medium, seed::medium(recipe, binary)?)
        .while_doing(|| format!("writing {}", medium.display()))?;
    let memory = u32::try_from(recipe.machine.memory.bytes() >> 20).unwrap_or(u32::MAX);
    let ledger = base::Store::of_user()?.beside("memory")?;
    let _turn = memory::turn(&ledger, memory)?;
    let patience = Duration::from_secs(60 * u64::from(flags.timeout));
    // Its sockets' paths have to be short, whatever the outputs' is.
    let machine = tempfile::tempdir().while_doing(|| "making a folder for the machine".into())?;
    let said = guest::run(recipe, &overlay, &medium, machine.path(), patience, flags.verbose);
    keep_logs(machine.path(), build)?;
    let told = said?;

    eprintln!("reading what came out against the seal list and the recipe");
    let raw = folder.join("disk.raw");
    Program::qemu_img().args(["convert", "-O", "raw"]).arg(&overlay).arg(&raw).run()?;
    std::fs::remove_file(&overlay).while_doing(|| format!("removing {}", overlay.display()))?;
    let contents = verified(&raw, recipe, &told)?;
    eprintln!("writing {}", recipe.outputs.iter().map(|it| it.ending()).collect::<Vec<_>>().join(", "));
    build.finish(&raw, contents, vec![emulator(build.recipe.architecture)?])
}

/// What is in a disk that may go out, by its own bytes where these can be read, else by what the machine told.
fn verified(raw: &Path, recipe: &Recipe, told: &Told) -> Result<Contents> {
    let disk = Disk::open(raw)?;
    let (report, read) = match disk::seen(&disk)? {
        Seen::Root(_) => {
            (verify::image(raw, Some(recipe), Some(told))?, Some(Contents::read(&ImageTree::open(&disk)?)?))
        }
        Seen::Other(file_system) => (verify::told(told, recipe, &file_system)?, None),
    };
    report.lines().iter().for_each(|line| eprintln!("  {line}"));
    report.demand(&recipe.origin.name())?;
    match read.filter(|contents| contents.packages.is_some()) {
        Some(contents) => Ok(contents),
        None => told.contents(),
    }
}

/// What stands in a bake's way and in its plan's.
pub const ONE_ARCHITECTURE: &str = "only images for x86_64 are baked yet";

/// What would stop it only after minutes.
fn can_run(recipe: &Recipe) -> Result<()> {
    emulator(recipe.architecture)?;
    if recipe.firmware == recipe::Firmware::Uefi {
        Firmware::find_uefi(recipe.architecture)?;
    }
    Ok(())
}

fn emulator(architecture: Architecture) -> Result<Tool> {
    let name = arguments::program(architecture);
    let said = Program::new(name, arguments::package(architecture)).arg("--version").run()?;
    let version =
        said.lines().next().unwrap_or_default().trim_start_matches("QEMU emulator version ").to_owned();
    Ok(Tool { name: name.into(), version })
}

/// What a build starts from.
struct BaseImage {
    /// Where it is, or is made.
    file: PathBuf,
    /// Where it comes from.
    name: String,
    /// What tells it from others.
    digest: String,
    /// How it is made, where it is not there.
    bootstrap: Option<bootstrap::Flags>,
}

impl BaseImage {
    fn of(recipe: &Recipe, folder: &Path, sources: Option<&Path>) -> Result<Self> {
        if sources.is_some() && !matches!(recipe.base.source(recipe.architecture)?, Source::Packages(_)) {
            return Err(Error::refused(
                "--sources is for a base from packages, and this recipe's is an image",
            ));
        }
        if let Some(found) = base::bring(recipe, &base::Store::of_user()?)? {
            let (file, name, digest) = (found.path, found.origin, found.digest.to_string());
            return Ok(Self { file, name, digest, bootstrap: None });
        }
        match recipe.base.source(recipe.architecture)? {
            Source::Packages(distro) => Self::packages(&distro.release, recipe, folder, sources),
            Source::File { .. } | Source::Download { .. } => {
                Err(Error::bug("a base that is elsewhere was not brought"))
            }
        }
    }

    /// Known by what it is made of: to see whether anything changed, nothing has to be made.
    fn packages(release: &str, recipe: &Recipe, folder: &Path, sources: Option<&Path>) -> Result<Self> {
        let file = folder.join("base.qcow2");
        let sources = sources.map(Path::to_owned);
        let flags = bootstrap::Flags::of(release, &file, recipe.kernel, recipe.filesystem);
        let flags = bootstrap::Flags { sources, ..flags };
        let digest = format!("sha256:{}", flags.digest()?);
        Ok(Self { file, name: format!("packages of {release}"), digest, bootstrap: Some(flags) })
    }

    fn ready(&self) -> Result<&Path> {
        if let Some(flags) = &self.bootstrap {
            bootstrap::make(flags)?;
        }
        Ok(&self.file)
    }
}

fn binary(flags: &Flags) -> Result<PathBuf> {
    let beside = || std::env::current_exe().ok().map(|own| own.with_file_name("landfall"));
    let binary = flags.binary.clone().or_else(beside).filter(|path| path.is_file());
    binary.ok_or_else(|| {
        Error::refused("the binary 'landfall' for the image was not found")
            .hint("give the static one, as scripts/build makes it: --binary FILE")
    })
}

const WORK: &str = ".landfall-bake-";

/// Beside the outputs: where there is room for them, there is room for what becomes them. Whoever was ended before it
/// could clear up held the folder alone, as this build does now.
fn work_folder(output: &Folder) -> Result<tempfile::TempDir> {
    let path = &output.path;
    let doing = || format!("making a folder in {}", path.display());
    for entry in std::fs::read_dir(path).while_doing(doing)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(WORK) {
            std::fs::remove_dir_all(entry.path())
                .while_doing(|| format!("removing {}", entry.path().display()))?;
        }
    }
    tempfile::Builder::new().prefix(WORK).tempdir_in(path).while_doing(doing)
}

/// The console and the report stay, also of a build that failed: that is when somebody reads them.
fn keep_logs(folder: &Path, build: &Build) -> Result<()> {
    for name in [crate::machine::console::LOG, report::FILE] {
        let content = std::fs::read(folder.join(name)).unwrap_or_default();
        build.folder.write(&format!("{}.{name}", build.recipe.origin.name()), &content)?;
    }
    Ok(())
}
