//! What a stranger brings is not taken.

use image_recipes::machine::Bus;
use vm_tests::error::Result;
use vm_tests::guest::Guest;

use crate::{TO_REGISTER, counted, is_in, scenario, seed_disk, waiting};

const SAYS_THAT_THE_STICK_DOES_NOT_COUNT: &str = "journalctl --no-pager -b -u landfall-first-boot | \
     grep 'the removable disk sd[a-z]* is not asked for a seed'";

#[test]
fn a_seed_on_a_usb_stick_is_refused_and_said_and_the_machine_is_untouched() -> Result<()> {
    scenario(|world| {
        let mut machine = waiting(world)?;
        machine.attach(&seed_disk(world, Bus::Usb)?)?;
        machine.wait_for(TO_REGISTER, "the stick is there", |it| {
            Ok(it.run("blkid -t LABEL=LANDFALL | grep /dev/sd")?.status == 0)
        })?;
        machine.wait_for(TO_REGISTER, "the stick is named in the journal", |it| {
            Ok(it.run(SAYS_THAT_THE_STICK_DOES_NOT_COUNT)?.status == 0)
        })?;
        assert!(is_in(&machine, &["waiting-for-seed"])?);
        machine.must("[ -e /var/lib/landfall/sealed ] && [ ! -e /var/lib/landfall/registered ]")?;
        machine.must("! systemctl is-active amazon-ssm-agent && ! systemctl is-active ecs")?;
        machine
            .must("[ -z \"$(ls -A /var/lib/amazon/ssm/Vault 2>/dev/null)\" ] && ! findmnt LABEL=LANDFALL")?;
        assert_eq!(counted(world)?, (0, 0));
        machine.stop()
    })
}
