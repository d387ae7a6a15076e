//! What holds after the machine comes up again.

use std::time::{Duration, Instant};

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::journey;

use crate::{IMAGE_OF_THE_GUEST, answers, machine, registered};

#[test]
fn after_a_reboot_and_after_a_power_cut_it_is_the_same_instance_and_the_endpoint_answers() -> Result<()> {
    let Some((world, mut guest)) = machine()? else { return Ok(()) };
    registered(&world, &guest)?;
    guest.must(IMAGE_OF_THE_GUEST)?;
    let arn = journey::container_instance(&guest)?;
    for power_cut in [false, true] {
        if power_cut {
            guest.power_cut()?
        } else {
            guest.stop()?
        }
        guest.boot()?;
        let deadline = Instant::now() + Duration::from_secs(90);
        while let Err(error) = answers(&guest) {
            assert!(Instant::now() < deadline, "power cut: {power_cut}: {error}");
            std::thread::sleep(Duration::from_millis(500));
        }
        assert_eq!(journey::container_instance(&guest)?, arn);
        guest.must("systemctl is-active landfall-credentials-endpoint.timer && landfall status")?;
    }
    assert_eq!(world.aws()?.managed_instances().unwrap().len(), 1);
    Ok(())
}
