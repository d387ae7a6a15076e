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
use crate::disk::ImageTree;
use crate::error::{Error, Result, While};
use crate::machine::{arguments, memory};
use crate::manifest::{Manifest, Tool};
use crate::program::Program;
use crate::recipe::{Kernel, Recipe, Source};
use crate::verify;

mod guest;
mod report;
mod seed;

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
    let started = std::time::Instant::now();
    let folder = work_folder(&flags.output)?;
    let base = BaseImage::of(&recipe, folder.path(), flags.sources.as_deref())?;
    let build = Build::begin(&recipe, &flags.output, (&base.name, &base.digest), &binary)?;
    let manifest = match build.unchanged().filter(|_| !flags.rebuild) {
        Some(manifest) => {
            eprintln!(
                "nothing changed: {} is there already; --rebuild takes newer packages",
                recipe.origin.name()
            );
            manifest
        }
        None => {
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
    let _turn = memory::turn(&std::env::temp_dir().join("landfall-image-memory"), memory)?;
    let patience = Duration::from_secs(60 * u64::from(flags.timeout));
    let said = guest::run(recipe, &overlay, &medium, folder, patience, flags.verbose);
    keep_logs(folder, build)?;
    said?;

    eprintln!("reading what came out against the seal list and the recipe");
    let raw = folder.join("disk.raw");
    Program::qemu_img().args(["convert", "-O", "raw"]).arg(&overlay).arg(&raw).run()?;
    std::fs::remove_file(&overlay).while_doing(|| format!("removing {}", overlay.display()))?;
    let report = verify::image(&raw, Some(recipe))?;
    report.lines().iter().for_each(|line| eprintln!("  {line}"));
    report.demand(&raw)?;
    eprintln!("writing {}", recipe.outputs.iter().map(|it| it.ending()).collect::<Vec<_>>().join(", "));
    let contents = Contents::read(&ImageTree::open(&crate::disk::Disk::open(&raw)?)?)?;
    build.finish(&raw, contents, vec![emulator()?])
}

fn emulator() -> Result<Tool> {
    let name = arguments::PROGRAM;
    let said = Program::new(name, "qemu-system-x86").arg("--version").run()?;
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
            Source::Packages(distro) => Self::packages(&distro.release, recipe.kernel, folder, sources),
            Source::File { .. } | Source::Download { .. } => {
                Err(Error::bug("a base that is elsewhere was not brought"))
            }
        }
    }

    /// Known by what it is made of: to see whether anything changed, nothing has to be made.
    fn packages(release: &str, kernel: Kernel, folder: &Path, sources: Option<&Path>) -> Result<Self> {
        let file = folder.join("base.qcow2");
        let sources = sources.map(Path::to_owned);
        let flags = bootstrap::Flags { sources, ..bootstrap::Flags::of(release, &file, kernel) };
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

/// Beside the outputs: where there is room for them, there is room for what becomes them.
fn work_folder(output: &Path) -> Result<tempfile::TempDir> {
    std::fs::create_dir_all(output).while_doing(|| format!("making {}", output.display()))?;
    tempfile::Builder::new()
        .prefix(".landfall-bake-")
        .tempdir_in(output)
        .while_doing(|| format!("making a folder in {}", output.display()))
}

/// The console and the report stay, also of a build that failed: that is when somebody reads them.
fn keep_logs(folder: &Path, build: &Build) -> Result<()> {
    for name in [crate::machine::console::LOG, report::FILE] {
        let content = std::fs::read(folder.join(name)).unwrap_or_default();
        build.folder.write(&format!("{}.{name}", build.recipe.origin.name()), &content)?;
    }
    Ok(())
}
