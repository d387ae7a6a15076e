//! Ansible as an operator has it: a folder with an inventory, a playbook and the collection, and the real programs,
//! run at the gateway of a world. They reach the guests there by ssh, and nobody else.
//!
//! The one stand-in is `aws`, which asks the simulator and knows the playbook's own call alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::error::{Error, Result, While};
use crate::guest::Guest;
use crate::guest::container::Container;
use crate::host_command;
use crate::programs;
use crate::world::World;

/// What a server needs so that Ansible can look after it.
pub const PACKAGES: [&str; 3] = ["openssh-server", "python3", "sudo"];

/// Who it comes as: somebody with a key, who may do everything by sudo.
const USER: &str = "debian";

/// The call of the collection's playbook.
const CREATE_ACTIVATION: &str =
    "ssm create-activation --iam-role ecsAnywhereRole --registration-limit 1 --output json";

/// An operator's folder.
pub struct Controller {
    folder: TempDir,
}

impl Controller {
    /// A folder with a key, the collection from its archive, and this playbook for the group `edge`, whose variables
    /// these are.
    pub fn new(world: &mut World, playbook: &str, variables: &str) -> Result<Self> {
        let it = Self { folder: tempfile::tempdir()? };
        for folder in ["bin", "files", "group_vars", "activations"] {
            fs::create_dir(it.path(folder))?;
        }
        let key = it.path("key").display().to_string();
        host_command::run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", &key])?;
        fs::write(it.path("ssh_config"), it.ssh_config())?;
        fs::write(it.path("ansible.cfg"), "[defaults]\ncollections_path = collections\nnocolor = true\n")?;
        fs::write(it.path("site.yml"), playbook)?;
        let own = format!("ansible_user: {USER}\nansible_ssh_common_args: -F {}\n", it.shown("ssh_config"));
        fs::write(it.path("group_vars/edge.yml"), own + variables)?;
        it.write_aws(world)?;
        it.install_the_collection(world)?;
        Ok(it)
    }

    /// Lays a file beside the playbook, for the role to bring.
    pub fn file(&self, from: &Path, name: &str) -> Result<()> {
        fs::copy(from, self.path("files").join(name)).doing(|| format!("copying {}", from.display()))?;
        Ok(())
    }

    /// Makes servers of booted guests, each with an account for Ansible, and lists them as `server-1` and so on.
    pub fn takes_on(&self, guests: &[Container]) -> Result<()> {
        let (mut inventory, mut known_hosts) = ("[edge]\n".to_owned(), String::new());
        let key = fs::read(self.path("key.pub"))?;
        let account = format!(
            "useradd --create-home --shell /bin/bash {USER} && \
             echo '{USER} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{USER} && \
             install -d -o {USER} -g {USER} -m 700 ~{USER}/.ssh && cat >~{USER}/.ssh/authorized_keys"
        );
        for (number, guest) in (1..).zip(guests) {
            let output = guest.run_with_input(&account, &key)?;
            if output.status != 0 {
                return Err(Error::new(output.stderr)).doing(|| "making an account for Ansible");
            }
            let (address, host_key) = (guest.address(), guest.must("cat /etc/ssh/ssh_host_ed25519_key.pub")?);
            inventory += &format!("server-{number} ansible_host={address}\n");
            known_hosts += &format!("{address} {host_key}");
        }
        fs::write(self.path("hosts.ini"), inventory)?;
        Ok(fs::write(self.path("known_hosts"), known_hosts)?)
    }

    /// Runs the playbook with further flags, and returns all that it said; a server that failed is an error.
    pub fn play(&self, world: &mut World, flags: &[&str]) -> Result<String> {
        let arguments = [&["-i", "hosts.ini", "--forks", "5", "site.yml"], flags].concat();
        let output =
            self.command(world, "ansible-playbook")?.args(arguments).stdin(Stdio::null()).output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        match output.status.success() {
            true => Ok(said),
            false => Err(Error::new(format!("ansible-playbook ended with {}\n{said}", output.status))),
        }
    }

    /// What `aws` told, once for each of its calls.
    pub fn activations(&self) -> Result<Vec<String>> {
        let told = fs::read_dir(self.path("activations"))?;
        told.map(|entry| Ok(fs::read_to_string(entry?.path())?)).collect()
    }

    fn install_the_collection(&self, world: &mut World) -> Result<()> {
        let source = programs::workspace().join("scripts/ansible").canonicalize()?;
        let mut build = self.command(world, "ansible-galaxy")?;
        host_command::finish(build.args(["collection", "build"]).arg(source))?;
        let files = fs::read_dir(self.folder.path())?.flatten().map(|entry| entry.path());
        let archive = files.into_iter().find(|path| path.extension().is_some_and(|it| it == "gz"));
        let archive = archive.ok_or_else(|| Error::new("ansible-galaxy built no archive"))?;
        let mut install = self.command(world, "ansible-galaxy")?;
        install.args(["collection", "install", "--collections-path", "collections"]).arg(archive);
        host_command::finish(&mut install).map(drop)
    }

    fn write_aws(&self, world: &World) -> Result<()> {
        let (simulator, state) = (programs::test_tools()?.join("aws-simulator"), world.simulator()?.state());
        let script = format!(
            "#!/bin/sh\n\
             [ \"$*\" = '{CREATE_ACTIVATION}' ] || {{ echo \"not for this stand-in: aws $*\" >&2; exit 252; }}\n\
             told='{}'/$$\n\
             '{}' activation --state '{}' --limit 1 >\"$told\" && cat \"$told\"\n",
            self.shown("activations"),
            simulator.display(),
            state.display()
        );
        let aws = self.path("bin/aws");
        fs::write(&aws, script)?;
        Ok(fs::set_permissions(aws, Permissions::from_mode(0o755))?)
    }

    /// Nothing of whoever runs the tests: no agent, no keys, no hosts that are known.
    fn ssh_config(&self) -> String {
        format!(
            "IdentityFile {}\nIdentitiesOnly yes\nIdentityAgent none\nUserKnownHostsFile {}\n\
             GlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\n",
            self.shown("key"),
            self.shown("known_hosts")
        )
    }

    /// A program of Ansible's in this folder, with nothing of the environment of whoever runs the tests.
    fn command(&self, world: &mut World, program: &str) -> Result<Command> {
        let mut command = world.at_gateway(Path::new(program))?;
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", self.shown("bin")),
            )
            .env("HOME", self.folder.path())
            .env("LANG", "C.UTF-8");
        Ok(command)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn shown(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}
