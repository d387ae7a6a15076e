//! A guest as a system container: systemd-nspawn boots a plain folder, in a network namespace and a
//! control group that the test made.
//!
//! It is real where Landfall looks (systemd, apt, dpkg, dockerd, iptables, sysctl), boots in half a
//! second and needs no virtualisation. It shares the testing machine's kernel: no modules, no clock,
//! no boot loader, no DMI, no limits on memory; and a power cut loses no unsynced write.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Guest;
use super::cgroup::Cgroup;
use super::leftovers;
use super::network::Network;
use super::tree::Tree;
use crate::error::{Error, Result, While};
use crate::host_command;

/// How long a loaded machine may take to boot a container, and to stop one.
const PATIENCE: Duration = Duration::from_secs(60);

/// All that a command in the guest finds in its environment, as in a fresh root login without a terminal.
const ENVIRONMENT: [&str; 4] = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
    "USER=root",
];

/// A system container. Dropping it ends it; its world removes its disk.
pub struct Container {
    number: usize,
    name: String,
    network: Arc<Network>,
    folder: PathBuf,
    cgroup: Cgroup,
    running: Option<Running>,
}

struct Running {
    nspawn: Child,
    init: u32,
}

impl Container {
    /// Guest number `number` of a world, with its own copy of `base` as its disk; not booted yet.
    pub fn new(world: &str, number: usize, base: &Path, network: Arc<Network>) -> Result<Self> {
        let name = format!("{world}.{number}");
        let folder = leftovers::guests_folder()?.join(&name);
        fs::create_dir(&folder)?;
        let root = folder.join("root");
        let copy = [Path::new("--archive"), Path::new("--reflink=auto"), base, &root];
        host_command::run("cp", copy)?;
        let cgroup = Cgroup::new(&name)?;
        Ok(Self { number, name, network, folder, cgroup, running: None })
    }

    /// The guest's disk, for preparing it before its first boot and for looking at it.
    pub fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// The address that the guest has in its world.
    pub fn address(&self) -> String {
        Network::address(self.number)
    }

    fn nspawn(&self, namespace: &str) -> Result<Command> {
        let console = File::create(self.folder.join("console"))?;
        let namespace = format!("/run/netns/{namespace}");
        // systemd-nspawn enters the namespace only after it has mounted the guest's /sys, which shows the
        // interfaces of whoever mounted it. So it is in the namespace from the start.
        let mut command = self.cgroup.command("nsenter");
        command
            .args([&format!("--net={namespace}"), "systemd-nspawn"])
            .args(["--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe"])
            .args(["--link-journal=no", "--resolv-conf=off", "--timezone=off", "--hostname=guest"])
            // What dockerd needs: its own firewall and mounts, keyrings for runc, BPF for devices.
            .args(["--capability=all", "--system-call-filter=@keyring bpf"])
            .arg(format!("--machine={}", self.name))
            .arg(format!("--directory={}", self.root().display()))
            .arg(format!("--network-namespace-path={namespace}"))
            .env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1")
            // Writable /proc/sys: what is set there under net belongs to the guest's own namespace.
            .env("SYSTEMD_NSPAWN_API_VFS_WRITABLE", "1")
            .stdin(Stdio::null())
            .stdout(console.try_clone()?)
            .stderr(console);
        Ok(command)
    }

    /// Waits until systemd has done what it can at this boot.
    fn wait_for_init(&mut self, mut nspawn: Child) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut init = None;
        while Instant::now() < deadline {
            if let Some(status) = nspawn.try_wait()? {
                return Err(Error::new(format!("systemd-nspawn ended with {status}\n{}", self.console()?)));
            }
            init = init.or_else(|| init_below(nspawn.id()));
            if init.is_some_and(|init| matches!(state(init).as_str(), "running" | "degraded")) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        match init {
            Some(init) if Instant::now() < deadline => self.running = Some(Running { nspawn, init }),
            _ => {
                self.cgroup.kill()?;
                nspawn.wait()?;
                let console = self.console()?;
                return Err(Error::new(format!("the guest did not boot in {PATIENCE:?}\n{console}")));
            }
        }
        Ok(())
    }

    fn init(&self) -> Result<u32> {
        self.running
            .as_ref()
            .map(|running| running.init)
            .ok_or_else(|| Error::new("the guest is not running"))
    }
}

impl Guest for Container {
    fn boot(&mut self) -> Result<()> {
        if self.running.is_some() {
            return Err(Error::new("the guest is running already"));
        }
        let namespace = self.network.plug_in(self.number)?;
        let nspawn = self.nspawn(&namespace)?.spawn().doing(|| "starting systemd-nspawn")?;
        self.wait_for_init(nspawn).doing(|| format!("booting {}", self.name))
    }

    fn stop(&mut self) -> Result<()> {
        // systemd powers off at SIGRTMIN+4; this signal has no name in the nix crate.
        host_command::run("kill", ["-s", "RTMIN+4", &self.init()?.to_string()])?;
        let deadline = Instant::now() + PATIENCE;
        while let Some(running) = &mut self.running {
            if running.nspawn.try_wait()?.is_some() {
                self.running = None;
            } else if Instant::now() > deadline {
                return self.power_cut();
            } else {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        self.network.unplug(self.number);
        Ok(())
    }

    fn power_cut(&mut self) -> Result<()> {
        if let Some(mut running) = self.running.take() {
            self.cgroup.kill()?;
            running.nspawn.wait()?;
            self.cgroup.renew()?;
            self.network.unplug(self.number);
        }
        Ok(())
    }

    fn shell(&self, script: &str) -> Result<Command> {
        let init = self.init()?.to_string();
        // Beside init in its control group: the guest sees a process of its own, and a power cut ends it.
        let mut command = self.cgroup.command_in("payload/init.scope", "nsenter");
        command
            .args(["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--target", &init, "--"])
            .args(["/usr/bin/env", "--ignore-environment", "--chdir=/root"])
            .args(ENVIRONMENT)
            .args(["/bin/sh", "-c", script]);
        Ok(command)
    }

    fn tree(&self) -> Result<Tree> {
        Tree::of(&self.root())
    }

    fn console(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.folder.join("console"))?).into_owned())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // The world's end clears what this leaves, so there is nothing to do about an error.
        let _ = self.power_cut();
    }
}

/// The process below `nspawn` that is number 1 in its own process namespace.
fn init_below(nspawn: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{nspawn}/task/{nspawn}/children")).ok()?;
    let is_init = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or("");
        status.starts_with("Name:\tsystemd\n") && ids.split_whitespace().skip(1).last() == Some("1")
    };
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).find(is_init)
}

/// What systemd says of itself: `starting`, `running`, `degraded`; empty while it does not answer yet.
fn state(init: u32) -> String {
    let init = init.to_string();
    let arguments = ["--mount", "--pid", "--target", &init, "--", "systemctl", "is-system-running"];
    let output = Command::new("nsenter").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
