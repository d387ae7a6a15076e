//! Seed disks: one per host of an inventory, and the medium that they share.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde_json::json;

use crate::error::{Result, While};
use crate::outputs::Folder;
use crate::seed::inventory::{self, Defaults};
use crate::seed::{self, For, Signer, private};

/// What the shared medium is called in the folder: no host has a name with this.
const MEDIUM: &str = "landfall_binary.img";

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Flags {
    /// The hosts: a .csv with a first line of column names, or a .toml with a [[host]] each
    #[arg(long, value_name = "FILE")]
    pub inventory: PathBuf,

    /// Folder for the seeds; made where it is missing, for nobody else to read
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,

    /// Make seeds for untouched vendor images, and the medium that brings this binary to all of them
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,

    /// Region of hosts that name none
    #[arg(long, env = "LANDFALL_REGION")]
    pub region: Option<String>,

    /// Cluster of hosts that name none
    #[arg(long, env = "LANDFALL_CLUSTER")]
    pub cluster: Option<String>,

    /// Activation of hosts that name none: what 'aws ssm create-activation' printed
    #[arg(long, value_name = "FILE", env = "LANDFALL_ACTIVATION_FILE")]
    pub activation_file: Option<PathBuf>,

    /// Proxy of hosts that name none
    #[arg(long, value_name = "URL", env = "LANDFALL_PROXY")]
    pub proxy: Option<String>,

    /// Hosts to reach without it, for hosts that name none
    #[arg(long, value_name = "HOSTS", env = "LANDFALL_NO_PROXY")]
    pub no_proxy: Option<String>,

    /// Sign each seed with this secret key of minisign
    #[arg(long, value_name = "FILE")]
    pub sign: Option<PathBuf>,
}

/// Makes them.
///
/// # Errors
/// When anything is wrong with the inventory: nothing is written then.
pub fn run(flags: &Flags, json: bool) -> Result<()> {
    let begun = Instant::now();
    let defaults = Defaults {
        region: flags.region.clone(),
        cluster: flags.cluster.clone(),
        activation: flags.activation_file.as_deref().map(private::activation).transpose()?,
        proxy: flags.proxy.clone(),
        no_proxy: flags.no_proxy.clone(),
    };
    let whom = if flags.binary.is_some() { For::VendorImage } else { For::GoldenImage };
    let inventory = inventory::read(&flags.inventory, &defaults, whom)?;
    let signer = flags.sign.as_deref().map(Signer::read).transpose()?;
    let medium = flags.binary.as_deref().map(medium).transpose()?;
    for warning in &inventory.warnings {
        eprintln!("{:<10} {warning}", "warning");
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&flags.output)
        .while_doing(|| format!("making {}", flags.output.display()))?;
    let folder = Folder::lock(&flags.output)?;
    for host in &inventory.hosts {
        let disk = seed::disk(host, whom, signer.as_ref())?;
        write(&folder.path, &format!("{}.img", host.hostname), &disk)?;
    }
    if let Some(medium) = &medium {
        write(&folder.path, MEDIUM, medium)?;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let count = inventory.hosts.len();
    eprintln!("{:<10} {count} seeds in {} ({seconds:.2} s)", "done", folder.path.display());
    if let Some(signer) = &signer {
        eprintln!("{:<10} they count for policies with seed-keys = [\"{}\"]", "signed", signer.public_key());
    }
    if medium.is_some() {
        eprintln!("{:<10} attach {MEDIUM}, read-only, to each machine besides its own seed", "note");
    }
    if json {
        let hosts: Vec<&str> = inventory.hosts.iter().map(|host| host.hostname.as_str()).collect();
        println!("{}", json!({ "version": 1, "hosts": hosts, "shared": medium.map(|_| MEDIUM) }));
    }
    Ok(())
}

fn medium(binary: &Path) -> Result<Vec<u8>> {
    let landfall = fs::read(binary).while_doing(|| format!("reading {}", binary.display()))?;
    seed::shared_medium(&landfall)
}

/// Whole or not at all, and for nobody else's eyes from its first byte on. Not waited for: a seed is made anew in
/// milliseconds.
fn write(folder: &Path, name: &str, disk: &[u8]) -> Result<()> {
    let (part, whole) = (folder.join(format!(".{name}.part")), folder.join(name));
    let doing = || format!("writing {}", whole.display());
    let _ = fs::remove_file(&part);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).while_doing(doing)?;
    file.write_all(disk).while_doing(doing)?;
    fs::rename(&part, &whole).while_doing(doing)
}
