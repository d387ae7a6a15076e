//! What a stand-in's package manager does with a repository that somebody has been at.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::rpm_repository::{RpmRepository, Signer};
use vm_tests::system::StandIn;

use crate::stand_ins::{booted, install};

/// Spoils the distribution's repository, and has the package manager refuse a package from it with these words.
fn is_refused(
    stand_in: StandIn,
    spoil: impl FnOnce(&RpmRepository) -> Result<()>,
    words: &[&str],
) -> Result<()> {
    let Some((world, guest)) = booted(stand_in)? else { return Ok(()) };
    spoil(&RpmRepository::of_the_distribution(&world))?;
    let output = guest.run(&format!("{} dmidecode", install(stand_in)))?;
    let said = format!("{}{}", output.stdout, output.stderr);
    println!("{stand_in:?} ended with {}\n{said}", output.status);
    assert_ne!(output.status, 0, "{stand_in:?} took it");
    assert!(words.iter().any(|word| said.contains(word)), "{stand_in:?} does not say {words:?}");
    assert_ne!(guest.run("rpm -q dmidecode")?.status, 0);
    Ok(())
}

/// All but zypper, which is content with a package that a signed description lists by its sum.
const CHECK_PACKAGES: [StandIn; 4] = [StandIn::El9, StandIn::Al2023, StandIn::El7, StandIn::Fedora43];

const CHECK_DESCRIPTIONS: [StandIn; 2] = [StandIn::Sles15, StandIn::Tumbleweed];

#[test]
fn a_package_that_nobody_signed_is_refused() -> Result<()> {
    for stand_in in CHECK_PACKAGES {
        is_refused(stand_in, |it| it.sign_package("dmidecode", Signer::Nobody), &["not signed"])?;
    }
    Ok(())
}

#[test]
fn a_package_that_a_stranger_signed_is_refused() -> Result<()> {
    for stand_in in CHECK_PACKAGES {
        let words = ["not signed with the known", "not installed", "GPG check FAILED", "key"];
        is_refused(stand_in, |it| it.sign_package("dmidecode", Signer::Stranger), &words)?;
    }
    Ok(())
}

#[test]
fn a_description_that_nobody_signed_is_refused() -> Result<()> {
    for stand_in in CHECK_DESCRIPTIONS {
        is_refused(stand_in, |it| it.sign_description(Signer::Nobody), &["unsigned"])?;
    }
    Ok(())
}

#[test]
fn a_description_that_a_stranger_signed_is_refused() -> Result<()> {
    for stand_in in CHECK_DESCRIPTIONS {
        is_refused(stand_in, |it| it.sign_description(Signer::Stranger), &["key"])?;
    }
    Ok(())
}

#[test]
fn a_package_that_is_listed_and_not_there_is_an_error() -> Result<()> {
    for stand_in in StandIn::ALL {
        is_refused(stand_in, |it| it.lose("dmidecode"), &["404", "not found", "No more mirrors"])?;
    }
    Ok(())
}
