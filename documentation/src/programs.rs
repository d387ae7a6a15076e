//! What is to be said of a call: whether the program takes it, and what it needs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::{Command, CommandFactory, Parser};

use crate::pages::root;

/// Programs of others that pages call, and the mark that each call of one needs. A new one is to be thought about.
const OTHERS: [(&str, Option<&str>); 42] = [
    ("ansible-galaxy", None),
    ("ansible-playbook", Some("AWS")),
    ("apt", Some("a release")),
    ("aws", Some("AWS")),
    ("base64", None),
    ("cd", None),
    ("chmod", None),
    ("cloud-init", None),
    ("cp", None),
    ("curl", Some("a release")),
    ("cut", None),
    ("dd", None),
    ("dnf", Some("a release")),
    ("git", None),
    ("govc", Some("vSphere")),
    ("grep", None),
    ("journalctl", None),
    ("jq", None),
    ("minisign", None),
    ("mkdir", None),
    ("qemu-img", None),
    ("qemu-system-x86_64", Some("Windows")),
    ("qm", Some("Proxmox")),
    ("reboot", None),
    ("rm", None),
    ("scp", Some("Proxmox")),
    ("sed", None),
    ("sha256sum", None),
    ("systemctl", None),
    ("tr", None),
    ("truncate", None),
    ("umask", None),
    ("wget", Some("the internet")),
    ("zypper", Some("a release")),
    ("Add-VMHardDiskDrive", Some("Hyper-V")),
    ("Copy-Item", Some("Hyper-V")),
    ("Get-VMHardDiskDrive", Some("Hyper-V")),
    ("Invoke-WebRequest", Some("a release")),
    ("New-VM", Some("Hyper-V")),
    ("Remove-Item", Some("Hyper-V")),
    ("Set-VMFirmware", Some("Hyper-V")),
    ("Start-VM", Some("Hyper-V")),
];
/// Those that only ever come behind a pipe.
const BEHIND_PIPES: [&str; 2] = ["Where-Object", "Remove-VMHardDiskDrive"];
/// Every mark that there is.
pub const MARKS: [&str; 7] = ["AWS", "Hyper-V", "Proxmox", "Windows", "a release", "the internet", "vSphere"];

/// What a call needs, or why its program would not take it.
///
/// # Errors
/// When it would not.
pub fn judge(call: &[String]) -> Result<Vec<&'static str>, String> {
    let [program, words @ ..] = call else { return Ok(Vec::new()) };
    let name = program
        .rsplit('/')
        .next()
        .unwrap_or(program)
        .trim_start_matches('$')
        .replace("landfall_image", "landfall-image");
    match name.as_str() {
        "landfall" => landfall(words),
        "landfall-image" => takes::<image_recipes::cli::Cli>(&name, words).map(|()| Vec::new()),
        "aws-simulator" => named_in("vm-tests/simulator/src/bin/aws-simulator.rs", words, as_declared),
        "sh" => install_script(words),
        "landfall.exe" => landfall(words).map(|needs| [needs, vec!["Windows"]].concat()),
        // install.ps1 hands its flags on, as install.sh does.
        "powershell" => {
            install_script(words.get(4..).unwrap_or_default()).map(|needs| [needs, vec!["Windows"]].concat())
        }
        "cargo" => cargo(words),
        _ if program.starts_with("scripts/") => script(program, words),
        other => match OTHERS.iter().find(|(known, _)| *known == other) {
            Some((_, needed)) => paths_are_there(words).map(|()| needed.iter().copied().collect()),
            None if BEHIND_PIPES.contains(&other) => Ok(Vec::new()),
            None => Err(format!("{other} is not among the programs that pages call")),
        },
    }
}

fn landfall(words: &[String]) -> Result<Vec<&'static str>, String> {
    takes::<landfall::cli::Cli>("landfall", words)?;
    Ok(match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["up" | "register" | "first-boot", ..] | ["identity", "renew", ..] => vec!["AWS"],
        ["self-update", ..] => vec!["a release"],
        _ => Vec::new(),
    })
}

/// install.sh hands its flags on to `landfall up`.
fn install_script(words: &[String]) -> Result<Vec<&'static str>, String> {
    let flags: Vec<String> =
        words.iter().filter(|it| !["-s", "--", "install.sh"].contains(&it.as_str())).cloned().collect();
    if flags.is_empty() {
        return Ok(vec!["a release"]);
    }
    landfall(&[vec!["up".to_owned()], flags].concat()).map(|needs| [needs, vec!["a release"]].concat())
}

fn cargo(words: &[String]) -> Result<Vec<&'static str>, String> {
    let lock = read("Cargo.lock");
    let packages = words.windows(2).filter(|pair| ["-p", "--package"].contains(&pair[0].as_str()));
    for pair in packages.clone() {
        if !lock.contains(&format!("name = \"{}\"", pair[1])) {
            return Err(format!("there is no package {}", pair[1]));
        }
    }
    let own = words.split(|it| it == "--").nth(1).unwrap_or_default();
    if words.first().is_some_and(|it| it == "run") && packages.clone().any(|pair| pair[1] == "vm-tests") {
        takes::<vm_tests::cli::Arguments>("vm-tests", own)?;
    }
    paths_are_there(words).map(|()| Vec::new())
}

/// A script of this repository: it is there, can be run, and knows the flags, itself or by the task that it hands them to.
fn script(path: &str, words: &[String]) -> Result<Vec<&'static str>, String> {
    let there = fs::metadata(root().join(path)).map_err(|e| format!("{path}: {e}"))?;
    if there.permissions().mode() & 0o111 == 0 {
        return Err(format!("{path} cannot be run"));
    }
    let text = read(path);
    let Some((before, _)) = text.split_once(" \"$@\"").filter(|(it, _)| it.contains("-p vm-tests -- "))
    else {
        return named_in(path, words, str::to_owned);
    };
    let task = before.rsplit(' ').next().unwrap_or_default().to_owned();
    takes::<vm_tests::cli::Arguments>("vm-tests", &[&[task], words].concat()).map(|()| Vec::new())
}

/// A flag as the field that it becomes, a command as a name of the enum.
fn as_declared(word: &str) -> String {
    match (word.strip_prefix("--"), word.split_at(1)) {
        (Some(flag), _) => format!("{}: ", flag.replace('-', "_")),
        (None, (first, rest)) => format!("{}{rest}", first.to_uppercase()),
    }
}

/// Whether a program's text has these flags and, first, this command, as it spells them.
fn named_in(path: &str, words: &[String], spelt: fn(&str) -> String) -> Result<Vec<&'static str>, String> {
    let text = read(path);
    let is_command =
        |(at, word): &(usize, &String)| word.starts_with("--") || *at == 0 && !word.contains(['/', '.']);
    let mut named =
        words.iter().enumerate().filter(is_command).map(|(_, word)| word.split('=').next().unwrap_or(word));
    match named.find(|word| !text.contains(&spelt(word))) {
        Some(unknown) => Err(format!("{path} knows no {unknown}")),
        None => paths_are_there(words).map(|()| Vec::new()),
    }
}

fn takes<P: Parser>(name: &str, words: &[String]) -> Result<(), String> {
    let call = std::iter::once(name.to_owned()).chain(words.iter().cloned());
    P::try_parse_from(call).map(drop).map_err(|e| e.to_string())
}

/// What looks like a path in this repository is one.
fn paths_are_there(words: &[String]) -> Result<(), String> {
    let folders = ["docs/", "image-recipes/", "installer/", "scripts/", "vm-tests/"];
    let missing = words
        .iter()
        .find(|it| folders.iter().any(|folder| it.starts_with(folder)) && !root().join(it).exists());
    missing.map_or(Ok(()), |it| Err(format!("there is no {it}")))
}

/// Words between backticks: the command is there, and has these flags; what it wants besides may be left out.
///
/// # Errors
/// When it is not, or has one not.
pub fn mentioned(span: &str) -> Result<(), String> {
    let words = shlex::split(span).unwrap_or_default();
    let mut command: Command = match words.first().map(String::as_str) {
        Some("landfall") => landfall::cli::Cli::command(),
        Some("landfall-image") => image_recipes::cli::Cli::command(),
        _ => return Ok(()),
    };
    command.build();
    let mut words = words[1..].iter().peekable();
    while let Some(below) = words.peek().and_then(|word| command.find_subcommand(word).cloned()) {
        command = below;
        words.next();
    }
    let is_placeholder = |word: &str| word.bytes().all(|it| it.is_ascii_uppercase());
    match words.peek() {
        Some(word) if command.has_subcommands() && !word.starts_with('-') && !is_placeholder(word) => {
            return Err(format!("{} knows no {word}", command.get_name()));
        }
        _ => {}
    }
    let flags =
        words.filter_map(|word| word.strip_prefix("--")).map(|flag| flag.split('=').next().unwrap_or(flag));
    let knows = |flag: &&str| {
        command.get_arguments().any(|it| it.get_long() == Some(flag)) || ["help", "version"].contains(flag)
    };
    let unknown: Vec<&str> = flags.filter(|flag| !knows(flag)).collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(format!("{} has no --{}", command.get_name(), unknown.join(", --")))
    }
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(call: &str) -> Result<Vec<&'static str>, String> {
        judge(&shlex::split(call).unwrap())
    }

    #[test]
    fn what_a_program_does_not_take_is_refused() {
        for wrong in [
            "landfall up --regoin x",
            "landfall-image bake",
            "target/release/landfall-image seed --inventory a",
            "scripts/tset",
            "scripts/test --fast",
            "scripts/try --fast",
            "cargo run -p vm-tests -- support-tabel",
            "cargo build -p landfal",
            "sh -s -- --regoin x",
            "aws-simulator sevre",
            "aws-simulator serve --objcets x",
            "curl-like",
            "sed s/a/b/ scripts/cloud-init/gone.yaml",
        ] {
            assert!(judged(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_it_takes_needs_what_its_kind_needs() {
        assert_eq!(judged("landfall up --region x"), Ok(vec!["AWS"]));
        assert_eq!(judged("sh -s -- --region x"), Ok(vec!["AWS", "a release"]));
        assert_eq!(judged("landfall plan --as debian-12"), Ok(Vec::new()));
        assert_eq!(judged("scripts/try --keep"), Ok(Vec::new()));
        assert_eq!(judged("$landfall_image media x --output y"), Ok(Vec::new()));
    }

    #[test]
    fn a_mention_may_leave_out_what_a_call_has_to_have() {
        assert_eq!(mentioned("landfall install --root DIR"), Ok(()));
        assert_eq!(mentioned("landfall-image media"), Ok(()));
        assert_eq!(mentioned("landfall COMMAND --help"), Ok(()));
        assert!(mentioned("landfall instal").is_err());
        assert!(mentioned("landfall seal --verfy").is_err());
    }
}
