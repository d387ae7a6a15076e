//! What only the commands that look can be asked: about machines that are not here, and for the facts alone.
//!
//! These are questions, not choices, so they are neither variables nor keys of the configuration file.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Options;

/// What `plan` can be asked.
#[derive(Debug, Args)]
pub struct PlanFlags {
    /// Plan for a fresh machine of this release, such as debian-12, and not for this one
    #[arg(long = "as", value_name = "RELEASE", group = "another")]
    pub release: Option<String>,

    /// Plan for a fresh machine of which this os-release file is all that is known
    #[arg(long, value_name = "FILE", group = "another")]
    pub os_release: Option<PathBuf>,

    /// Architecture of that other machine; without it, x86_64
    #[arg(long, value_name = "ARCH", requires = "another")]
    pub arch: Option<Architecture>,

    /// What can be chosen.
    #[command(flatten)]
    pub options: Options,
}

/// What `check` can be asked.
#[derive(Debug, Args)]
pub struct CheckFlags {
    /// Tell only what this machine is, and whether it is supported; needs no network
    #[arg(long)]
    pub facts: bool,

    /// Look at this os-release file, and at nothing else of this machine
    #[arg(long, value_name = "FILE")]
    pub os_release: Option<PathBuf>,

    /// What can be chosen.
    #[command(flatten)]
    pub options: Options,
}

/// An architecture that both agents exist for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Architecture {
    /// 64-bit x86
    #[default]
    #[value(name = "x86_64", alias = "amd64")]
    X86,
    /// 64-bit ARM
    #[value(name = "aarch64", alias = "arm64")]
    Arm,
}

impl Architecture {
    /// The kernel's machine name.
    #[must_use]
    pub fn machine(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "aarch64",
        }
    }
}
