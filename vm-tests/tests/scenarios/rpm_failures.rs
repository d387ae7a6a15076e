//! What goes wrong with RPM repositories, on stand-ins with the real package managers: each trouble ends in one
//! sentence with a hint and exit code 1, nothing is registered, and when it is mended the next run completes.

use std::path::Path;

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::host_command;
use vm_tests::journey::{self, DOCKER_MIRROR, UP};
use vm_tests::rpm_repository::{RpmRepository, Signer};
use vm_tests::system::StandIn;

use crate::{completes, machine_as};

/// A way to spoil a repository, and a word that the sentence then has, in the managers' own words.
struct Trouble {
    what: &'static str,
    spoil: fn(&RpmRepository, &str) -> Result<()>,
    words: &'static [&'static str],
    hint: &'static str,
}

const UNSIGNED_PACKAGE: Trouble = Trouble {
    what: "a package is signed by nobody",
    spoil: |repository, package| repository.sign_package(package, Signer::Nobody),
    words: &["not signed"],
    hint: "its key did not sign",
};

const STRANGERS_PACKAGE: Trouble = Trouble {
    what: "a package is signed by a stranger",
    spoil: |repository, package| repository.sign_package(package, Signer::Stranger),
    words: &["not correct for this package", "wrong key"],
    hint: "its key did not sign",
};

const UNSIGNED_DESCRIPTION: Trouble = Trouble {
    what: "the repository's description is signed by nobody",
    spoil: |repository, _| repository.sign_description(Signer::Nobody),
    words: &["is unsigned", "signature is not available", "Signature verification failed"],
    hint: "its key did not sign",
};

const STRANGERS_DESCRIPTION: Trouble = Trouble {
    what: "the repository's description is signed by a stranger",
    spoil: |repository, _| repository.sign_description(Signer::Stranger),
    words: &["unknown key", "Signature verification failed"],
    hint: "its key did not sign",
};

const HALF_A_MIRROR: Trouble = Trouble {
    what: "a package is listed and not there",
    spoil: |repository, package| repository.lose(package),
    words: &["404", "Cannot download", "not found"],
    hint: "mend the package sources",
};

const GONE: Trouble = Trouble {
    what: "the repository is gone",
    spoil: |repository, _| clear(repository.folder()),
    words: &[
        "Unable to find a match",
        "No match for argument",
        "No provider of",
        "ownload",
        "not found on medium",
    ],
    hint: "mend the package sources",
};

#[test]
fn with_dnf_4_every_trouble_of_a_repository_is_one_sentence_and_mended_the_next_run_completes() -> Result<()>
{
    fails_and_then_completes(
        StandIn::El9,
        "iptables-nft",
        &[UNSIGNED_PACKAGE, STRANGERS_PACKAGE, HALF_A_MIRROR, GONE],
    )
}

#[test]
#[ignore = "in scripts/test --full: dnf 4 stands for it in the quick tier"]
fn with_yum_every_trouble_of_a_repository_is_one_sentence_and_mended_the_next_run_completes() -> Result<()> {
    fails_and_then_completes(
        StandIn::El7,
        "iptables",
        &[UNSIGNED_PACKAGE, STRANGERS_PACKAGE, HALF_A_MIRROR, GONE],
    )
}

#[test]
fn with_dnf_5_every_trouble_of_a_repository_is_one_sentence_and_mended_the_next_run_completes() -> Result<()>
{
    fails_and_then_completes(
        StandIn::Fedora43,
        "iptables-nft",
        &[UNSIGNED_PACKAGE, STRANGERS_PACKAGE, HALF_A_MIRROR, GONE],
    )
}

/// zypper is content with a package that a rightly signed description lists by its sum.
#[test]
fn with_zypper_every_trouble_of_a_repository_is_one_sentence_and_mended_the_next_run_completes() -> Result<()>
{
    fails_and_then_completes(
        StandIn::Sles15,
        "iptables",
        &[UNSIGNED_DESCRIPTION, STRANGERS_DESCRIPTION, HALF_A_MIRROR, GONE],
    )
}

fn fails_and_then_completes(stand_in: StandIn, package: &str, troubles: &[Trouble]) -> Result<()> {
    let Some((world, guest)) = machine_as(stand_in)? else { return Ok(()) };
    let installed = guest.must("rpm -qa | sort")?;
    let repository = RpmRepository::of_the_distribution(&world);
    let whole = tempfile::tempdir()?;
    let copy =
        |from: &Path, to: &Path| host_command::run("cp", [Path::new("--archive"), &from.join("."), to]);
    copy(repository.folder(), whole.path())?;
    for trouble in troubles {
        (trouble.spoil)(&repository, package)?;
        fails(&guest, trouble)?;
        assert_eq!(guest.must("rpm -qa | sort")?, installed, "{}: something was installed", trouble.what);
        assert!(world.aws()?.managed_instances().unwrap().is_empty(), "{}", trouble.what);
        clear(repository.folder())?;
        copy(whole.path(), repository.folder())?;
    }
    completes(&guest, &format!("{UP} {DOCKER_MIRROR}"))?;
    journey::container_instance(&guest)?;
    Ok(())
}

/// Takes everything out of a folder.
fn clear(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
    }
    Ok(())
}

/// One error and one hint, each a line, and the exit code of a machine that can go on.
fn fails(guest: &Container, trouble: &Trouble) -> Result<()> {
    let output = guest.run(&format!("{UP} {DOCKER_MIRROR}"))?;
    let told: Vec<&str> = output.stderr.lines().skip_while(|line| !line.starts_with("error: ")).collect();
    println!("== {}\n{}", trouble.what, told.join("\n"));
    assert_eq!(output.status, 1, "{}: {}", trouble.what, output.stderr);
    let error = told.first().copied().unwrap_or_default();
    assert!(trouble.words.iter().any(|word| error.contains(word)), "{}: {error}", trouble.what);
    let hint = told.iter().find(|line| line.starts_with("hint: ")).copied().unwrap_or_default();
    assert!(hint.contains(trouble.hint), "{}: {hint}", trouble.what);
    assert_eq!(told.iter().filter(|line| line.starts_with("error: ")).count(), 1, "{told:#?}");
    Ok(())
}

/// podman's runc would be put out by Docker's containerd.io, without a word from dnf.
#[test]
fn podman_and_runc_are_refused_with_what_to_remove_and_without_them_the_next_run_completes() -> Result<()> {
    let Some((_world, guest)) = machine_as(StandIn::El9)? else { return Ok(()) };
    guest.must("dnf --assumeyes --quiet install podman runc")?;
    let before = guest.must("rpm -qa | sort")?;
    let output = guest.run(&format!("{UP} {DOCKER_MIRROR}"))?;
    println!("{}", output.stderr);
    assert_eq!(output.status, 2, "{}", output.stderr);
    assert!(output.stderr.contains("error: the package runc is installed"), "{}", output.stderr);
    assert!(output.stderr.contains("hint: remove it ('dnf remove runc')"), "{}", output.stderr);
    assert_eq!(guest.must("rpm -qa | sort")?, before);
    guest.must("rpm -e podman runc")?;
    completes(&guest, &format!("{UP} {DOCKER_MIRROR}"))?;
    Ok(())
}

#[test]
fn without_any_network_a_system_with_rpm_is_told_so_and_with_it_the_next_run_completes() -> Result<()> {
    let Some((_world, guest)) = machine_as(StandIn::Al2023)? else { return Ok(()) };
    let link = guest.must("ip -o link show | sed -n 's/^[0-9]*: \\(host0\\|eth0\\)[@:].*/\\1/p'")?;
    let (link, route) = (link.trim().to_owned(), guest.must("ip route show default")?);
    guest.must(&format!("ip link set {link} down"))?;
    let before = guest.must("rpm -qa | sort")?;
    let output = guest.run(UP)?;
    println!("{}", output.stderr);
    assert_eq!(output.status, 1, "{}", output.stderr);
    assert!(output.stderr.contains("\nhint: ") && output.stderr.contains("error: "), "{}", output.stderr);
    assert_eq!(guest.must("rpm -qa | sort")?, before);
    guest.must(&format!("ip link set {link} up"))?;
    if !route.trim().is_empty() {
        guest.must(&format!("ip route replace {}", route.trim()))?;
    }
    completes(&guest, UP)?;
    Ok(())
}
