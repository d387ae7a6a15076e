//! Plans for machines that are not here are those of such machines.

use super::*;
use crate::facts::Told;
use crate::host::fake::{fresh, fresh_dnf, fresh_stream};
use crate::recognition;

fn of_release(release: &str, architecture: &str) -> (Facts, Distro) {
    let distro = recognition::named(release).unwrap().clone();
    (Facts::of_release(&distro, architecture), distro)
}

fn decided(facts: &Facts, distro: &Distro, goal: Goal) -> Plan {
    plan(facts, &config(Options::default()), distro, goal).unwrap()
}

#[test]
fn a_release_alone_gets_the_plan_of_a_fresh_machine() {
    for (release, machine) in [
        ("debian-12", fresh as fn() -> fake::Fake),
        ("amzn-2023", fresh_dnf),
        ("centos-stream-9", fresh_stream),
    ] {
        let here = Facts::gather(&machine()).unwrap();
        let (elsewhere, distro) = of_release(release, "x86_64");
        for goal in [Goal::Up, Goal::Install] {
            assert_eq!(
                render(&decided(&elsewhere, &distro, goal), &[]),
                render(&decided(&here, &self::distro(&here).unwrap(), goal), &[]),
                "{release}"
            );
        }
    }
}

#[test]
fn a_release_alone_gets_the_accepted_plan_for_either_architecture() {
    must_be("fresh-up", &of_release("debian-12", "x86_64").0, Options::default(), Goal::Up);
    must_be("arm64-up", &of_release("debian-12", "aarch64").0, Options::default(), Goal::Up);
}

#[test]
fn every_release_that_is_not_turned_away_has_a_plan_for_both_architectures() {
    for distro in distro_matrix::all() {
        let planned = distro.refused.is_none() && distro.windows.is_none();
        for architecture in ["x86_64", "aarch64"] {
            let facts = Facts::of_release(distro, architecture);
            let outcome = plan(&facts, &config(Options::default()), distro, Goal::Up);
            assert_eq!(outcome.is_ok(), planned, "{}: {outcome:?}", distro.release);
        }
    }
}

#[test]
fn an_os_release_alone_gets_the_plan_of_its_release_and_a_derivative_that_of_its_parent() {
    let of_file = |text: &str| {
        let mut fake = fresh();
        fake.put("/root/os-release", text, 0o644);
        let told = Told::of_file(&fake, Path::new("/root/os-release"));
        let distro = recognition::distro(&told.os, told.broken.as_deref()).unwrap();
        decided(&Facts::of_file(told, &distro, "x86_64"), &distro, Goal::Up)
    };
    let of_release = |release: &str| {
        let (facts, distro) = of_release(release, "x86_64");
        decided(&facts, &distro, Goal::Up)
    };
    assert_eq!(of_file("ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n"), of_release("debian-12"));
    let mint = "ID=linuxmint\nVERSION_ID=22\nID_LIKE=ubuntu\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n";
    assert_eq!(of_file(mint), of_release("ubuntu-24.04"));
}
