//! The ready user data of scripts/cloud-init, filled in and given to a real cloud-init as they stand. The third, of a seed
//! disk, is a path of the matrix.

use std::fs;

use image_recipes::machine::Bus;
use vm_tests::error::{Result, While};
use vm_tests::first_boot::cloud_init_is_done;
use vm_tests::guest::Guest;
use vm_tests::guest::machine::{Medium, Setup};
use vm_tests::journey;
use vm_tests::machine_images::{self, releases};
use vm_tests::matrix::paths::counted;
use vm_tests::packages::Packages;
use vm_tests::programs;
use vm_tests::release::{BASE, Release};
use vm_tests::world::{SUITE, World};

use crate::{registers, report, scenario, scenario_in};

/// A disk with this user data, its words in capitals filled in for one machine of this world. What the image's vendor
/// would add is beside it, as clouds give it.
fn medium(world: &World, name: &str, further: &[(&str, &str)], vendors: &[u8]) -> Result<Medium> {
    let file = programs::workspace().join("scripts/cloud-init").join(name);
    let mut text = fs::read_to_string(&file).doing(|| format!("reading {}", file.display()))?;
    let activation = world.aws()?.activation(1, 86_400).doing(|| "asking for an activation")?;
    let own = [
        ("ACTIVATION_ID", activation.activation_id.as_str()),
        ("ACTIVATION_CODE", activation.activation_code.as_str()),
        ("REGION", "us-east-1"),
        ("CLUSTER", "test-cluster"),
    ];
    for (word, value) in own.iter().chain(further) {
        assert!(text.contains(word), "{name} has no {word}");
        text = text.replace(word, value);
    }
    Medium::with(
        "CIDATA",
        Bus::Virtio,
        &[
            ("meta-data", b"instance-id: user-data\n"),
            ("user-data", text.as_bytes()),
            ("vendor-data", vendors),
        ],
    )
}

/// The image that Landfall makes has no program to download with, and those of vendors have one.
const SERVER: &[u8] = b"#cloud-config\npackage_update: true\npackages: [wget]\n";

#[test]
#[ignore = "in scripts/test --full: it installs everything, which takes minutes where that is emulated"]
fn the_user_data_of_a_new_server_registers_an_untouched_image_by_the_one_line_and_removes_its_activation()
-> Result<()> {
    scenario_in(
        || World::with(&Packages::small_with(&["wget"], SUITE)?),
        |world| {
            let release = Release::serve(world)?;
            let further = [("BASE_URL", BASE), ("SHA256_OF_INSTALL_SH", release.script_sum.as_str())];
            let medium = medium(world, "new-server.yaml", &further, SERVER)?;
            let image = releases::untouched_that_knows_the_mirror("debian-12")?;
            let mut machine = world.machine(&image, Setup::default().with(medium))?;
            machine.power_on()?;
            machine.wait_for_agent()?;
            cloud_init_is_done(&mut machine)?;
            journey::container_instance(&machine)?;
            assert_eq!(counted(world)?, (1, 1));
            machine.must("landfall status && test ! -e /run/landfall-setup/activation.json")?;
            assert!(
                machine.read("/usr/local/bin/landfall")? == release.program,
                "another program was installed"
            );
            machine.stop()
        },
    )
}

#[test]
#[ignore = "in scripts/test --full: the same image takes a seed from a disk in each run"]
fn the_user_data_of_a_golden_image_is_its_seed_and_the_file_is_wiped() -> Result<()> {
    scenario(|world| {
        let medium = medium(world, "golden-image.yaml", &[], b"")?;
        let mut machine = world.machine(&machine_images::golden()?, Setup::default().with(medium))?;
        machine.boot()?;
        registers(world, &mut machine)?;
        let report = report(&machine)?;
        assert!(
            report["source"].as_str().is_some_and(|it| it.contains("/etc/landfall/seed.toml")),
            "{report:#}"
        );
        machine.must("test ! -e /etc/landfall/seed.toml")?;
        machine.stop()
    })
}
