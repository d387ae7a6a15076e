//! The programs that go into a world, built by cargo when a world first needs them.
//!
//! All are static: guests have no toolchain, and the ones that run on the testing machine share the
//! compiled dependencies of those that run in guests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use image_recipes::recipe::Architecture;

use crate::error::{Error, Result};
use crate::host_command;

const TARGET: &str = "x86_64-unknown-linux-musl";
const ARM64: &str = "aarch64-unknown-linux-musl";
const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// The programs of a release, by the names that people download.
pub const OF_A_RELEASE: [&str; 3] =
    ["landfall-x86_64-linux", "landfall-aarch64-linux", "landfall-x86_64-windows.exe"];

/// Puts this where a folder lacks one of them, so that a release can be finished.
pub fn complete(release: &Path, stand_in: &[u8]) -> Result<()> {
    let missing = OF_A_RELEASE.iter().map(|name| release.join(name)).filter(|file| !file.exists());
    missing.into_iter().try_for_each(|file| Ok(fs::write(file, stand_in)?))
}

/// A script of this repository's, as a shell starts it. What cargo tells a test of its own package passes for a change:
/// all that asks for it would be built anew, for this test and then for the next build by hand.
pub fn script(name: &str) -> Command {
    let mut script = Command::new(workspace().join("scripts").join(name));
    let is_of_this_package =
        |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_of_this_package)) {
        script.env_remove(name);
    }
    script
}

/// The program under test, as people download it.
pub fn landfall() -> Result<PathBuf> {
    static BUILT: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    once(&BUILT, || as_downloaded("LANDFALL_BINARY", "x86_64"))
}

/// The same for arm64.
pub fn landfall_for_arm64() -> Result<PathBuf> {
    static BUILT: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    once(&BUILT, || as_downloaded("LANDFALL_ARM64_BINARY", "aarch64"))
}

/// The same for Windows.
pub fn landfall_for_windows() -> Result<PathBuf> {
    static BUILT: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    once(&BUILT, || as_downloaded("LANDFALL_WINDOWS_BINARY", "windows"))
}

/// A program for Windows that writes down its calls.
pub fn recorded_program() -> Result<PathBuf> {
    static BUILT: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    once(&BUILT, || {
        cargo_build(WINDOWS, &["-p", "recorded-program"])?;
        Ok(target_folder().join(WINDOWS).join("guest/recorded-program.exe"))
    })
}

/// What the variable names, where it is set.
fn as_downloaded(variable: &str, architecture: &str) -> Result<PathBuf> {
    if let Some(given) = std::env::var_os(variable) {
        return Ok(given.into());
    }
    let output = host_command::finish(script("build").args(["--target", architecture]))?;
    let path = output.lines().last().and_then(|line| line.split_whitespace().next());
    path.map(PathBuf::from).ok_or_else(|| Error::new("scripts/build printed no path"))
}

/// The folder with the stand-in agents and `guest-agent` for arm64.
pub fn arm64_tools() -> Result<PathBuf> {
    static BUILT: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    once(&BUILT, || {
        cargo_build(ARM64, &["-p", "stand-in-agents", "-p", "guest-agent"])?;
        Ok(target_folder().join(ARM64).join("guest"))
    })
}

/// The folder with `aws-simulator`, `stand-in-packages` and the stand-in agents.
pub fn test_tools() -> Result<PathBuf> {
    static BUILT: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    once(&BUILT, || {
        guest_profile(&["-p", "aws-simulator", "-p", "stand-in-packages", "-p", "stand-in-agents"])?;
        Ok(target_folder().join(TARGET).join("guest"))
    })
}

/// The folder with `guest-agent`, for emulated guests, and `in-guest`, which speaks to it from here.
pub fn guest_agent() -> Result<PathBuf> {
    static BUILT: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    once(&BUILT, || {
        guest_profile(&["-p", "guest-agent"])?;
        Ok(target_folder().join(TARGET).join("guest"))
    })
}

/// The program that makes images, as people build it for themselves.
pub fn landfall_image() -> Result<PathBuf> {
    static BUILT: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    once(&BUILT, || {
        if let Some(given) = std::env::var_os("LANDFALL_IMAGE_BINARY") {
            return Ok(given.into());
        }
        guest_profile(&["-p", "image-recipes", "--bin", "landfall-image"])?;
        Ok(target_folder().join(TARGET).join("guest/landfall-image"))
    })
}

/// The program that holds each kind of step to its laws, in a guest.
pub fn step_laws() -> Result<PathBuf> {
    example("step_laws")
}

/// `landfall up` that is cut short at each step, in a guest.
pub fn cut_short() -> Result<PathBuf> {
    example("cut_short")
}

/// Both examples are built at once, whichever is asked for first.
fn example(name: &str) -> Result<PathBuf> {
    static BUILT: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    let folder = once(&BUILT, || {
        guest_profile(&["-p", "landfall", "--examples"])?;
        Ok(target_folder().join(TARGET).join("guest/examples"))
    })?;
    Ok(folder.join(name))
}

fn guest_profile(what: &[&str]) -> Result<()> {
    cargo_build(TARGET, what)
}

fn cargo_build(target: &str, what: &[&str]) -> Result<()> {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo.args(["build", "--quiet", "--locked", "--profile", "guest", "--target", target]).args(what);
    if target == ARM64 && !Architecture::Aarch64.is_here() {
        // As scripts/environment.sh has it.
        let compiler = "aarch64-linux-gnu-gcc";
        cargo.env("CC_aarch64_unknown_linux_musl", compiler);
        cargo.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER", compiler);
    }
    host_command::finish(cargo.current_dir(workspace())).map(|_| ())
}

/// The root of this repository: cargo says where it runs us from, which a path compiled in would not
/// know when clones share what is built.
pub fn workspace() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    PathBuf::from(own).join("..")
}

fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

fn once(
    built: &OnceLock<std::result::Result<PathBuf, String>>,
    build: impl FnOnce() -> Result<PathBuf>,
) -> Result<PathBuf> {
    built.get_or_init(|| build().map_err(|error| error.to_string())).clone().map_err(Error::new)
}
