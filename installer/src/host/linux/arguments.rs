//! How each command looks as an argument list, and running it with a clean environment.

use std::io::{ErrorKind, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use distro_matrix::{Format, Manager};

use crate::error::{Error, Result, While};
use crate::host::{Command, Family, Firewalld, Output, Rule, SEALING, UnitVerb};
use crate::package_database::rpm::QUERY;
use crate::proxy::Proxy;
use crate::registration::AGENT;
use crate::secret::Secret;

mod apt;
pub(super) mod rpm;

pub(super) use apt::candidates;

/// Where programs are looked for; our own environment is not asked.
pub(super) const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invocation {
    program: &'static str,
    arguments: Vec<Argument>,
    environment: Vec<(&'static str, String)>,
    input: Option<String>,
    folder: Option<PathBuf>,
}

/// An argument, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Argument {
    Plain(String),
    Secret(Secret),
}

impl Invocation {
    pub(super) fn of(command: &Command) -> Self {
        match command {
            Command::Packages(Manager::Apt, packages) => apt::invocation(packages),
            Command::Packages(manager, packages) => rpm::invocation(*manager, packages),
            Command::Unit(verb, units) => {
                Self::plain("systemctl", [word(*verb)]).and(units.iter().map(String::as_str))
            }
            Command::ReloadUnits => Self::plain("systemctl", ["daemon-reload"]),
            Command::RestoreRules { family, rules } => {
                let program = match family {
                    Family::Ipv4 => "iptables-restore",
                    Family::Ipv6 => "ip6tables-restore",
                };
                let invocation = Self::plain(program, ["--noflush", "-w", "10"]);
                Self { input: Some(rules.clone()), ..invocation }
            }
            Command::FirewalldRule { add, place, rule } => firewalld(*add, *place, rule),
            Command::DeleteRule(rule) => firewall("-D", rule),
            Command::RegisterAgent { id, code, region, replace } => {
                let mut invocation = Self::plain(AGENT, ["-register", "-id", id, "-region", region, "-code"]);
                invocation.arguments.push(Argument::Secret(code.clone()));
                if *replace {
                    invocation.arguments.push(Argument::Plain("-y".into()));
                }
                invocation
            }
            Command::ClearAgent => Self::plain(AGENT, ["-register", "-clear"]),
            Command::RelinquishJournal => Self::plain("journalctl", ["--relinquish-var"]),
            Command::CleanCloudInit { seed } => {
                let mut invocation = Self::plain("cloud-init", ["clean", "--logs"]);
                invocation.environment.push((SEALING, "1".into()));
                invocation.and(seed.then_some("--seed"))
            }
            Command::Containers => Self::plain("docker", ["ps", "--all", "--quiet", "--no-trunc"]),
            Command::RemoveContainers(ids) => {
                Self::plain("docker", ["rm", "--force", "--volumes"]).and(ids.iter().map(String::as_str))
            }
            Command::LoadModule(module) => Self::plain("modprobe", ["--quiet", module]),
            Command::ClearGuestinfo(key) => Self::rpctool(&format!("info-set guestinfo.{key} -")),
        }
    }

    pub(super) fn show_units(names: &[&str]) -> Self {
        let mut invocation = Self::plain("systemctl", ["show", "-p", super::systemd::PROPERTIES]);
        invocation.arguments.extend(names.iter().map(|name| Argument::Plain((*name).to_owned())));
        invocation
    }

    pub(super) fn control_data(package: &Path, format: Format) -> Self {
        match format {
            Format::Deb => apt::control_data(package),
            Format::Rpm => rpm::control_data(package),
        }
    }

    pub(super) fn rpms() -> Self {
        Self::plain("rpm", ["-qa", "--queryformat", QUERY])
    }

    pub(super) fn rpm_keys() -> Self {
        Self::plain("rpm", ["-qa", "gpg-pubkey", "--queryformat", rpm::KEY_QUERY])
    }

    pub(super) fn save_rules(family: Family) -> Self {
        match family {
            Family::Ipv4 => Self::plain("iptables-save", []),
            Family::Ipv6 => Self::plain("ip6tables-save", []),
        }
    }

    pub(super) fn guestinfo(key: &str) -> Self {
        Self::rpctool(&format!("info-get guestinfo.{key}"))
    }

    fn rpctool(request: &str) -> Self {
        Self::plain("vmware-rpctool", [request])
    }

    pub(super) fn list_nft() -> Self {
        Self::plain("nft", ["-j", "list", "ruleset"])
    }

    pub(super) fn firewalld_rules() -> Self {
        Self::plain("firewall-offline-cmd", ["--direct", "--get-all-rules"])
    }

    pub(super) fn offered(manager: Manager, names: &[String]) -> Self {
        match manager {
            Manager::Apt => apt::offered(names),
            manager => rpm::offered(manager, names),
        }
    }

    pub(super) fn check_rule(rule: &Rule) -> Self {
        firewall("-C", rule)
    }

    pub(super) fn run(&self) -> Result<Output> {
        let mut process = Process::new(self.program);
        for argument in &self.arguments {
            match argument {
                Argument::Plain(text) => process.arg(text),
                Argument::Secret(secret) => process.arg(secret.expose()),
            };
        }
        process.env_clear().env("PATH", SEARCH_PATH).env("HOME", "/root").env("LC_ALL", "C.UTF-8");
        if let Some(folder) = &self.folder {
            process.current_dir(folder);
        }
        process.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let output = match self.output(&mut process) {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                return Err(Error::failed(format!("the program {} is missing", self.program))
                    .hint(format!("install the package that has it; it is looked for in {SEARCH_PATH}")));
            }
            other => other.while_doing(|| format!("running {}", self.program))?,
        };
        let code = output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0));
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Output { code, stdout: text(output.stdout), stderr: text(output.stderr) })
    }

    /// The input is short: it fits into a pipe that nobody reads yet.
    fn output(&self, process: &mut Process) -> std::io::Result<std::process::Output> {
        let Some(input) = &self.input else { return process.stdin(Stdio::null()).output() };
        let mut child =
            process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        // A program that does not read all of it says why by itself.
        let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
        child.wait_with_output()
    }

    fn plain<'a>(program: &'static str, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let arguments = arguments.into_iter().map(|it| Argument::Plain(it.to_owned())).collect();
        Self { program, arguments, environment: Vec::new(), input: None, folder: None }
    }

    fn and<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|it| Argument::Plain(it.to_owned())));
        self
    }

    fn quietly(mut self) -> Self {
        let quiet = [("DEBIAN_FRONTEND", "noninteractive"), ("NEEDRESTART_SUSPEND", "1")];
        self.environment.extend(quiet.map(|(name, value)| (name, value.to_owned())));
        self
    }

    /// The SSM agent and apt both look for a proxy in their environment; apt prefers one of its own
    /// configuration, so an operator's choice for packages stays.
    pub(super) fn through(mut self, proxy: &Proxy) -> Self {
        self.environment.extend(proxy.variables());
        self
    }

    /// Package lists come over plain HTTP, which is what `http_proxy` is for: apt keeps the one it would
    /// have if it were called by hand. No other variable of ours passes, and none to another program.
    pub(super) fn with_plain_proxy(mut self, own: impl Fn(&str) -> Option<String>) -> Self {
        let is_proxied = self.environment.iter().any(|(name, _)| *name == "no_proxy");
        let spared = (!is_proxied).then_some("no_proxy");
        for name in ["http_proxy"].into_iter().chain(spared) {
            if let Some(value) = own(name).filter(|value| !value.is_empty()) {
                self.environment.retain(|(there, _)| *there != name);
                self.environment.push((name, value));
            }
        }
        self
    }
}

fn firewall(verb: &str, rule: &Rule) -> Invocation {
    let table = rule.table.to_string();
    Invocation::plain("iptables", ["-w", "10", "-t", &table, verb, &rule.chain])
        .and(rule.spec.iter().map(String::as_str))
}

fn firewalld(add: bool, place: Firewalld, rule: &str) -> Invocation {
    let invocation = match place {
        Firewalld::Running => Invocation::plain("firewall-cmd", ["--direct"]),
        Firewalld::Kept => Invocation::plain("firewall-cmd", ["--permanent", "--direct"]),
        Firewalld::KeptAtRest => Invocation::plain("firewall-offline-cmd", ["--direct"]),
    };
    invocation.and([if add { "--add-rule" } else { "--remove-rule" }]).and(rule.split(' '))
}

/// firewalld prints a rule with its words quoted as a shell wants them.
pub(super) fn as_given_to_firewalld(printed: &str) -> String {
    printed.split(' ').map(|word| word.trim_matches('\'')).collect::<Vec<_>>().join(" ")
}

fn word(verb: UnitVerb) -> &'static str {
    match verb {
        UnitVerb::Enable => "enable",
        UnitVerb::Disable => "disable",
        UnitVerb::Start => "start",
        UnitVerb::Stop => "stop",
        UnitVerb::Restart => "restart",
        UnitVerb::ResetFailed => "reset-failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Packages;

    #[test]
    fn only_what_asks_the_network_is_given_the_proxy() {
        let proxy = Proxy::parse("http://proxy:3128", "", "--proxy").unwrap();
        let update = Invocation::of(&Command::Packages(Manager::Apt, Packages::Update)).through(&proxy);
        for (name, value) in proxy.variables() {
            assert!(update.environment.contains(&(name, value)), "{name}");
        }
        assert!(Command::Packages(Manager::Apt, Packages::Reinstall("bash".into())).asks_network());
        assert!(!Command::Packages(Manager::Apt, Packages::Configure).asks_network());
        assert!(!Command::ReloadUnits.asks_network() && !Command::ClearAgent.asks_network());
    }

    #[test]
    fn a_rule_that_firewalld_prints_is_the_one_it_was_given() {
        let given = "ipv4 filter INPUT 3 -d 127.0.0.0/8 ! -i lo -j DROP";
        assert_eq!(as_given_to_firewalld(&given.replace('!', "'!'")), given);
        let place = Firewalld::Kept;
        let add = Invocation::of(&Command::FirewalldRule { add: true, place, rule: given.into() });
        let start = ["--permanent", "--direct", "--add-rule", "ipv4", "filter"];
        assert!(start.iter().zip(&add.arguments).all(|(word, it)| *it == Argument::Plain((*word).into())));
    }

    #[test]
    fn apt_keeps_the_proxy_for_plain_http_of_whoever_calls() {
        let own = |name: &str| match name {
            "http_proxy" => Some("http://plain:1".to_owned()),
            "no_proxy" => Some("mirror.internal".into()),
            _ => Some("not for apt".into()),
        };
        let update = || Invocation::of(&Command::Packages(Manager::Apt, Packages::Update));
        let given = |invocation: Invocation, name: &str| -> Vec<String> {
            let of = invocation.environment.into_iter().filter(|(it, _)| *it == name);
            of.map(|(_, value)| value).collect()
        };
        assert_eq!(given(update().with_plain_proxy(own), "http_proxy"), ["http://plain:1"]);
        assert_eq!(given(update().with_plain_proxy(own), "no_proxy"), ["mirror.internal"]);
        assert_eq!(update().with_plain_proxy(|_| Some(String::new())), update());
        let known: Vec<_> = update().with_plain_proxy(own).environment.into_iter().map(|it| it.0).collect();
        assert_eq!(known, ["DEBIAN_FRONTEND", "NEEDRESTART_SUSPEND", "http_proxy", "no_proxy"]);

        let secure = Proxy::parse("http://secure:1", "", "https_proxy").unwrap();
        let both = || update().through(&secure).with_plain_proxy(own);
        assert_eq!(given(both(), "http_proxy"), ["http://plain:1"]);
        assert_eq!(given(both(), "https_proxy"), ["http://secure:1"]);
        assert_eq!(given(both(), "no_proxy"), [secure.spared()]);
    }

    #[test]
    fn an_activation_code_does_not_show_in_debug_output() {
        let command = Command::RegisterAgent {
            id: "id".into(),
            code: Secret::new("open sesame".into()),
            region: "us-east-1".into(),
            replace: false,
        };
        let shown = format!("{command:?} {:?}", Invocation::of(&command));
        assert!(!shown.contains("sesame"), "{shown}");
    }
}
