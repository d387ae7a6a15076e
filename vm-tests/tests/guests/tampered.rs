//! What a stand-in's package manager does with a repository that somebody has been at.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::rpm_repository::{RpmRepository, Signer};
use vm_tests::system::StandIn;

use crate::stand_ins::{booted, install};

/// The package manager does not install `package`, and says one of these words about it.
fn is_refused(stand_in: StandIn, guest: &Container, package: &str, words: &[&str]) -> Result<()> {
    let output = guest.run(&format!("{} {package}", install(stand_in)))?;
    let said = format!("{}{}", output.stdout, output.stderr);
    println!("{stand_in:?} ended with {}\n{said}", output.status);
    assert_ne!(output.status, 0, "{stand_in:?} took {package}");
    assert!(words.iter().any(|word| said.contains(word)), "{stand_in:?} says none of {words:?}");
    assert_ne!(guest.run(&format!("rpm -q {package}"))?.status, 0, "{stand_in:?} has {package}");
    Ok(())
}

/// A package signed by nobody, one signed by a stranger, and one that is listed and not there.
fn packages_are_checked(stand_in: StandIn) -> Result<()> {
    let Some((world, guest)) = booted(stand_in)? else { return Ok(()) };
    let repository = RpmRepository::of_the_distribution(&world);
    let names = stand_in.distribution()?.packages;
    repository.sign_package(&names.dmidecode, Signer::Nobody)?;
    repository.sign_package(&names.iptables, Signer::Stranger)?;
    repository.lose(&names.procps)?;
    is_refused(stand_in, &guest, &names.dmidecode, &["not signed"])?;
    is_refused(stand_in, &guest, &names.iptables, &["not correct for this package", "wrong key"])?;
    is_refused(stand_in, &guest, &names.procps, &["404"])
}

/// A description signed by nobody, one signed by a stranger, and one of a package that is not there. zypper is
/// content with any package that a signed description lists by its sum.
fn descriptions_are_checked(stand_in: StandIn) -> Result<()> {
    let Some((world, guest)) = booted(stand_in)? else { return Ok(()) };
    let repository = RpmRepository::of_the_distribution(&world);
    let package = &stand_in.distribution()?.packages.dmidecode;
    repository.sign_description(Signer::Nobody)?;
    is_refused(stand_in, &guest, package, &["unsigned"])?;
    repository.sign_description(Signer::Stranger)?;
    is_refused(stand_in, &guest, package, &["unknown key", "New repository or package signing key"])?;
    repository.describe()?;
    repository.lose(package)?;
    is_refused(stand_in, &guest, package, &["404", "not found"])
}

#[test]
fn dnf_4_refuses_packages_of_nobody_and_of_strangers() -> Result<()> {
    packages_are_checked(StandIn::El9)?;
    packages_are_checked(StandIn::Al2023)
}

#[test]
#[ignore = "in scripts/test --full: dnf 4 stands for it in the quick tier"]
fn yum_refuses_packages_of_nobody_and_of_strangers() -> Result<()> {
    packages_are_checked(StandIn::El7)
}

#[test]
#[ignore = "in scripts/test --full: the troubles of dnf 5's repositories are scenarios"]
fn dnf_5_refuses_packages_of_nobody_and_of_strangers() -> Result<()> {
    packages_are_checked(StandIn::Fedora43)
}

#[test]
#[ignore = "in scripts/test --full: the troubles of zypper's repositories are scenarios"]
fn zypper_refuses_descriptions_of_nobody_and_of_strangers() -> Result<()> {
    descriptions_are_checked(StandIn::Sles15)?;
    descriptions_are_checked(StandIn::Tumbleweed)
}
