//! What has to be so before a release is built, and what cargo gets to see then.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use tempfile::TempDir;
use vm_tests::programs::workspace;

use crate::sandbox::{BASE, assert_refused, said};

/// A clone of a repository that has the scripts of this one and nothing else, and a cargo that only tells of itself.
struct ScriptsAlone(TempDir);

impl ScriptsAlone {
    fn new() -> Self {
        let clone = Self(TempDir::new().unwrap());
        clone.run(
            "mkdir clone programs && cp -r \"$SCRIPTS\" clone/scripts && cd clone && git init --quiet \\\n\
                   && git add . && git -c user.name=x -c user.email=x@example.org commit --quiet --message x",
        );
        let cargo = clone.0.path().join("programs/cargo");
        fs::write(&cargo, "#!/bin/sh\nenv >\"${0%/*}/../seen\"\nexit 9\n").unwrap();
        fs::set_permissions(cargo, fs::Permissions::from_mode(0o755)).unwrap();
        clone
    }

    fn run(&self, script: &str) {
        let output = self.command("sh").args(["-c", script]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    }

    fn build(&self, variables: &[(&str, &str)]) -> Output {
        let mut command = self.command("clone/scripts/build-release");
        command.envs(variables.iter().copied());
        command.args(["--base-url", BASE, "--output", "release"]).output().unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(program);
        command
            .env("PATH", format!("{}:{path}", self.0.path().join("programs").display()))
            .env("SCRIPTS", workspace().join("scripts"))
            .env("LANDFALL_CACHE", self.0.path().join("cache"))
            .env("CARGO_TARGET_DIR", self.0.path().join("target"))
            .current_dir(self.0.path());
        command
    }
}

#[test]
fn an_untidy_clone_and_a_folder_with_something_in_it_are_refused_and_cargo_is_not_asked() {
    let clone = ScriptsAlone::new();
    clone.run("mkdir release && touch release/landfall");
    assert_refused(&clone.build(&[]), 2, "release is not empty");
    clone.run("rm -r release && touch clone/release.key");
    assert_refused(&clone.build(&[]), 2, "this clone has changes beside its own");
    clone.run("rm clone/release.key && echo >>clone/scripts/build");
    assert_refused(&clone.build(&[]), 2, "this clone has changes beside its own");
    assert!(!clone.0.path().join("seen").exists());
}

#[test]
fn cargo_sees_neither_the_secret_key_nor_what_a_shell_has_for_other_builds() {
    let clone = ScriptsAlone::new();
    let output = clone.build(&[
        ("LANDFALL_RELEASE_KEY", "untrusted comment: of-a-test"),
        ("CFLAGS", "of-a-test"),
        ("CFLAGS_x86_64_unknown_linux_musl", "of-a-test"),
        ("TARGET_CFLAGS", "of-a-test"),
        ("CC_x86_64_unknown_linux_musl", "of-a-test"),
        ("RUSTFLAGS", "of-a-test"),
        ("CARGO_ENCODED_RUSTFLAGS", "of-a-test"),
        ("CARGO_BUILD_RUSTFLAGS", "of-a-test"),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "of-a-test"),
        ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER", "of-a-test"),
    ]);
    assert!(!output.status.success(), "{}", said(&output));
    let seen = fs::read_to_string(clone.0.path().join("seen")).unwrap();
    assert!(seen.contains("LANDFALL_CACHE=") && !seen.contains("of-a-test"), "{seen}");
}
