//! The command line of the package builder.

use clap::{Parser, Subcommand};
use stand_in_packages::{
    Agents, Result, TestKey, write_apt_repository, write_docker_repository, write_store,
};
use std::path::PathBuf;

/// Builds and signs packages of stand-in agents, for tests.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a tree of objects as AWS's buckets have them.
    Agents {
        /// The folder with the static stand-in programs.
        #[arg(long)]
        programs: PathBuf,
        /// The folder of the signing key, made on first use.
        #[arg(long)]
        keys: PathBuf,
        /// The folder to write to.
        #[arg(long)]
        out: PathBuf,
        /// Leave out the padding that gives the packages their real size.
        #[arg(long)]
        small: bool,
        /// The SSM agent's version.
        #[arg(long, default_value = "3.3.0.0")]
        ssm_version: String,
        /// The ECS agent's version.
        #[arg(long, default_value = "1.105.1")]
        ecs_version: String,
    },
    /// Write a signed apt repository of the .deb files in a folder.
    AptRepository {
        /// The folder with the .deb files.
        #[arg(long)]
        debs: PathBuf,
        /// The folder of the signing key, made on first use.
        #[arg(long)]
        keys: PathBuf,
        /// The suite's name.
        #[arg(long)]
        suite: String,
        /// The folder to write to.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write a repository laid out as Docker's server is, with Debian's Docker under Docker's names.
    DockerRepository {
        /// The folder with Debian's packages of Docker, containerd and runc.
        #[arg(long)]
        debs: PathBuf,
        /// The folder of the signing key, made on first use.
        #[arg(long)]
        keys: PathBuf,
        /// The suite's name.
        #[arg(long)]
        suite: String,
        /// The folder to write to.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Agents { programs, keys, out, small, ssm_version, ecs_version } => {
            let key = TestKey::open_or_make(&keys)?;
            let agents = Agents { programs, small, ssm_version, ecs_version };
            for object in write_store(&agents, &key, &out)? {
                println!("{}", object.display());
            }
        }
        Command::AptRepository { debs, keys, suite, out } => {
            let key = TestKey::open_or_make(&keys)?;
            let count = write_apt_repository(&debs, &key, &suite, &out)?;
            println!("{count} packages in {}", out.display());
        }
        Command::DockerRepository { debs, keys, suite, out } => {
            let key = TestKey::open_or_make(&keys)?;
            let count = write_docker_repository(&debs, &key, &suite, &out)?;
            println!("{count} packages in {}", out.display());
        }
    }
    Ok(())
}
