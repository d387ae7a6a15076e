//! `scripts/try-windows`, up to the machine: a fake QEMU takes the place of one with Windows on it, which nobody here has.
//!
//! Shown: what the machine would be given, that its files follow the grammars of XML and of PowerShell (by a parser that is
//! not PowerShell's own), and that what it says decides how the script ends. Not shown: that Windows takes any of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

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
        let mut script = programs::script("try-windows");
        script.args(["--medium", &self.path("medium.iso"), "--activation", &self.path("activation.json")]);
        script.args(["--region", "eu-central-1", "--folder", &self.path("out")]).args(more);
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap());
        script.env("PATH", path).env("SAYS", says).env("KEPT", self.folder.path());
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
    let output = machine.run("passed up\nthe end\n", &["--cluster", "harbour", "--index", "3"]);
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

    // Code and password are gone with the machine.
    assert!(!Path::new(&machine.path("out/answers.iso")).exists());
    assert!(!Path::new(&machine.path("out/answers")).exists());
}

#[test]
fn what_a_windows_says_decides_and_a_silent_one_has_failed() {
    for (says, passes) in
        [("passed a\nthe end\n", true), ("passed a\nFAILED b\nthe end\n", false), ("passed a\n", false)]
    {
        let output = Try::new().run(says, &[]);
        assert_eq!(output.status.success(), passes, "{says}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("passed a"), "{says}");
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
