//! A run that is killed half-way, and the next one.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::journey::{self, UP};

use crate::{completes, machine};

/// Waits until dpkg's journal says that it is at the ECS agent's package, then kills all that is at work.
const KILL_WHILE_UNPACKING: &str = r#"
for _ in $(seq 600); do
    grep -qs 'Package: amazon-ecs-init' /var/lib/dpkg/updates/* /var/lib/dpkg/tmp.ci/control && break
    sleep 0.05
done
for process in /proc/[0-9]*; do
    read -r name < "$process/comm" || continue
    case $name in landfall|apt-get|dpkg|dpkg-deb) kill -9 "${process#/proc/}" ;; esac
done
"#;

#[test]
fn killed_while_dpkg_unpacks_the_next_run_repairs_and_completes() -> Result<()> {
    let Some((world, guest)) = machine()? else { return Ok(()) };
    journey::bring_activation(&world, &guest, 1, 86_400)?;
    guest.must(&format!("({UP} > /root/first.log 2>&1 &)\n{KILL_WHILE_UNPACKING}"))?;
    let broken = guest.must("dpkg --audit; ls /var/lib/dpkg/updates")?;
    assert!(!broken.trim().is_empty(), "dpkg was not interrupted: {}", guest.must("cat /root/first.log")?);
    assert!(world.aws()?.managed_instances().unwrap().is_empty(), "registered before all was installed");
    let second = completes(&guest, UP)?;
    assert!(second.stderr.contains("repair the interrupted package manager"), "{}", second.stderr);
    journey::container_instance(&guest)?;
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    assert_eq!(guest.must("dpkg --audit")?, "");
    Ok(())
}
