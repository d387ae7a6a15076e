//! Each shell, by a pipe and by a file.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::sandbox::{SHELLS, Sandbox, can_run, said, stderr, stdout};

const CALLED: &str = "stand-in for x86_64 called with 5 words: up --region eu-central-1 --cluster two words\n\
                      files may have unlimited\nread ''\n";

#[test]
fn each_shell_installs_and_runs_up_with_the_flags_whether_the_script_is_piped_or_downloaded() {
    if !can_run() {
        return;
    }
    for shell in SHELLS {
        for script in [
            "curl -fsS $LANDFALL_BASE_URL/install.sh | SHELL_ -s -- --region eu-central-1 --cluster 'two words'",
            "SHELL_ install.sh --region eu-central-1 --cluster 'two words' </dev/null",
        ] {
            let sandbox = Sandbox::new();
            let script = format!("umask 077; {}", script.replace("SHELL_", shell));
            let output = sandbox.run(&script);
            assert!(output.status.success(), "{script}: {}", said(&output));
            assert_eq!(stdout(&output), CALLED, "{script}: {}", said(&output));
            assert_eq!(
                sandbox.installed(),
                fs::read(sandbox.release("landfall-x86_64-linux")).ok(),
                "{script}"
            );
            assert_eq!(sandbox.left(), ["landfall"], "{script}");
            let mode = fs::metadata(sandbox.path("bin/landfall")).unwrap().permissions().mode() & 0o7777;
            assert_eq!(mode, 0o755, "{script}");
        }
    }
}

#[test]
fn without_flags_it_only_installs_and_asked_for_help_it_does_not_even_that() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    let output = sandbox.run("sh install.sh --help");
    assert!(output.status.success() && stdout(&output).starts_with("usage: "), "{}", said(&output));
    assert_eq!((sandbox.left().len(), sandbox.programs_asked_for()), (0, 0));
    let output = sandbox.run("sh -s <install.sh");
    assert!(output.status.success() && stdout(&output).is_empty(), "{}", said(&output));
    assert!(
        stderr(&output).ends_with("landfall 0.1.0 is installed: /usr/local/bin/landfall\n"),
        "{}",
        said(&output)
    );
    assert_eq!(sandbox.left(), ["landfall"]);
}

#[test]
fn what_up_ends_with_is_what_the_script_ends_with() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    for script in ["sh install.sh --fail", "sh -s -- --fail <install.sh"] {
        assert_eq!(sandbox.run(script).status.code(), Some(7), "{script}");
    }
}

#[test]
fn an_activation_is_typed_at_the_terminal_where_the_script_came_by_a_pipe_and_read_from_a_file_where_it_did_not()
 {
    if !can_run() {
        return;
    }
    for shell in SHELLS {
        let sandbox = Sandbox::new();
        let at_a_terminal =
            format!("script -qec 'cat install.sh | {shell} -s -- --activation-file -' /dev/null");
        let output = sandbox.run(&format!("(sleep 2; echo typed; sleep 1) | {at_a_terminal}"));
        assert!(stdout(&output).contains("read 'typed'"), "{shell}: {}", said(&output));
        let output = sandbox.run(&format!("echo from a file | {shell} install.sh --activation-file -"));
        assert!(stdout(&output).contains("read 'from a file'"), "{shell}: {}", said(&output));
        // Nobody is there, and what follows the script in the pipe is no answer.
        let output = sandbox
            .run(&format!("(cat install.sh; echo rest) | setsid -w {shell} -s -- --activation-file -"));
        assert!(stdout(&output).contains("read ''"), "{shell}: {}", said(&output));
    }
}

#[test]
fn a_script_that_was_cut_off_anywhere_does_nothing() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    let length = fs::metadata(sandbox.release("install.sh")).unwrap().len();
    for shell in SHELLS {
        // Each 64th byte, and each of the last 64 up to the brace that makes it whole.
        let last = length - 2;
        let cuts = format!("seq 0 64 {last}; seq {} {last}", last - 62);
        let output = sandbox.run(&format!(
            "for cut in $({cuts}); do head -c $cut install.sh | {shell} -s -- --region x 2>/dev/null; done"
        ));
        assert_eq!(stdout(&output), "", "{shell}");
        assert_eq!((sandbox.left().len(), sandbox.programs_asked_for()), (0, 0), "{shell}");
    }
    let whole = sandbox.run(&format!("head -c {} install.sh | sh -s -- --region x", length - 1));
    assert!(whole.status.success() && sandbox.programs_asked_for() == 1, "{}", said(&whole));
}
