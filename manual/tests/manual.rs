//! The manual is whole, and what reads it has nothing to say about it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::CommandFactory;
use landfall::cli::{Cli, Options};
use tempfile::TempDir;

const DATE: &str = "2026-11-27";

#[test]
fn every_command_that_help_lists_has_its_page_and_no_other_has() {
    for (program, command) in
        [("landfall", Cli::command()), ("landfall-image", image_recipes::cli::Cli::command())]
    {
        let mut expected = listed(command, program);
        if program == "landfall" {
            expected.push("landfall-config.toml.5".into());
        }
        let files = manual::files(DATE).into_iter().filter(|file| file.program == program);
        let mut pages: Vec<String> = files.map(|it| it.name).filter(|it| it.ends_with(['1', '5'])).collect();
        expected.sort();
        pages.sort();
        assert_eq!(pages, expected);
    }
}

/// The pages of a command and those below it, by what its help says.
fn listed(mut command: clap::Command, name: &str) -> Vec<String> {
    let help = command.render_help().to_string();
    let lines =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let mut pages = vec![format!("{name}.1")];
    for below in names.into_iter().filter(|it| !it.is_empty()) {
        let command = command.find_subcommand(below).expect("help lists it").clone();
        pages.extend(listed(command, &format!("{name}-{below}")));
    }
    pages
}

#[test]
fn each_flag_stands_on_its_page_with_what_it_does_and_its_variable() {
    let command = Cli::command();
    for name in ["up", "plan", "seal", "self-update"] {
        let page = read(&["man", "--local-file"], &format!("landfall-{name}.1"));
        for flag in command.find_subcommand(name).expect("it is a command").get_arguments() {
            let help = flag.get_help().expect("each has").to_string();
            let variable = flag.get_env().map(|it| it.to_string_lossy().into_owned());
            for told in [format!("--{}", flag.get_long().expect("each has"))]
                .into_iter()
                .chain([help])
                .chain(variable)
            {
                let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(page.contains(&told), "'{told}' is not in {page}");
            }
        }
    }
}

#[test]
fn each_key_of_the_configuration_file_reads_as_its_page_has_it() {
    let page = String::from_utf8(file("landfall-config.toml.5").1).expect("it is text");
    let plain = page.replace("\\fB", "").replace("\\fI", "").replace("\\fR", "").replace("\\-", "-");
    let keys: Vec<&str> =
        plain.lines().skip_while(|line| *line != ".SH KEYS").filter(|it| it.contains(" = ")).collect();
    for key in &keys {
        let (name, kind) = key.split_once(" = ").expect("it has one");
        let first = kind.split(" or ").next().expect("there is one");
        let value = match first.trim_end_matches(", ...]") {
            "number" => "7".to_owned(),
            list if list.starts_with('[') => format!("{}]", list.trim_end_matches(']')),
            other => other.to_owned(),
        };
        toml::from_str::<Options>(&format!("{name} = {value}")).unwrap_or_else(|e| panic!("{key}: {e}"));
    }
    let up = Cli::command();
    let flags = up.find_subcommand("up").expect("it is a command").get_arguments().count();
    // And one that is the example.
    assert!(keys.len() >= flags && flags > 30, "{} keys, {flags} flags", keys.len());
}

#[test]
fn man_and_mandoc_have_nothing_to_warn_of() {
    let folder = TempDir::new().expect("a folder");
    for file in manual::files(DATE).into_iter().filter(|it| it.name.ends_with(['1', '5'])) {
        let path = written(folder.path(), &file.name, &file.content);
        let read = run(Command::new("man").args(["--warnings", "--local-file"]).arg(&path));
        assert!(read.stderr.is_empty(), "{}: {}", file.name, said(&read));
        let lint = run(Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(&path));
        let warnings = String::from_utf8_lossy(&lint.stdout).into_owned();
        // Around the values that a flag may have, clap_mangen leaves more room than there can be.
        let of_ours = |line: &&str| !line.contains("skipping paragraph macro: br ");
        assert_eq!(warnings.lines().find(of_ours), None);
    }
}

#[test]
fn each_shell_reads_its_completions_and_none_offers_what_is_for_units() {
    let folder = TempDir::new().expect("a folder");
    for file in manual::files(DATE).into_iter().filter(|it| !it.name.ends_with(['1', '5'])) {
        let path = written(folder.path(), &file.name, &file.content);
        let (shell, flag) = match file.name.rsplit('.').next() {
            Some("bash") => ("bash", "-n"),
            Some("fish") => ("fish", "--no-execute"),
            _ => ("zsh", "-n"),
        };
        let read = run(Command::new(shell).arg(flag).arg(&path));
        assert!(read.status.success() && read.stderr.is_empty(), "{}: {}", file.name, said(&read));
        let text = String::from_utf8(file.content).expect("it is text");
        for hidden in ["first-boot", "wait-for-credentials", "(used by a unit)"] {
            assert!(!text.contains(hidden), "{} offers {hidden}", file.name);
        }
    }
}

#[test]
fn a_shell_completes_commands_flags_and_values() {
    let folder = TempDir::new().expect("a folder");
    let (name, content) = file("landfall.bash");
    let bash = written(folder.path(), &name, &content);
    for (typed, offered) in [
        ("un", "uninstall"),
        ("up --regi", "--region"),
        ("plan --arch aa", "aarch64"),
        ("identity acc", "accept"),
    ] {
        let script = format!(
            "source {}; COMP_WORDS=(landfall {typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _landfall landfall \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo \"${{COMPREPLY[@]}}\"",
            bash.display()
        );
        let output = run(Command::new("bash").args(["-c", &script]));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), offered, "{}", said(&output));
    }
    let (name, content) = file("landfall.fish");
    let fish = written(folder.path(), &name, &content);
    let output =
        run(Command::new("fish")
            .args(["-c", &format!("source {}; complete -C 'landfall un'", fish.display())]));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("uninstall\t"), "{}", said(&output));
}

fn file(name: &str) -> (String, Vec<u8>) {
    let found = manual::files(DATE).into_iter().find(|it| it.name == name && it.program == "landfall");
    found.map(|it| (it.name, it.content)).unwrap_or_else(|| panic!("there is no {name}"))
}

/// A page as a person reads it, with single spaces and no line ends.
fn read(reader: &[&str], page: &str) -> String {
    let folder = TempDir::new().expect("a folder");
    let (name, content) = file(page);
    let path = written(folder.path(), &name, &content);
    let mut command = Command::new(reader[0]);
    // A line as long as the longest sentence: nothing is hyphenated.
    command.args(&reader[1..]).arg(path).env("MANWIDTH", "1000");
    let output = run(&mut command);
    String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn written(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("it can be written");
    path
}

fn run(command: &mut Command) -> Output {
    // What a person has set for reading is not what is tried here.
    command.env("LC_ALL", "C.UTF-8").env_remove("MANOPT").env("MANPAGER", "cat");
    command.output().unwrap_or_else(|e| panic!("{command:?}: {e}; scripts/setup installs it"))
}

fn said(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
