//! Commands that look, and commands that are refused, leave a bare machine as it was.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::journey::UP;

use crate::machine;

#[test]
fn plan_status_and_refused_commands_change_nothing() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    let activation = r#"{"ActivationId": "00000000-0000-4000-8000-000000000000", "ActivationCode": "UnusedUnusedUnusedUn"}"#;
    guest.write("/root/activation.json", activation.as_bytes(), 0o600)?;
    let before = guest.tree()?;
    let plan = guest.must(&UP.replacen("up", "plan", 1))?;
    assert!(plan.contains("register in us-east-1\n    because "), "{plan}");
    // What hangs on packages that are not here yet is not claimed.
    assert!(
        plan.contains(". write /etc/systemd/") && plan.contains("if need be: enable and start"),
        "{plan}"
    );
    const ACTIVATED: &str = "landfall up --region us-east-1 --activation-file /root/activation.json";
    let none = format!("{ACTIVATED} --docker-install-source none");
    let unreachable = format!("HTTPS_PROXY=http://127.0.0.9:1 {ACTIVATED}");
    let nobody = format!(
        "setpriv --reuid=65534 --clear-groups {}",
        ACTIVATED.replace("--activation-file /root/activation.json", "")
    );
    let unprivileged = guest.must("setpriv --reuid=65534 --clear-groups landfall plan --region us-east-1")?;
    assert!(unprivileged.contains("register in us-east-1"), "{unprivileged}");
    let refused = [
        ("landfall status", 3, ""),
        ("landfall up", 2, "no region"),
        ("landfall up --region us-east-1", 2, "no activation"),
        ("landfall up --region us-east-1 --activation-file /nowhere", 2, "/nowhere"),
        ("landfall up --region moon-1 --cluster c", 2, "moon-1"),
        ("landfall up --region us-east-1 --cluster 'a b'", 2, "a b"),
        (&none, 2, "it may come from nowhere"),
        ("landfall register --region us-east-1", 2, "the agents are not installed yet"),
        ("landfall up --regoin us-east-1", 2, "regoin"),
        (&unreachable, 1, "127.0.0.9"),
        (&nobody, 2, "root"),
        ("setpriv --reuid=65534 --clear-groups landfall status", 2, "root"),
    ];
    for (command, code, word) in refused {
        let output = guest.run(command)?;
        assert_eq!(output.status, code, "{command}: {}", output.stderr);
        let said = &output.stderr;
        assert!(said.contains("error:") && said.contains(word), "{command}: {said}");
    }
    let changes: Vec<String> = before.changes(&guest.tree()?).iter().map(ToString::to_string).collect();
    assert!(changes.is_empty(), "{changes:#?}");
    assert!(world.aws()?.requests(None).unwrap().is_empty(), "somebody asked AWS");
    Ok(())
}

#[test]
fn a_closed_endpoint_is_found_before_anything_is_touched() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    vm_tests::journey::bring_activation(&world, &guest, 1, 86_400)?;
    // A name that leads nowhere, as behind a firewall that refuses.
    guest.must("sed -i 's/^[0-9.]* *\\(.*ssm\\.us-east-1.*\\)$/127.0.0.9 \\1/' /etc/hosts; grep -q 127.0.0.9 /etc/hosts")?;
    let before = guest.tree()?;
    let output = guest.run(UP)?;
    assert_eq!(output.status, 1, "{}", output.stderr);
    assert!(output.stderr.contains("could not be reached"), "{}", output.stderr);
    let changes: Vec<String> = before.changes(&guest.tree()?).iter().map(ToString::to_string).collect();
    assert!(changes.iter().all(|change| change.contains("/run/")), "{changes:#?}");
    Ok(())
}
