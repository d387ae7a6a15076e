//! rpm's keyring, which counts for every repository: of Docker's key file, which has somebody else's certificate in
//! it too, the pinned one goes in, and it goes again with the rest.

use vm_tests::error::Result;
use vm_tests::guest::Guest;
use vm_tests::guest::container::Container;
use vm_tests::journey::{DOCKER_MIRROR, UP};
use vm_tests::system::StandIn;

use crate::{completes, machine_as};

#[test]
fn of_a_key_file_with_two_certificates_rpm_4_is_given_the_pinned_one_and_forgets_it_with_an_uninstall()
-> Result<()> {
    given_and_forgotten(StandIn::El9, "linux/centos/gpg")
}

/// rpm 6 names keys by their whole fingerprint.
#[test]
fn of_a_key_file_with_two_certificates_rpm_6_is_given_the_pinned_one_and_forgets_it_with_an_uninstall()
-> Result<()> {
    given_and_forgotten(StandIn::Fedora43, "linux/fedora/gpg")
}

fn given_and_forgotten(stand_in: StandIn, key_file: &str) -> Result<()> {
    let Some((world, guest)) = machine_as(stand_in)? else { return Ok(()) };
    let served = std::fs::read_to_string(world.docker_server().join(key_file))?;
    assert_eq!(served.matches("BEGIN PGP PUBLIC KEY BLOCK").count(), 2);
    // The test has one key for all that it signs, so the distribution's is taken out to tell the two apart.
    guest.must("rpm -e $(rpm -qa gpg-pubkey)")?;
    assert_eq!(keys(&guest)?, Vec::<String>::new());

    // Without the pinned fingerprint nothing of the file is taken.
    let other = format!(
        "{UP} --docker-mirror https://docker.landfall.test --docker-trust-fingerprint {}",
        "0".repeat(40)
    );
    let refused = guest.run(&other)?;
    assert_eq!(refused.status, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("and not the pinned certificate 0000"), "{}", refused.stderr);
    assert_eq!(keys(&guest)?, Vec::<String>::new());

    let up = format!("{UP} {DOCKER_MIRROR}");
    completes(&guest, &up)?;
    let trusted = keys(&guest)?;
    assert_eq!(trusted.len(), 1, "{trusted:?}");
    let fingerprint = guest.must("cat /root/trust-key.fingerprint")?.trim().to_lowercase();
    assert!(fingerprint.ends_with(&trusted[0]), "{fingerprint}: {trusted:?}");
    let again = guest.must(&format!("{up} --json 2>/dev/null"))?;
    assert!(again.contains("\"changed\": 0"), "{again}");

    guest.must("landfall uninstall")?;
    assert_eq!(keys(&guest)?, Vec::<String>::new());
    assert_eq!(
        guest.run("ls /etc/pki/rpm-gpg/RPM-GPG-KEY-docker-ce /etc/yum.repos.d/docker-ce.repo")?.stdout,
        ""
    );
    Ok(())
}

/// What rpm calls the versions of its keys: the end of their fingerprints, or the whole.
fn keys(guest: &Container) -> Result<Vec<String>> {
    let listed = guest.must("rpm -qa gpg-pubkey --queryformat '%{version}\\n'")?;
    Ok(listed.lines().map(str::to_owned).collect())
}
