//! A machine that is made an image, and what boots from it.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::journey::{self, UP};

use crate::{completes, machine, registered, up};

/// The paths that `landfall seal --verify` names, and its exit status.
fn left(guest: &Container) -> Result<(Vec<String>, i32)> {
    let output = guest.run("landfall seal --verify --json")?;
    let told: serde_json::Value =
        serde_json::from_str(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    assert_eq!(told["sealed"], output.status == 0, "{told}");
    let survivors = told["survivors"].as_array().expect("a list");
    let gates = survivors.iter().filter(|it| it["gate"] == true);
    Ok((gates.map(|it| it["path"].as_str().expect("a text").to_owned()).collect(), output.status))
}

/// The guest's system comes without SSH. Like the real one, it makes a key only where none is.
const SSH_KEYGEN: &str = "#!/bin/sh\n[ \"$1\" = -A ] || exit 1\n\
                          [ -s /etc/ssh/ssh_host_ed25519_key ] || od -N 32 -x /dev/urandom > /etc/ssh/ssh_host_ed25519_key\n";

/// The SSH server of a newer Debian brings a unit like this one, which makes keys at no boot of a sealed machine: its
/// machine-id is empty, and for systemd only one that is missing or `uninitialized` makes a first boot.
const OWN_UNIT: &str =
    "[Unit]\nConditionFirstBoot=yes\n[Service]\nType=oneshot\nExecStart=/usr/bin/ssh-keygen -A\n";

/// What a real system makes of a sealed one, from the journal to the shutdown.
#[test]
fn a_sealed_machine_boots_as_another_one_and_registers_as_another_instance() -> Result<()> {
    let Some((world, mut guest)) = machine()? else { return Ok(()) };
    registered(&world, &guest)?;
    let arn = journey::container_instance(&guest)?;
    let id = guest.must("cat /etc/machine-id")?;
    guest.write("/usr/bin/ssh-keygen", SSH_KEYGEN.as_bytes(), 0o755)?;
    guest.write("/usr/lib/systemd/system/sshd-keygen.service", OWN_UNIT.as_bytes(), 0o644)?;
    guest.must("mkdir -p /etc/ssh && ssh-keygen -A && cp /etc/ssh/ssh_host_ed25519_key /root/key")?;
    guest.must("echo landfall up > /root/.bash_history; docker info -f '{{.ID}}' > /root/docker.id")?;

    let refused = guest.run("landfall seal")?;
    assert!(refused.status == 2 && refused.stderr.contains("--forget-identity"), "{}", refused.stderr);
    assert!(left(&guest)?.1 == 3);
    journey::container_instance(&guest)?;

    let sealed = completes(&guest, "landfall seal --forget-identity")?;
    for known in
        ["aws ssm deregister-managed-instance", "aws ecs deregister-container-instance", "power off now"]
    {
        assert!(sealed.stderr.contains(known), "{known}: {}", sealed.stderr);
    }
    assert_eq!(left(&guest)?, (vec![], 0));
    for gone in ["ecs", "amazon-ssm-agent", "docker", "docker.socket", "containerd"] {
        assert_ne!(guest.run(&format!("systemctl is-active {gone}"))?.status, 0, "{gone} is active");
    }
    let again = guest.run("landfall seal")?;
    assert_eq!(again.status, 0, "{}", again.stderr);
    let acted: Vec<&str> = again.stderr.lines().filter(|line| line.starts_with("done")).collect();
    // Whoever enters the guest to seal it is logged in its logs.
    assert!(acted.iter().all(|line| line.contains("logs and temporary files")), "{}", again.stderr);

    // What the shutdown writes is no identity either: this is the tree that an image is made of.
    guest.stop()?;
    let root = guest.root();
    assert_eq!(std::fs::read_to_string(root.join("etc/machine-id"))?, "");
    for gone in ["var/lib/systemd/random-seed", "etc/docker/key.json", "etc/ssh/ssh_host_ed25519_key"] {
        assert!(!root.join(gone).exists(), "{gone} came back at shutdown");
    }
    guest.boot()?;
    assert_ne!(guest.must("cat /etc/machine-id")?, id);
    assert_ne!(guest.must("cat /etc/machine-id")?.trim(), "");
    guest.must("systemctl is-active landfall-ssh-host-keys")?;
    assert_ne!(guest.must("cat /etc/ssh/ssh_host_ed25519_key")?, guest.must("cat /root/key")?);
    assert_ne!(guest.must("docker info -f '{{.ID}}'")?, guest.must("cat /root/docker.id")?);
    assert_ne!(
        guest.run("systemctl is-active amazon-ssm-agent")?.status,
        0,
        "an agent without an identity runs"
    );

    journey::bring_activation(&world, &guest, 1, 86_400)?;
    assert_eq!(up(&guest)?.status, 0);
    assert_ne!(journey::container_instance(&guest)?, arn);
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 2);
    let uninstalled = guest.run("landfall uninstall")?;
    assert_eq!(uninstalled.status, 0, "{}", uninstalled.stderr);
    guest.must("test ! -e /etc/cloud && test ! -e /var/lib/landfall && ! systemctl cat ecs")?;
    Ok(())
}

#[test]
fn each_trace_that_comes_back_is_named_and_the_next_seal_clears_it() -> Result<()> {
    let Some((_world, guest)) = machine()? else { return Ok(()) };
    guest.must(&UP.replacen("up", "install", 1).replace("--activation-file /root/activation.json", ""))?;
    guest.must("landfall seal")?;
    assert_eq!(left(&guest)?, (vec![], 0));
    let plants = [
        (
            "dbus-uuidgen > /etc/machine-id 2>/dev/null || echo 0123456789abcdef0123456789abcdef > /etc/machine-id",
            "/etc/machine-id",
        ),
        ("echo uninitialized > /etc/machine-id", "/etc/machine-id"),
        ("echo key > /etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_rsa_key"),
        ("head -c 512 /dev/urandom > /var/lib/systemd/random-seed", "/var/lib/systemd/random-seed"),
        (
            "mkdir -p /var/lib/amazon/ssm/Vault/Store && echo {} > /var/lib/amazon/ssm/Vault/Store/RegistrationKey",
            "/var/lib/amazon/ssm/Vault",
        ),
        ("mkdir -p /var/lib/ecs/data && echo arn > /var/lib/ecs/data/agent.db", "/var/lib/ecs/data/agent.db"),
        ("mkdir -p /root/.aws && echo [default] > /root/.aws/credentials", "/root/.aws/credentials"),
        ("echo AWS_SECRET_ACCESS_KEY=x >> /etc/ecs/ecs.config", "/etc/ecs/ecs.config"),
        ("systemctl start docker && systemctl stop docker.socket docker", "/etc/docker/key.json"),
        ("echo {} > /root/activation.json", "/root/activation.json"),
        (
            "mkdir -p /var/lib/cloud/instances/i-1 && echo secret > /var/lib/cloud/instances/i-1/user-data.txt",
            "/var/lib/cloud/instances/i-1",
        ),
        (
            "mkdir -p /etc/landfall && echo 'activation-code = \"x\"' > /etc/landfall/config.toml",
            "/etc/landfall/config.toml",
        ),
        ("rm /var/lib/landfall/sealed", "/var/lib/landfall/sealed"),
    ];
    for (plant, path) in plants {
        guest.must(&format!("mkdir -p /etc/ssh; {plant}"))?;
        let (found, status) = left(&guest)?;
        assert!(status == 3 && found.contains(&path.to_owned()), "{path}: {found:?}, {status}");
        guest.must("landfall seal")?;
        assert_eq!(left(&guest)?, (vec![], 0), "{path}");
    }
    // The installed configuration outlives all of that.
    let config = guest.must("cat /etc/ecs/ecs.config")?;
    assert!(config.contains("ECS_CLUSTER=test-cluster") && !config.contains("SECRET"), "{config}");
    Ok(())
}

/// What `cloud-init clean` runs is a script; there is no cloud-init in the guest.
#[test]
fn the_hook_of_cloud_init_clean_leaves_no_identity_and_is_quiet_within_a_seal() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    registered(&world, &guest)?;
    const HOOK: &str = "/etc/cloud/clean.d/50-landfall";
    guest.must(&format!("LANDFALL_SEALING=1 {HOOK}"))?;
    journey::container_instance(&guest)?;
    let output = guest.run(HOOK)?;
    assert_eq!(output.status, 0, "{}", output.stderr);
    let (found, status) = left(&guest)?;
    assert_eq!(status, 3);
    let ours =
        ["/var/lib/landfall", "/var/lib/amazon", "/root/.aws", "/var/lib/ecs", "/var/lib/docker", "/etc/ecs"];
    let kept: Vec<&String> = found.iter().filter(|it| ours.iter().any(|ours| it.starts_with(ours))).collect();
    assert!(kept.is_empty() && found.contains(&"/etc/machine-id".to_owned()), "{found:?}");

    // A stand-in for cloud-init that does what the real one does with the folder.
    let cloud_init = "#!/bin/sh\necho \"$@\" >> /root/cleaned\nfor it in /etc/cloud/clean.d/*; do \"$it\" || exit 1; done\n";
    guest.write("/usr/local/bin/cloud-init", cloud_init.as_bytes(), 0o755)?;
    let sealed = guest.run("landfall seal")?;
    assert_eq!(sealed.status, 0, "{}", sealed.stderr);
    assert_eq!(guest.must("cat /root/cleaned")?, "clean --logs --seed\n");
    assert_eq!(left(&guest)?, (vec![], 0));
    Ok(())
}

#[test]
fn a_machine_without_landfall_is_not_sealed() -> Result<()> {
    let Some((_world, guest)) = machine()? else { return Ok(()) };
    let before = guest.tree()?;
    let refused = guest.run("landfall seal")?;
    assert!(refused.status == 2 && refused.stderr.contains("landfall install"), "{}", refused.stderr);
    let changes: Vec<String> = before.changes(&guest.tree()?).iter().map(ToString::to_string).collect();
    assert!(changes.iter().all(|it| it.contains("/var/log/journal")), "{changes:#?}");
    Ok(())
}
