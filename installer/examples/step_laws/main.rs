//! The laws of steps on a real system: a program that a test copies into a guest and runs there as root.
//!
//! For each kind of step: it says what it would replace and changes nothing by looking; after it is
//! applied it has nothing more to do; what the receipt kept brings the system back to what it was; and
//! a repeated undo changes nothing more. One line is printed per law, and the exit code is 1 if one is
//! broken. It is no tool for a machine that anybody needs: it runs with `LANDFALL_GUEST=1` only.
#![allow(clippy::disallowed_methods, reason = "it looks at a guest past the door, to judge the door")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitCode};

use distro_matrix::Manager;
use landfall::host::Table;
use landfall::host::linux::Linux;
use landfall::receipt::Receipt;
use landfall::rule_set::Chain;
use landfall::step::{
    Change, Context, EnvFile, Firewall, Folders, InstallPackages, InstallProgram, MergeJson, RepairPackages,
    Step, Sysctl, WriteFile,
};
use serde_json::json;

mod units;

const PLACE: &str = "/root/step-laws";
const SETTING: &str = "net.ipv4.conf.all.route_localnet";
const PATIENCE: u64 = 60;

type Law = Result<(), String>;
type Say<'a> = &'a mut dyn FnMut(&'static str, Law);
/// Tells the part of the system that a step is about.
type Look<'a> = &'a dyn Fn() -> String;

fn main() -> ExitCode {
    if std::env::var("LANDFALL_GUEST").as_deref() != Ok("1") {
        eprintln!("this changes the system that it runs on: set LANDFALL_GUEST=1 in a guest made for it");
        return ExitCode::from(2);
    }
    let package = std::env::args().nth(1).unwrap_or_else(|| "procps".into());
    let mut host = Linux::open();
    fs::create_dir_all(PLACE).expect("the guest's disk can be written");
    let mut broken = 0;
    for (name, law) in laws(&mut host, &package) {
        match law {
            Ok(()) => println!("kept    {name}"),
            Err(why) => {
                println!("BROKEN  {name}: {why}");
                broken += 1;
            }
        }
    }
    fs::remove_dir_all(PLACE).expect("the guest's disk can be written");
    println!("{broken} laws are broken");
    ExitCode::from(u8::from(broken > 0))
}

fn laws(host: &mut Linux, package: &str) -> Vec<(&'static str, Law)> {
    let mut laws = Vec::new();
    files(host, &mut |name, law| laws.push((name, law)));
    system(host, package, &mut |name, law| laws.push((name, law)));
    laws
}

fn files(host: &mut Linux, say: Say) {
    let place = |name: &str| Path::new(PLACE).join(name);
    let folders =
        Folders { paths: vec![place("outer"), place("outer/inner")], mode: 0o750, only_if_empty: false };
    let tree = place("outer");
    say("folders are made, and go with what is in them", {
        let law = keeps(host, &Step::Folders(folders), &|| shown(&tree));
        law.and_then(|()| folder_goes_with_its_content(host))
    });
    let text = |path: PathBuf| Step::WriteFile(WriteFile { path, content: "ours\n".into(), mode: 0o640 });
    say("a file is written where none was", keeps_file(host, "new.txt", None, text));
    say("a file is written over another", keeps_file(host, "old.txt", Some(b"theirs\n"), text));
    say(
        "a file is written over one that is not text",
        keeps_file(host, "old.bin", Some(&[0xff, 0, 1]), text),
    );
    let keys = |path| {
        let keys = BTreeMap::from([("ECS_CLUSTER".to_owned(), "harbour".to_owned())]);
        Step::EnvFile(EnvFile { path, keys, mode: 0o600 })
    };
    let config = b"# theirs\nECS_CLUSTER=a\nMINE=1\nECS_CLUSTER=b";
    say("keys are set in a file where none was", keeps_file(host, "new.config", None, keys));
    say("keys are set among others", keeps_file(host, "old.config", Some(config), keys));
    let merged = |path| {
        let keys = json!({"Identity": {"ConsumptionOrder": ["OnPrem"]}});
        Step::MergeJson(MergeJson { path, keys, mode: 0o600 })
    };
    let theirs = b"{\"Agent\": {\"Region\": \"x\"}, \"Identity\": {\"Other\": 1}}";
    say("keys are merged into a file where none was", keeps_file(host, "new.json", None, merged));
    say("keys are merged among others", keeps_file(host, "old.json", Some(theirs), merged));
    let program = |path| Step::InstallProgram(InstallProgram { path });
    say("the program is put in its place", keeps_file(host, "program", None, program));
}

fn system(host: &mut Linux, package: &str, say: Say) {
    let setting = Sysctl { key: SETTING.into(), value: opposite() };
    say("a kernel setting is set", keeps(host, &Step::Sysctl(setting), &|| read_setting()));
    units::laws(host, say);
    say("packages are installed by name", packages(host, package));
    say("chains of our own are put into the firewall", firewall(host));
    say("an interrupted package manager is repaired", repairs(host, package));
}

/// The laws of every kind of step.
fn keeps(host: &mut Linux, step: &Step, look: Look) -> Law {
    let found = look();
    let before = step.check(host).map_err(shown_error)?.ok_or("it has nothing to do from the start")?;
    same(&look(), &found, "after looking")?;
    let mut receipt = Receipt::read(host).map_err(shown_error)?;
    receipt.record(host, "a law is tried", step, before).map_err(shown_error)?;
    step.apply(host, &Context::default()).map_err(shown_error)?;
    let undone = match step.check(host).map_err(shown_error)? {
        Some(before) => Err(format!("after it was applied it would replace {before:?}")),
        None if look() == found => Err("it changed nothing".to_owned()),
        None => Ok(()),
    };
    // What was written and read again is what counts at an uninstall.
    let mut receipt = Receipt::read(host).map_err(shown_error)?;
    let at = receipt.entries.len() - 1;
    let replaced = receipt.entries[at].replaced.clone();
    for time in ["after undo", "after a repeated undo"] {
        let left = step.undo(host, &replaced).map_err(shown_error)?;
        same(&left.join("; "), "", "what undo left")?;
        same(&look(), &found, time)?;
    }
    receipt.forget(host, at).map_err(shown_error)?;
    undone
}

fn keeps_file(host: &mut Linux, name: &str, content: Option<&[u8]>, step: impl Fn(PathBuf) -> Step) -> Law {
    let path = Path::new(PLACE).join(name);
    if let Some(content) = content {
        fs::write(&path, content).map_err(|e| e.to_string())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).map_err(|e| e.to_string())?;
    }
    keeps(host, &step(path), &|| shown(Path::new(PLACE)))
}

fn folder_goes_with_its_content(host: &mut Linux) -> Law {
    let path = Path::new(PLACE).join("filled");
    let elsewhere = Path::new(PLACE).join("elsewhere");
    fs::create_dir(&elsewhere)
        .and_then(|()| fs::write(elsewhere.join("kept"), ""))
        .map_err(|e| e.to_string())?;
    let step = Step::Folders(Folders { paths: vec![path.clone()], mode: 0o755, only_if_empty: false });
    let before = step.check(host).map_err(shown_error)?.ok_or("the folder is there")?;
    step.apply(host, &Context::default()).map_err(shown_error)?;
    fs::create_dir(path.join("sub"))
        .and_then(|()| fs::write(path.join("sub/file"), ""))
        .map_err(|e| e.to_string())?;
    std::os::unix::fs::symlink(&elsewhere, path.join("link")).map_err(|e| e.to_string())?;
    step.undo(host, &before).map_err(shown_error)?;
    same(&shown(&path), "nothing", "the folder")?;
    if elsewhere.join("kept").exists() { Ok(()) } else { Err("the removal followed a link".into()) }
}

fn packages(host: &mut Linux, package: &str) -> Law {
    keeps(host, &install(&[package]), &installed)
}

/// iptables may have to be brought for this, and goes again after it. The chains bear other names than
/// Landfall's own, and everything of a rule that the real ones use.
fn firewall(host: &mut Linux) -> Law {
    let chain = |table, from: &str, rule: &str| Chain {
        table,
        from: from.into(),
        name: format!("LAWS-{from}"),
        rules: vec![rule.into()],
    };
    let guard = "-d 127.0.0.0/8 ! -i lo -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP";
    let way = "-d 192.0.2.1/32 -i <bridge> -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.0.2.2:80";
    let step = Step::Firewall(Firewall {
        ipv4: vec![chain(Table::Filter, "INPUT", guard), chain(Table::Nat, "PREROUTING", way)],
        ipv6: vec![chain(Table::Filter, "INPUT", "! -i lo -p tcp -m tcp --dport 9 -j DROP")],
        opens: Sysctl { key: SETTING.into(), value: opposite() },
    });
    let iptables = install(&["iptables"]);
    let before = iptables.check(host).map_err(shown_error)?;
    if before.is_some() {
        iptables.apply(host, &Context::default()).map_err(shown_error)?;
    }
    let rules = || {
        let saved = ["iptables", "ip6tables"]
            .map(|tool| ["filter", "nat"].map(|table| process(tool, &["-w", "-t", table, "-S"])).concat());
        saved.concat() + &read_setting()
    };
    let law = keeps(host, &step, &rules);
    if let Some(before) = before {
        iptables.undo(host, &before).map_err(shown_error)?;
    }
    law
}

/// Packages that are unpacked and not configured are what an interrupted dpkg leaves.
fn repairs(host: &mut Linux, package: &str) -> Law {
    let repair = Step::RepairPackages(RepairPackages {
        manager: Manager::Apt,
        ours: Vec::new(),
        lock_seconds: PATIENCE,
    });
    if repair.check(host).map_err(shown_error)?.is_some() {
        return Err("the package manager was broken already".into());
    }
    let install = install(&[package]);
    let before = install.check(host).map_err(shown_error)?.ok_or("the package is there already")?;
    process("apt-get", &["clean"]);
    process("apt-get", &["install", "-y", "-d", "--no-install-recommends", package]);
    process("sh", &["-c", "dpkg --unpack /var/cache/apt/archives/*.deb"]);
    repair.check(host).map_err(shown_error)?.ok_or("unpacked packages are not seen as unfinished")?;
    repair.apply(host, &Context::default()).map_err(shown_error)?;
    let law = match repair.check(host).map_err(shown_error)? {
        Some(_) => Err("it would repair once more".to_owned()),
        None => Ok(()),
    };
    install.undo(host, &before).map_err(shown_error)?;
    process("apt-get", &["autoremove", "-y", "--purge"]);
    law
}

fn install(names: &[&str]) -> Step {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Step::InstallPackages(InstallPackages { names, lock_seconds: PATIENCE, ..InstallPackages::default() })
}

/// The packages that dpkg knows, with their states.
fn installed() -> String {
    process("dpkg-query", &["-W", "-f", "${Package} ${db:Status-Abbrev}\n"])
}

fn read_setting() -> String {
    let path = format!("/proc/sys/{}", SETTING.replace('.', "/"));
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn opposite() -> String {
    if read_setting() == "1" { "0".into() } else { "1".into() }
}

fn process(program: &str, arguments: &[&str]) -> String {
    let mut process = Process::new(program);
    process.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C");
    match process.output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(e) => format!("{program}: {e}"),
    }
}

/// A path, and what is below it: kinds, modes, contents.
fn shown(path: &Path) -> String {
    let Ok(stat) = fs::symlink_metadata(path) else { return "nothing".into() };
    let mode = stat.permissions().mode() & 0o7777;
    let mut text = format!("{} {mode:o}", path.display());
    if stat.is_file() {
        text += &format!(" {:?}", fs::read(path).unwrap_or_default());
    } else if stat.is_dir() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        text += &paths.iter().map(|path| format!("\n{}", shown(path))).collect::<String>();
    }
    text
}

fn same(is: &str, should: &str, when: &str) -> Law {
    if is == should { Ok(()) } else { Err(format!("{when}, it is\n{is}\nand should be\n{should}")) }
}

fn shown_error(error: landfall::error::Error) -> String {
    error.to_string().replace('\n', "; ")
}
