//! The AWS simulator as a process at the gateway of a world.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cache;
use crate::error::{Error, Result, While};
use crate::guest::cgroup::Cgroup;
use crate::guest::network::{GATEWAY, Network};
use crate::programs;

/// The names that the simulator answers to, as the real agents ask for them.
pub const HOSTS: [&str; 10] = [
    "ssm.us-east-1.amazonaws.com",
    "ssmmessages.us-east-1.amazonaws.com",
    "ec2messages.us-east-1.amazonaws.com",
    "ecs.us-east-1.amazonaws.com",
    "ecs-a-1.us-east-1.amazonaws.com",
    "ecs-t-1.us-east-1.amazonaws.com",
    "s3.us-east-1.amazonaws.com",
    "s3.dualstack.us-east-1.amazonaws.com",
    "sts.us-east-1.amazonaws.com",
    "sts.amazonaws.com",
];

/// The name of the package repository.
pub const PACKAGES_HOST: &str = "packages.landfall.test";

/// The name of a mirror of the agents' packages: the same objects as S3's, under an operator's own name.
pub const MIRROR_HOST: &str = "mirror.landfall.test";

/// The name of Docker's server.
pub const DOCKER_HOST: &str = "download.docker.com";

/// The name of a mirror of Docker's server.
pub const DOCKER_MIRROR_HOST: &str = "docker.landfall.test";

/// The authority's certificate, in its folder and in that of each simulator.
pub const AUTHORITY: &str = "ca.pem";

const PATIENCE: Duration = Duration::from_secs(20);

/// The folder of the test's certificate authority, which is made at its first use and kept: an image that trusts it
/// outlives the world it was made in.
pub fn authority() -> Result<PathBuf> {
    cache::entry("authority", &[b"1"], |folder| {
        aws_simulator::prepare_authority(folder).doing(|| "making the certificate authority")
    })
}

/// A running simulator.
pub struct Simulator {
    process: Child,
    state: PathBuf,
}

impl Simulator {
    /// Starts it for the world `name`, with the files of further servers, and returns when it listens.
    pub fn start(
        name: &str,
        network: &Network,
        state: &Path,
        objects: &Path,
        statics: &[(&str, &Path)],
    ) -> Result<Self> {
        std::fs::create_dir_all(state)?;
        for file in ["ca-key.pem", AUTHORITY] {
            std::fs::copy(authority()?.join(file), state.join(file))?;
        }
        let cgroup = Cgroup::new(&format!("{name}.simulator"))?;
        let log = std::fs::File::create(state.join("log"))?;
        let mut command =
            network.at_gateway(cgroup.command("ip"), &programs::test_tools()?.join("aws-simulator"));
        command
            .args(["serve", "--listen", GATEWAY, "--state"])
            .arg(state)
            .arg("--objects")
            .arg(objects)
            .args(statics.iter().map(|(host, folder)| format!("--static={host}={}", folder.display())))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let process = command.spawn().doing(|| "starting the simulator")?;
        let mut simulator = Self { process, state: state.to_owned() };
        simulator.wait_until_ready()?;
        Ok(simulator)
    }

    /// The folder with its certificate authority, its admin socket and its record of requests.
    pub fn state(&self) -> &Path {
        &self.state
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !self.state.join("ready").exists() {
            let ended = self.process.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(self.state.join("log"))?;
                return Err(Error::new(format!("the simulator is not ready ({ended:?})\n{log}")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // Asked first, so that its record is complete; the world ends what does not listen.
        let _ = kill(Pid::from_raw(self.process.id() as i32), Signal::SIGTERM);
        let deadline = Instant::now() + Duration::from_secs(2);
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
