//! A clock that is wrong at a first boot, and set later; and a disk that is full meanwhile.

use std::time::{SystemTime, UNIX_EPOCH};

use image_recipes::machine::Bus;
use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::Setup;
use vm_tests::guest::network::GATEWAY;

use super::{early, ends, found, waits};
use crate::{TO_REGISTER, counted, registers, report, scenario, seed_disk};

/// systemd-timesyncd notes the time as long as it runs, which is in an image, and begins with that: a machine that has
/// no such note, or another time service, begins with what its hardware shows, or with the day of systemd's making.
const WITHOUT_A_NOTE: &str = "systemctl stop systemd-timesyncd && rm -f /var/lib/systemd/timesync/clock && \
     date -s 2015-01-01 && systemctl --no-block start systemd-timesyncd";

#[test]
#[ignore = "in scripts/test --full: it waits for minutes"]
fn a_clock_of_2015_is_waited_for_until_a_time_service_answers_late_and_costs_no_activation() -> Result<()> {
    scenario(|world| {
        let setup = Setup { clock: Some("2015-01-01T00:00:00".into()), ..Setup::default() };
        let mut machine = early(world, setup)?;
        let place = "/etc/systemd/timesyncd.conf.d";
        machine.must(&format!("mkdir {place} && printf '[Time]\\nNTP={GATEWAY}\\n' > {place}/world.conf"))?;
        machine.must(WITHOUT_A_NOTE)?;
        machine.attach(&seed_disk(world, Bus::Virtio)?)?;
        waits(&mut machine, "waiting-for-clock", "this machine's clock shows 20")?;
        // A minute later it is tried all the same, and AWS's own clock tells more.
        waits(&mut machine, "waiting-for-clock", "days behind AWS's")?;
        let codes = found(&machine)?;
        assert!(codes.iter().any(|code| code == "clock-skew"), "{codes:?}");
        ends(&machine, "landfall status", 3, "waiting for the clock to be set: this machine's clock")?;
        assert_eq!(counted(world)?, (0, 0));
        let _time = world.time_service()?;
        machine.wait_for(TO_REGISTER, "the clock is set", |it| {
            Ok(it.must("timedatectl show -p NTPSynchronized --value")?.trim() == "yes")
        })?;
        registers(world, &mut machine)?;
        let console = machine.console()?;
        let said = "landfall: first boot: waiting for the clock to be set: ";
        assert_eq!(console.matches(said).count(), 1, "{console}");
        machine.stop()
    })
}

/// All but fifty megabytes, also of what is kept for root.
const FILL: &str = "set -- $(stat -f -c '%f %S' /) && fallocate -l $(($1 * $2 - 50000000)) /full";

#[test]
#[ignore = "in scripts/test --full: it waits for minutes"]
fn a_clock_ten_years_ahead_and_then_a_full_disk_are_waited_for_and_cost_no_activation() -> Result<()> {
    scenario(|world| {
        let mut machine = early(world, Setup::default())?;
        machine.must("systemctl stop systemd-timesyncd && date -s '+10 years'")?;
        machine.attach(&seed_disk(world, Bus::Virtio)?)?;
        waits(&mut machine, "waiting-for-clock", "days ahead of AWS's")?;
        machine.must(FILL)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        machine.must(&format!("date -s @{now}"))?;
        let full = "MB are free in the file system at /, for /usr, /var and /var/lib/docker, and to register";
        waits(&mut machine, "waiting-to-try-again", full)?;
        let hint = report(&machine)?["last_error"]["hint"].to_string();
        assert!(hint.contains("make room there"), "{hint}");
        // A person is refused, with nothing touched.
        ends(&machine, "landfall register --region us-east-1 --cluster test-cluster", 2, full)?;
        assert_eq!(counted(world)?, (0, 0));
        machine.must("rm /full")?;
        registers(world, &mut machine)?;
        machine.stop()
    })
}
