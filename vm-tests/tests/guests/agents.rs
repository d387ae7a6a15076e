//! The agents' RPM packages, installed and run by hand: what an installer has to reckon with.

use std::time::{Duration, Instant};

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::journey;
use vm_tests::packages::Packages;
use vm_tests::system::{StandIn, System};
use vm_tests::world::World;

use crate::stand_ins::{install, timed};

const SSM: &str = "amazon-ssm-us-east-1/latest/linux_amd64/amazon-ssm-agent.rpm";
const ECS: &str = "amazon-ecs-agent-us-east-1/amazon-ecs-init-latest.x86_64.rpm";
const CONFIGURATION: &str = "ECS_EXTERNAL=true\nECS_CLUSTER=test-cluster\nAWS_DEFAULT_REGION=us-east-1\n";

/// Small agents will do.
fn world(stand_in: StandIn) -> Result<World> {
    World::with_docker_server_of(&Packages::small_of(&System::StandIn(stand_in))?)
}

#[test]
fn the_agents_of_rpm_packages_register_and_the_ecs_agent_trusts_only_what_its_configuration_names()
-> Result<()> {
    if !vm_tests::guest::can_run() {
        return Ok(());
    }
    let mut world = world(StandIn::Al2023)?;
    let mut guest = world.guest_without_landfall(&[])?;
    guest.boot()?;
    for object in [SSM, ECS] {
        let name = object.rsplit('/').next().unwrap_or_default();
        guest.copy_in(&world.objects().join(object), &format!("/root/{name}"), 0o644)?;
    }
    timed(&guest, &format!("{} docker /root/*.rpm", install(StandIn::Al2023)))?;
    // One is started at once, and fails for want of an identity; the other is not even enabled.
    let asked =
        guest.run("systemctl is-enabled amazon-ssm-agent ecs; systemctl is-active amazon-ssm-agent ecs")?;
    assert_eq!(asked.stdout, "enabled\ndisabled\nactivating\ninactive\n");
    assert_eq!(guest.must("readlink /var/cache/ecs/ecs-agent.tar")?, "ecs-agent-v1.105.1.tar\n");
    assert_eq!(guest.must("rpm -qV amazon-ssm-agent amazon-ecs-init")?, "");

    let activation = world.aws()?.activation(1, 86_400).unwrap();
    let (id, code) = (&activation.activation_id, &activation.activation_code);
    timed(&guest, &format!("amazon-ssm-agent -register -y -id {id} -code {code} -region us-east-1"))?;
    timed(&guest, "systemctl restart amazon-ssm-agent")?;
    timed(&guest, "for i in $(seq 100); do [ -s /root/.aws/credentials ] && exit; sleep 0.1; done; exit 1")?;
    guest.write("/etc/ecs/ecs.config", CONFIGURATION.as_bytes(), 0o600)?;
    timed(&guest, "systemctl start docker ecs")?;
    timed(
        &guest,
        "for i in $(seq 100); do grep -qi certificate /var/log/ecs/ecs-agent.log && exit; sleep 0.1; done; exit 1",
    )?;
    assert!(journey::container_instance(&guest).is_err());

    guest.must("cp /etc/pki/tls/certs/ca-bundle.crt /etc/ecs/certificates.pem")?;
    let configuration = format!("{CONFIGURATION}SSL_CERT_FILE=/etc/ecs/certificates.pem\n");
    guest.write("/etc/ecs/ecs.config", configuration.as_bytes(), 0o600)?;
    timed(&guest, "systemctl restart ecs")?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while let Err(error) = journey::container_instance(&guest) {
        assert!(Instant::now() < deadline, "{error}\n{}", guest.must("cat /var/log/ecs/ecs-agent.log")?);
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// AWS signs them beside, not inside, and an rpm that wants all of it will have none of them.
#[test]
fn fedora_43s_rpm_refuses_the_agents_packages_unless_it_is_told_not_to_mind() -> Result<()> {
    if !vm_tests::guest::can_run() {
        return Ok(());
    }
    let mut world = world(StandIn::Fedora43)?;
    let mut guest = world.guest_without_landfall(&[])?;
    guest.boot()?;
    guest.copy_in(&world.objects().join(SSM), "/root/amazon-ssm-agent.rpm", 0o644)?;
    let refused = guest.run("rpm --install /root/amazon-ssm-agent.rpm")?;
    assert_ne!(refused.status, 0, "{}{}", refused.stdout, refused.stderr);
    println!("{}", refused.stderr);
    timed(&guest, "rpm --install --define '_pkgverify_level digest' /root/amazon-ssm-agent.rpm")?;
    assert_eq!(guest.must("systemctl is-enabled amazon-ssm-agent")?, "enabled\n");
    timed(&guest, "rpm --erase amazon-ssm-agent")?;
    assert_eq!(guest.run("systemctl is-enabled amazon-ssm-agent")?.stdout, "not-found\n");
    Ok(())
}
