//! `try`: from packages to a golden image, and from that to two instances of a cluster, with everything in sight, for
//! somebody who has never seen it.

use std::io::BufRead;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use image_recipes::machine::Bus;

use crate::error::{Error, Result};
use crate::guest::Guest;
use crate::guest::machine::{Medium, Setup, VirtualMachine};
use crate::host_command;
use crate::journey;
use crate::machine_images;
use crate::programs;
use crate::world::World;

/// Ids such as a hypervisor gives its machines, each its own.
const IDS: [&str; 2] = ["0e4f7a10-5d3b-4c1e-9a77-1b2c3d4e5f60", "7b9c2d31-8e4f-4a5b-8c6d-9e0f1a2b3c4d"];

/// What a first boot may take with hardware's help.
const TO_REGISTER: Duration = Duration::from_secs(60);

/// Bakes the image, boots two machines from it, and shows what each side has to say. With `keep` both stay until
/// somebody has looked.
pub fn show(keep: bool) -> Result<()> {
    let started = Instant::now();
    let say = |what: &str| eprintln!("== {what} ({} s)", started.elapsed().as_secs());
    say("building landfall, landfall-image, the AWS simulator and the stand-in agents");
    programs::landfall()?;
    programs::landfall_image()?;
    programs::test_tools()?;
    say("a base from Debian 12's packages, and a golden image of it");
    let image = machine_images::golden_aloud()?;
    say("two clones of it boot, each with the same seed on a disk beside it");
    let mut world = World::new()?;
    let seed = journey::seed(&world, 2)?;
    let mut clones = Vec::new();
    for id in IDS {
        let medium = Medium::with_seed(&seed, Bus::Virtio)?;
        clones.push(world.machine(&image, Setup::default().called(id).with(medium))?);
    }
    clones.iter_mut().for_each(VirtualMachine::keep_quiet);
    clones.iter_mut().try_for_each(VirtualMachine::power_on)?;
    for (number, clone) in clones.iter_mut().enumerate() {
        clone.wait_for_agent()?;
        clone.wait_for(TO_REGISTER, "it has registered itself", |it| {
            let report = it.run("cat /run/landfall/first-boot.json")?.stdout;
            match serde_json::from_str::<serde_json::Value>(&report).unwrap_or_default()["state"].as_str() {
                Some("failed") => Err(Error::new(format!("its first boot failed: {report}"))),
                state => Ok(state == Some("done")),
            }
        })?;
        say(&format!("clone {}: landfall status", number + 1));
        clone.run_streaming(
            "landfall status; echo \"machine-id    $(cat /etc/machine-id)\"",
            &mut |line| {
                println!("{line}");
            },
        )?;
    }
    say("what AWS has seen: aws-simulator show");
    let simulator = programs::test_tools()?.join("aws-simulator");
    let mut seen = Command::new(simulator);
    print!("{}", host_command::finish(seen.args(["show", "--state"]).arg(world.simulator()?.state()))?);
    say("look at one yourself");
    tell_how_to_look(&image, &clones)?;
    if keep {
        eprintln!("both run until you press Enter");
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
    }
    // They are thrown away: nobody has to wait until each has shut itself down.
    clones.iter_mut().try_for_each(Guest::power_cut)
}

fn tell_how_to_look(image: &Path, clones: &[VirtualMachine]) -> Result<()> {
    let program = programs::landfall_image()?;
    println!(
        "the image, with a console and a password for that boot:\n  {} boot {}",
        program.display(),
        image.display()
    );
    println!("what is in it, without booting it:\n  {} verify {}", program.display(), image.display());
    for (number, clone) in clones.iter().enumerate() {
        println!(
            "clone {} while it runs (scripts/try --keep):\n  {}",
            number + 1,
            clone.command_line("landfall status")?
        );
    }
    Ok(())
}
