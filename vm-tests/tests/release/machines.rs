//! Machines of every kind that a script may be run on.

use std::fs;

use crate::sandbox::{ALWAYS_THERE, BASE, Sandbox, assert_refused, can_run, said, stdout};

/// A search path whose `uname` says so.
fn a_machine(sandbox: &Sandbox, system: &str, machine: &str) -> String {
    let others: Vec<&str> = ALWAYS_THERE.into_iter().filter(|it| *it != "uname").collect();
    let path = sandbox.search_path(&[&others[..], &["sha256sum", "curl"]].concat());
    let uname = format!("#!/bin/sh\ncase $1 in -s) echo {system} ;; *) echo {machine} ;; esac\n");
    fs::write(format!("{path}/uname"), uname).unwrap();
    fs::set_permissions(format!("{path}/uname"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    path
}

#[test]
fn each_architecture_gets_its_own_program_under_either_of_its_names() {
    if !can_run() {
        return;
    }
    for (machine, architecture) in
        [("x86_64", "x86_64"), ("amd64", "x86_64"), ("aarch64", "aarch64"), ("arm64", "aarch64")]
    {
        let sandbox = Sandbox::new();
        let path = a_machine(&sandbox, "Linux", machine);
        let output = sandbox.run(&format!("PATH={path} /bin/sh install.sh --region x"));
        let expected = format!("stand-in for {architecture} called with 3 words");
        assert!(stdout(&output).starts_with(&expected), "{machine}: {}", said(&output));
    }
}

#[test]
fn another_system_architecture_or_userland_is_refused_and_nothing_is_touched() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    for (system, machine, sentence) in [
        ("Darwin", "arm64", "this is Darwin"),
        ("Linux", "armv7l", "there is no landfall for armv7l"),
        ("Linux", "i686", "there is no landfall for i686"),
        ("Linux", "riscv64", "there is no landfall for riscv64"),
    ] {
        let path = a_machine(&sandbox, system, machine);
        assert_refused(&sandbox.run(&format!("PATH={path} /bin/sh install.sh --region x")), 2, sentence);
    }
    // The head of a 32-bit program of ARM's, in the place of the first one here.
    let head = r"mount -t tmpfs none /proc/1; printf '\177ELF\001\001\001' >/proc/1/exe";
    let output = sandbox.run_after(head, "sh install.sh --region x");
    assert_refused(&output, 2, "this system's programs are 32-bit ones");
    assert_eq!((sandbox.left().len(), sandbox.programs_asked_for()), (0, 0));
    let head = head.replace(r"ELF\001", r"ELF\002");
    let output = sandbox.run_after(&head, "sh install.sh");
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_tmp_that_runs_nothing_and_a_home_for_reading_alone_do_not_matter() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    let home = sandbox.path("home").display().to_string();
    let mounts = format!(
        "mount -t tmpfs -o noexec none /tmp; mount --bind {home} {home}; mount -o remount,bind,ro {home} {home}"
    );
    let still_so =
        "! touch ~/x 2>/dev/null && cp /bin/true /tmp/x && ! /tmp/x 2>/dev/null && rm /tmp/x || exit 9;";
    for downloader in ["curl", "wget"] {
        let path = sandbox.search_path(&[&ALWAYS_THERE[..], &["sha256sum", downloader]].concat());
        let script = format!("{still_so} PATH={path} /bin/sh -s -- --region x <install.sh; /bin/ls -A /tmp");
        let output = sandbox.run_after(&mounts, &script);
        let expected =
            "stand-in for x86_64 called with 3 words: up --region x\nfiles may have unlimited\nread ''\n";
        assert_eq!(stdout(&output), expected, "{downloader}: {}", said(&output));
    }
    assert_eq!(sandbox.left(), ["landfall"]);
}

#[test]
fn who_is_not_root_is_told_how_and_with_sudo_it_goes() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    // Whoever is not root has to get to the files.
    let script =
        "cp install.sh /run/install.sh; cd /; as='setpriv --reuid=65534 --regid=65534 --clear-groups';";
    let mounts = "mount -t tmpfs none /run; mount -t tmpfs -o mode=755 none /etc/sudoers.d; \
                  echo '#65534 ALL=(ALL) NOPASSWD:SETENV: ALL' >/etc/sudoers.d/test; chmod 440 /etc/sudoers.d/test";
    let output = sandbox.run_after(mounts, &format!("{script} $as sh /run/install.sh --region x"));
    assert_refused(&output, 2, "only root can install landfall for everybody");
    let base = sandbox.http();
    let hint = format!("curl -fsSL {base}/install.sh | sudo LANDFALL_BASE_URL={base} sh -s -- ...\n");
    assert!(said(&output).ends_with(&hint), "{}", said(&output));
    for (variable, hint) in [
        ("", format!(": curl -fsSL {BASE}/install.sh | sudo sh -s -- ...\n")),
        ("file:///media/", ": sudo LANDFALL_BASE_URL=file:///media sh install.sh ...\n".to_owned()),
    ] {
        let script = format!("{script} LANDFALL_BASE_URL={variable} $as sh /run/install.sh");
        let output = sandbox.run_after(mounts, &script);
        assert!(said(&output).ends_with(&hint), "{}", said(&output));
    }
    assert_eq!((sandbox.left().len(), sandbox.programs_asked_for()), (0, 0));
    let output = sandbox.run_after(
        mounts,
        &format!(
            "{script} $as sudo LANDFALL_BASE_URL=$LANDFALL_BASE_URL sh -s -- --region x </run/install.sh"
        ),
    );
    assert!(
        stdout(&output).starts_with("stand-in for x86_64 called with 3 words: up --region x\n"),
        "{}",
        said(&output)
    );
    assert_eq!(sandbox.left(), ["landfall"]);
}

#[test]
fn a_folder_in_the_way_a_missing_one_and_one_for_reading_alone_are_told_apart() {
    if !can_run() {
        return;
    }
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("bin/landfall")).unwrap();
    assert_refused(&sandbox.run("sh install.sh"), 2, "/usr/local/bin/landfall is a folder");
    fs::remove_dir(sandbox.path("bin/landfall")).unwrap();

    let read_only = "mount -o remount,bind,ro /usr/local/bin";
    assert_refused(&sandbox.run_after(read_only, "sh install.sh"), 1, "/usr/local/bin cannot be written to");
    assert_eq!((sandbox.left().len(), sandbox.programs_asked_for()), (0, 0));

    let empty = "mount -t tmpfs none /usr/local";
    let script =
        "umask 077; sh install.sh 2>/dev/null && stat -c '%a %n' /usr/local/bin /usr/local/bin/landfall";
    let output = sandbox.run_after(empty, script);
    assert_eq!(stdout(&output), "755 /usr/local/bin\n755 /usr/local/bin/landfall\n", "{}", said(&output));
}
