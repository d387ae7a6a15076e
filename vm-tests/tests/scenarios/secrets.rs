//! The activation code, watched over a whole run: where it shows, and where it does not.

use std::io::{Read, Write};
use std::process::Stdio;

use aws_simulator::{Fault, FaultName};
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::journey::{self, UP};

use crate::machine;

/// Looks at every process's command line and environment, again and again, until it is told to stop. The
/// pattern is read from a file, so that this shell shows it to nobody.
const WATCH: &str = r#"
rm -f /root/seen /root/stop; : > /root/seen
while [ ! -e /root/stop ]; do
    for kind in cmdline environ; do
        # What matched is printed by the same read that found it: a process may end any moment.
        grep -hsaF -f /root/pattern /proc/[0-9]*/$kind | tr '\0' ' ' | cut -d' ' -f1,2 | sed "s/^/$kind of /" >> /root/seen
    done
done
echo >> /root/stopped
"#;

#[test]
fn the_activation_code_shows_in_the_ssm_agents_own_registration_and_nowhere_else() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    guest.must("tr -d ' ,\"' < /root/activation.json | tr '{}' '\n\n' | sed -n 's/.*ActivationCode://p' > /root/pattern")?;
    assert_eq!(guest.must("wc -l < /root/pattern")?.trim(), "1");
    assert_eq!(
        guest.run("grep -qF -f /root/pattern /root/activation.json")?.status,
        0,
        "a pattern that is there"
    );

    // Wide enough to be seen for sure: on a real network it is about half a second.
    let late = Fault { delay_ms: 3_000, ..Fault::once(FaultName::Late, "RegisterManagedInstance") };
    world.aws()?.fault(&late).unwrap();
    guest.write("/root/watch", WATCH.as_bytes(), 0o700)?;
    guest.must("sh /root/watch < /dev/null > /dev/null 2>&1 &")?;
    let said = guest.run(&format!("{UP} --json > /root/data.json 2> /root/said.txt"))?;
    guest.must(
        "touch /root/stop; for _ in $(seq 100); do test -s /root/stopped && exit 0; sleep 0.1; done; exit 1",
    )?;
    assert_eq!(said.status, 0, "{}", guest.must("cat /root/said.txt")?);

    let seen = guest.must("sort -u /root/seen")?;
    assert_eq!(seen, "cmdline of /usr/bin/amazon-ssm-agent -register\n", "where it showed");

    // A plan that was given the activation, and a registration that the service refuses.
    guest.must(&format!("{} --json > /root/plan.json", UP.replacen("up", "plan", 1)))?;
    guest.must("landfall status > /root/status.txt 2>&1; landfall uninstall > /root/uninstall.txt 2>&1")?;
    let refused = guest.run(&format!("{UP} --json > /root/refused.json 2> /root/refused.txt"))?;
    assert_eq!(refused.status, 1);
    guest.must("grep 'the activation is used up' /root/refused.txt")?;

    // The file it came in is the operator's; what he looks for it with is the test's.
    let left = guest.run(
        "grep -rlsaF -f /root/pattern / --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev; \
         journalctl --no-pager | grep -F -f /root/pattern",
    )?;
    let mut left: Vec<&str> = left.stdout.lines().collect();
    left.sort_unstable();
    assert_eq!(left, ["/root/activation.json", "/root/pattern"], "where it stayed");
    Ok(())
}

#[test]
fn an_activation_that_others_may_read_is_refused_before_anything_changes() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    guest.must("chmod 644 /root/activation.json")?;
    let before = guest.tree()?;
    let refused = guest.run(UP)?;
    assert_eq!(refused.status, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: 'chmod 600 /root/activation.json'"), "{}", refused.stderr);
    let changes: Vec<String> = before.changes(&guest.tree()?).iter().map(|it| it.to_string()).collect();
    assert!(changes.iter().all(|it| it.contains("/var/log/") || it.contains("/run/")), "{changes:#?}");
    guest.must("chmod 600 /root/activation.json")?;
    assert_eq!(guest.run(UP)?.status, 0);
    Ok(())
}

#[test]
fn a_code_typed_at_a_terminal_is_not_shown_and_registers() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    let activation = world.aws()?.activation(1, 86_400).unwrap();
    let (id, code) = (activation.activation_id, activation.activation_code);
    // `script` gives the command a terminal; what is typed comes through its standard input.
    let typed = UP.replace(
        "--activation-file /root/activation.json",
        &format!("--activation-file - --activation-id {id}"),
    );
    guest.write("/root/typed", format!("#!/bin/sh\n{typed}\n").as_bytes(), 0o700)?;
    let mut script = guest.shell("script --quiet --return --command /root/typed /root/typescript")?;
    let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut terminal = script.stdout.take().expect("it is piped");
    let mut shown = until(&mut terminal, "activation code (not shown): ")?;
    script.stdin.take().expect("it is piped").write_all(format!("{code}\n").as_bytes())?;
    terminal.read_to_string(&mut shown)?;
    assert!(script.wait()?.success(), "{shown}");
    assert!(!shown.contains(&code), "{shown}");
    journey::container_instance(&guest)?;
    Ok(())
}

/// What is shown up to and with a text.
fn until(terminal: &mut impl Read, end: &str) -> Result<String> {
    let mut shown = String::new();
    let mut byte = [0];
    while !shown.ends_with(end) {
        assert_eq!(terminal.read(&mut byte)?, 1, "{shown}");
        shown.push(char::from(byte[0]));
    }
    Ok(shown)
}
