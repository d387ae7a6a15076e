//! The command line of the package builder.

use clap::{Parser, Subcommand};
use stand_in_packages::{
    Agents, Architecture, Distribution, Result, Sources, TestKey, rpm, rpm_repository, write_apt_repository,
    write_base_packages, write_docker_repository, write_rpm_repositories, write_store,
};
use std::fs;
use std::io::Read;
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
        /// What the programs are for.
        #[arg(long, value_enum, default_value_t)]
        architecture: Architecture,
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
        /// What they are for.
        #[arg(long, value_enum, default_value_t)]
        architecture: Architecture,
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
    /// Write the packages that a posing Debian begins with.
    BasePackages {
        /// The file that says what the distribution is.
        #[arg(long)]
        distribution: PathBuf,
        /// The folder to write to.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write an RPM distribution's repository and Docker's server for it, with Debian's programs.
    RpmRepositories {
        /// The file that says what the distribution is.
        #[arg(long)]
        distribution: PathBuf,
        /// The folder with Debian's packages.
        #[arg(long)]
        debs: PathBuf,
        /// The disk that a guest begins with.
        #[arg(long)]
        root: PathBuf,
        /// The folder of the signing key, made on first use.
        #[arg(long)]
        keys: PathBuf,
        /// The folder to write to.
        #[arg(long)]
        out: PathBuf,
    },
    /// Sign RPM packages in place, or take their signatures out.
    RpmSign {
        /// The folder of the signing key; none to leave the packages unsigned.
        #[arg(long)]
        keys: Option<PathBuf>,
        /// The packages.
        packages: Vec<PathBuf>,
    },
    /// Describe the RPM packages of a folder anew, and sign that.
    RpmIndex {
        /// The folder of the signing key.
        #[arg(long)]
        keys: PathBuf,
        /// The folder of the packages.
        folder: PathBuf,
    },
    /// Sign a text for rpmsign.
    #[command(hide = true)]
    Sign {
        #[arg(long)]
        keys: PathBuf,
        #[arg(long)]
        out: PathBuf,
        text: PathBuf,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Agents { programs, architecture, keys, out, small, ssm_version, ecs_version } => {
            let key = TestKey::open_or_make(&keys)?;
            let agents = Agents { programs, architecture, small, ssm_version, ecs_version };
            for object in write_store(&agents, &key, &out)? {
                println!("{}", object.display());
            }
        }
        Command::AptRepository { debs, architecture, keys, suite, out } => {
            let key = TestKey::open_or_make(&keys)?;
            let count = write_apt_repository(&debs, &key, &suite, architecture, &out)?;
            println!("{count} packages in {}", out.display());
        }
        Command::DockerRepository { debs, keys, suite, out } => {
            let key = TestKey::open_or_make(&keys)?;
            let count = write_docker_repository(&debs, &key, &suite, &out)?;
            println!("{count} packages in {}", out.display());
        }
        Command::BasePackages { distribution, out } => {
            write_base_packages(&Distribution::read(&distribution)?, &out)?;
        }
        Command::RpmRepositories { distribution, debs, root, keys, out } => {
            let sources = Sources { debs: &debs, root: &root, keys: &keys };
            let count = write_rpm_repositories(&Distribution::read(&distribution)?, &sources, &out)?;
            println!("{count} packages in {}", out.display());
        }
        Command::RpmSign { keys: Some(keys), packages } => rpm::sign(&packages, &keys)?,
        Command::RpmSign { keys: None, packages } => rpm::unsign(&packages)?,
        Command::RpmIndex { keys, folder } => {
            rpm_repository::index(&folder, &TestKey::open_or_make(&keys)?)?;
        }
        Command::Sign { keys, text, out } => {
            let mut content = Vec::new();
            match text.as_os_str() == "-" {
                true => std::io::stdin().read_to_end(&mut content)?,
                false => fs::File::open(text)?.read_to_end(&mut content)?,
            };
            fs::write(out, TestKey::open_or_make(&keys)?.detached(&content)?)?;
        }
    }
    Ok(())
}
