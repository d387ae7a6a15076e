//! A release of the program under test, where a world's machines can fetch it: beside the agents' packages.

use std::fs;

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::host_command;
use crate::programs;
use crate::world::World;

/// Where it is.
pub const BASE: &str = "https://mirror.landfall.test/landfall";

/// What a machine can fetch.
pub struct Release {
    /// The program for this machine's architecture.
    pub program: Vec<u8>,
    /// The SHA-256 of install.sh.
    pub script_sum: String,
}

impl Release {
    /// Makes it and serves it. The programs for other architectures are a note: nobody here asks for them.
    pub fn serve(world: &World) -> Result<Self> {
        let folder = world.objects().join("landfall");
        fs::create_dir(&folder)?;
        fs::copy(programs::landfall()?, folder.join("landfall-x86_64-linux"))?;
        programs::complete(&folder, b"a stand-in for landfall\n")?;
        let mut finish = programs::script("finish-release");
        finish.args(["--base-url", BASE, "--version", env!("CARGO_PKG_VERSION")]).arg(&folder);
        host_command::finish(finish.env_remove("LANDFALL_RELEASE_KEY"))?;
        Ok(Self {
            program: fs::read(folder.join("landfall-x86_64-linux"))?,
            script_sum: hex::encode(Sha256::digest(fs::read(folder.join("install.sh"))?)),
        })
    }
}
