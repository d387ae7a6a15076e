//! `scripts/try-windows`, up to the machine: a fake QEMU takes the place of one with Windows on it.
//!
//! Shown: what the machine would be given, that its files follow the grammars of XML and of PowerShell (by a parser that is
//! not PowerShell's own), that the real QEMU takes the arguments, and that what the machine says decides how the script
//! ends. Not shown: that Windows takes any of it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use vm_tests::host_command;
use vm_tests::programs;

use crate::powershell::mistakes;

/// A QEMU that keeps what it was given, and says what a Windows would have said.
const FAKE: &str = r#"#!/bin/sh
for word; do
    case $word in
    file=*answers.iso,*) file=${word#file=} && cp "${file%%,*}" "$KEPT/answers.iso" ;;
    file:*) said=${word#file:} ;;
    esac
done
printf '%s\n' "$@" >"$KEPT/words"
printf '%b' "$SAYS" >"$said"
exit "$ENDS"
"#;

struct Try {
    folder: TempDir,
}

impl Try {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
        write("qemu-system-x86_64", FAKE);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path().join("qemu-system-x86_64"), mode).unwrap();
        for name in ["medium.iso", "landfall.exe", "activation.json"] {
            write(name, name);
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run(&self, says: &str, more: &[&str]) -> Output {
        self.run_and_end(says, 0, more)
    }

    fn run_and_end(&self, says: &str, ends: i32, more: &[&str]) -> Output {
        let mut script = programs::script("try-windows");
        script.args(["--medium", &self.path("medium.iso"), "--activation", &self.path("activation.json")]);
        script.args(["--region", "eu-central-1", "--folder", &self.path("out")]).args(more);
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap());
        script
            .env("PATH", path)
            .env("SAYS", says)
            .env("ENDS", ends.to_string())
            .env("KEPT", self.folder.path());
        script.env("LANDFALL_WINDOWS_BINARY", self.path("landfall.exe")).output().unwrap()
    }
}

/// The files of a disc.
fn unpacked(iso: &str, folder: &Path) {
    let mut xorriso = Command::new("xorriso");
    xorriso.args(["-report_about", "WARNING", "-osirrox", "on", "-indev", iso, "-extract", "/"]).arg(folder);
    host_command::finish(&mut xorriso).unwrap();
}

#[test]
fn a_real_windows_is_given_answers_scenarios_the_program_and_the_activation_and_nothing_else() {
    let machine = Try::new();
    let output = machine.run(
        "landfall-try: passed up\r\nlandfall-try: the end\r\n",
        &["--cluster", "harbour", "--index", "3"],
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let disc = machine.folder.path().join("disc");
    unpacked(&machine.path("answers.iso"), &disc);
    let mut names: Vec<_> =
        fs::read_dir(&disc).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["activation.json", "autounattend.xml", "landfall.exe", "scenarios.ps1"]);
    let read = |name: &str| fs::read_to_string(disc.join(name)).unwrap();

    let answers = read("autounattend.xml");
    assert!(answers.contains("<Key>/IMAGE/INDEX</Key><Value>3</Value>"), "{answers}");
    let well_formed = "import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])";
    host_command::run("python3", ["-c", well_formed, &disc.join("autounattend.xml").display().to_string()])
        .unwrap();
    let scenarios = read("scenarios.ps1");
    assert!(scenarios.contains("'--cluster', 'harbour'") && scenarios.contains("'eu-central-1'"));
    assert!(!answers.contains('@') || answers.matches('@').count() == 1, "a blank is left: {answers}");
    assert_eq!(mistakes(&scenarios), [0; 0]);

    // Code and password are gone with the machine's disks.
    let mut kept: Vec<_> = fs::read_dir(machine.path("out"))
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, ["qemu.txt", "said.txt"]);
}

#[test]
fn the_real_qemu_takes_the_arguments_with_disks_in_the_place_of_those_that_are_gone() {
    let machine = Try::new();
    assert!(machine.run("landfall-try: the end\n", &[]).status.success());
    let words = fs::read_to_string(machine.path("words")).unwrap();
    let file = |name: &str, size: u64| {
        let path = machine.folder.path().join(name);
        fs::File::create(&path).unwrap().set_len(size).unwrap();
        path.display().to_string()
    };
    let (disk, disc) = (file("disk", 1 << 20), file("disc", 1 << 20));
    let variables = machine.path("variables");
    fs::copy("/usr/share/OVMF/OVMF_VARS_4M.fd", &variables).unwrap();
    let word = |word: &str| {
        let Some((_, rest)) = word.split_once("file=/") else { return word.to_owned() };
        let name = rest.split(',').next().unwrap_or_default();
        let instead = match name.rsplit('/').next() {
            Some("windows.qcow2") => &disk,
            Some("medium.iso" | "answers.iso") => &disc,
            Some("variables.fd") => &variables,
            _ => return word.to_owned(),
        };
        word.replace(&format!("/{name}"), instead)
    };
    // As it is started, and then told to end before it begins.
    let of_processor = ["-accel", "kvm", "tcg", "-cpu", "host", "max"];
    let words = words.lines().filter(|it| !of_processor.contains(it)).map(word);
    let mut qemu = Command::new("/usr/bin/qemu-system-x86_64");
    qemu.args(words).args(["-S", "-accel", "tcg"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut qemu = qemu.stdout(Stdio::null()).spawn().unwrap();
    qemu.stdin.take().unwrap().write_all(b"quit\n").unwrap();
    let output = qemu.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_a_windows_says_decides_and_a_silent_one_has_failed() {
    // The firmware says something first, and ends no line.
    let noise = "\\033[2J\\033[01;01HBdsDxe: starting";
    let passed = "landfall-try: passed a\r\n";
    let end = "landfall-try: the end\r\n";
    let failed = "landfall-try: FAILED b\r\n";
    for (says, ends, code, hint) in [
        (format!("{noise}{passed}{end}"), 0, 0, ""),
        (format!("{passed}{noise}{failed}{end}"), 0, 1, "a scenario failed"),
        (format!("{noise}{passed}"), 0, 1, "before the end"),
        (format!("{passed}{end}"), 3, 1, "QEMU ended with 3"),
    ] {
        let output = Try::new().run_and_end(&says, ends, &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(hint) && (code == 0 || told.contains("hint: ")), "{told}");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.starts_with("passed a\n") && !said.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn what_is_missing_or_would_be_a_command_is_refused_before_anything_is_made() {
    let machine = Try::new();
    let output = machine.run("", &["--cluster", "a'; Remove-Item C:\\"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("hint: "), "{said}");
    let output = machine.run("", &["--medium", "/nowhere.iso"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!Path::new(&machine.path("out")).exists());
}
