//! `bench-floor`: how much `landfall up` costs over the same commands run bare.
//!
//! Wall time depends on the machine and on its mood, so the two are run in turns, each on a fresh
//! guest in a fresh world, and what counts is the ratio of the medians within one run. The bare
//! side is `bare.sh`.

use crate::error::{Error, Result, While};
use crate::guest::{Guest, Output};
use crate::journey::{self, UP};
use crate::packages::Packages;
use crate::programs;
use crate::world::{SUITE, World};

/// Seconds, and times the bare commands: either is fast enough.
const FAST_ENOUGH: f64 = 14.0;
const RATIO: f64 = 1.1;
const REPEATS: usize = 5;
const BARE: &str = include_str!("bare.sh");

/// Runs so many pairs and prints each, the medians and their ratio.
pub fn run(pairs: usize) -> Result<()> {
    let packages = Packages::stand_ins(SUITE)?;
    programs::landfall()?;
    let (mut landfall, mut bare) = (Vec::new(), Vec::new());
    println!("pair  landfall up      bare   (seconds)");
    for pair in 1..=pairs {
        // Whichever comes second finds a warmer machine, so they take turns at that too.
        if pair % 2 == 0 {
            bare.push(bare_run(&packages)?);
            landfall.push(landfall_run(&packages)?);
        } else {
            landfall.push(landfall_run(&packages)?);
            bare.push(bare_run(&packages)?);
        }
        println!("{pair:4}  {:11.2}  {:8.2}", landfall[pair - 1], bare[pair - 1]);
    }
    let (landfall, bare) = (median(landfall), median(bare));
    println!("median {landfall:10.2}  {bare:8.2}   ratio {:.2}", landfall / bare);
    match landfall <= FAST_ENOUGH || landfall <= RATIO * bare {
        true => Ok(()),
        false => {
            Err(Error::new(format!("slower than {FAST_ENOUGH} s and than {RATIO} of the bare commands")))
        }
    }
}

fn landfall_run(packages: &Packages) -> Result<f64> {
    let mut world = World::with(packages)?;
    let guest = world.guest()?;
    let output = journey::register(&world, &guest, &mut |_| ())?;
    for line in output.stderr.lines().filter(|line| line.starts_with("took")) {
        println!("      {line}");
    }
    let plan = UP.replacen("up", "plan", 1);
    let each: Vec<String> = [UP, &plan, "landfall status", "landfall --help"]
        .iter()
        .map(|command| {
            let name = command.split_whitespace().nth(1).unwrap_or_default();
            Ok(format!("{name} {} ms", milliseconds(&guest, command)?))
        })
        .collect::<Result<_>>()?;
    println!("      once registered, mean of {REPEATS}: {}", each.join(", "));
    Ok(output.seconds)
}

/// Counted inside the guest, so that entering it does not count.
fn milliseconds(guest: &impl Guest, command: &str) -> Result<u64> {
    let took = guest.must(&format!(
        "s=$(date +%s%N); for _ in $(seq {REPEATS}); do {command} >/dev/null 2>&1; done; \
         e=$(date +%s%N); echo $(((e - s) / 1000000 / {REPEATS}))"
    ))?;
    took.trim().parse().map_err(|_| Error::new(format!("the guest counted {took:?} milliseconds")))
}

fn bare_run(packages: &Packages) -> Result<f64> {
    let mut world = World::with(packages)?;
    let mut guest = world.guest_without_landfall(&[])?;
    guest.boot()?;
    let activation = world.aws()?.activation(1, 86_400).doing(|| "asking for an activation")?;
    let (id, code) = (activation.activation_id, activation.activation_code);
    let Output { status, stdout, stderr, seconds } =
        guest.run(&format!("ID='{id}'\nCODE='{code}'\n{BARE}"))?;
    match status {
        0 => journey::container_instance(&guest).map(|_| seconds),
        status => Err(Error::new(format!("the bare commands ended with {status}\n{stdout}{stderr}"))),
    }
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    let middle = seconds.len() / 2;
    match seconds.len() % 2 {
        1 => seconds[middle],
        _ => (seconds[middle - 1] + seconds[middle]) / 2.0,
    }
}
