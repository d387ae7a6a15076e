//! `landfall up` by hand on a machine that has nothing of Landfall, and what has to be so then: again, over a reboot, and
//! back.

use std::path::Path;
use std::time::Instant;

use super::Trial;
use super::counted;
use crate::error::{Error, Result};
use crate::first_boot::{TO_REGISTER, instance};
use crate::guest::Guest;
use crate::guest::machine::{TO_STOP, VirtualMachine};
use crate::guest::package_pool;
use crate::journey;
use crate::world::World;

impl Trial {
    /// There, again, over a reboot, and back. A machine may go on from a moment after its first boot; one with a boot loader
    /// goes off before the second, too.
    pub(super) fn up(&mut self) -> Result<()> {
        self.power_on(self.setup.clone())?;
        self.machine()?.settle()?;
        has_network(self.machine()?)?;
        let (landfall, up, manager) = (self.landfall.clone(), self.up.clone(), self.packages_are_listed_by);
        let machine = self.machine.as_mut().ok_or_else(super::no_machine)?;
        machine.must("! command -v landfall && [ ! -e /var/lib/landfall ]")?;
        let docker_is_as_before =
            if self.has_docker { "systemctl is-active docker.service" } else { "! command -v dockerd" };
        machine.must(docker_is_as_before)?;
        let packages = machine.must(manager)?;

        registered(&self.world, machine, &landfall, &up)?;
        let (arn, id) = (journey::container_instance(machine)?, instance(machine)?);
        memory_is_limited(machine)?;

        let again = machine.must(&format!("{up} --json 2>/dev/null"))?;
        demand(again.contains("\"changed\": 0"), || format!("a second run changed something: {again}"))?;

        if self.has_boot_loader {
            machine.must("systemctl --no-block poweroff")?;
            machine.wait_until_off(TO_STOP)?;
            machine.boot()?;
        } else {
            machine.reboot()?;
        }
        is_back(machine, &arn)?;
        let (now, counts) = (instance(machine)?, counted(&self.world)?);
        demand((now.as_str(), counts) == (&id, (1, 1)), || format!("{id} became {now}, {counts:?}"))?;

        let uninstalled = Instant::now();
        machine.must("landfall uninstall")?;
        println!("the uninstall took {:.0} s", uninstalled.elapsed().as_secs_f64());
        let left = machine.must(manager)?;
        demand(left == packages, || format!("an uninstall left\n{left}\nwhere there was\n{packages}"))?;
        machine.must(docker_is_as_before)?;
        machine
            .must("! systemctl cat ecs && ! systemctl cat amazon-ssm-agent && [ ! -e /var/lib/landfall ]")
            .map(drop)
    }
}

/// systemd has started everything before a slow processor has found the network card, where nothing waits for that.
fn has_network(machine: &mut VirtualMachine) -> Result<()> {
    machine.wait_for(TO_REGISTER, "there is a way out", |it| {
        Ok(it.run("cut -f 2 /proc/net/route | grep -qx 00000000")?.status == 0)
    })
}

fn demand(is_so: bool, otherwise: impl FnOnce() -> String) -> Result<()> {
    if is_so { Ok(()) } else { Err(Error::new(otherwise())) }
}

/// Landfall comes onto the machine, and registers it.
pub fn registered(world: &World, machine: &VirtualMachine, landfall: &Path, up: &str) -> Result<()> {
    machine.copy_in(landfall, "/usr/local/bin/landfall", 0o755)?;
    journey::bring_activation(world, machine, 1, 86_400)?;
    let ran = machine.run_streaming(up, &mut |line| println!("{line}"))?;
    demand(ran.status == 0, || format!("landfall up ended with {}: {}", ran.status, ran.stderr))?;
    println!("up took {:.0} s", ran.seconds);
    machine.must("landfall status")?;
    // The newest Debian packages Docker's command line apart, which Landfall has no use for.
    if machine.run("command -v docker")?.status != 0 {
        let docker = package_pool::command_line(&world.system().suite()?, machine.architecture())?;
        machine.write("/usr/local/bin/docker", &docker, 0o755)?;
    }
    machine.must(IMAGE).map(drop)
}

/// The agents run, and the way to credentials is there as before: rules, settings and an answer.
pub fn is_back(machine: &mut VirtualMachine, arn: &str) -> Result<()> {
    has_registered_as(machine, arn)?;
    machine.must("systemctl is-active amazon-ssm-agent ecs docker landfall-credentials-endpoint.timer")?;
    let rules = machine.must("iptables -t nat -S")?;
    for rule in ["-A PREROUTING -j LANDFALL-PREROUTING", "-A OUTPUT -j LANDFALL-OUTPUT"] {
        demand(rules.contains(rule), || format!("{rule} is not among\n{rules}"))?;
    }
    machine.must("grep -qx 1 /proc/sys/net/ipv4/conf/all/route_localnet")?;
    asks_for_credentials(machine)?;
    machine.must("landfall status").map(drop)
}

/// Waits until the ECS agent says that the machine is this container instance.
pub fn has_registered_as(machine: &mut VirtualMachine, arn: &str) -> Result<()> {
    machine.wait_for(TO_REGISTER, "the ECS agent has registered", |it| {
        Ok(journey::container_instance(it).is_ok_and(|now| now == arn))
    })
}

/// An answer of any status shows that the agent was reached: on the machine itself, and in a container.
pub fn asks_for_credentials(machine: &VirtualMachine) -> Result<()> {
    let ask = r#"exec 3<>/dev/tcp/169.254.170.2/80 && printf "GET /v2/credentials/none HTTP/1.0\r\n\r\n" >&3 && cat <&3"#;
    for place in [format!("bash -c '{ask}'"), format!("docker run --rm shell:latest bash -c '{ask}'")] {
        let answer = machine.must(&format!("timeout -s KILL 60 {place}"))?;
        demand(answer.starts_with("HTTP/1."), || format!("{place}: {answer}"))?;
    }
    Ok(())
}

/// A container image with a shell and what it is linked to: there is no registry to pull one from. Some bases of Debian 11
/// have no programs of `/bin` in `/usr/bin`.
const IMAGE: &str = "tar -C / -ch bin/bash bin/cat $(ldd /bin/bash /bin/cat | grep -o '/lib[^ ]*' | sort -u | sed s:^/::) \
                     | docker import --change 'ENV PATH=/bin' - shell:latest";

/// Asks for 32 MiB, and says so where it had them.
const TAKE: &str =
    r#"bash -c 'all=$(printf "%01048576d" 0); for time in 1 2 3 4 5; do all=$all$all; done; echo ${#all}'"#;

/// The kernel ends what takes more memory than its container has, and nothing else.
fn memory_is_limited(machine: &VirtualMachine) -> Result<()> {
    let told = machine.must("docker info 2>&1")?;
    let is_counted = !told.contains("No memory limit support") && !told.contains("WARNING: No memory");
    demand(is_counted, || told)?;
    let taking = |limit: &str| machine.run(&format!("docker run --rm --memory {limit} shell:latest {TAKE}"));
    let enough = taking("512m")?;
    demand((enough.status, enough.stdout.trim()) == (0, "33554432"), || enough.stderr.clone())?;
    let little = taking("16m")?;
    demand(little.status == 137, || format!("{}: {}{}", little.status, little.stdout, little.stderr))
}
