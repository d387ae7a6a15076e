//! What holds for every file of the matrix.

use super::*;

fn os(id: &str, version_id: &str) -> OsRelease {
    OsRelease { id: id.into(), version_id: version_id.into(), ..OsRelease::default() }
}

#[test]
fn every_file_of_the_matrix_is_well_formed() {
    assert!(!all().is_empty());
    for distro in all() {
        let release = &distro.release;
        assert_ne!(distro.support, Support::Untested, "{release}");
        assert_eq!(distro.support == Support::Refused, distro.refused.is_some(), "{release}");
        if distro.support == Support::Refused {
            continue;
        }
        assert!(!distro.architectures.is_empty(), "{release}");
        let packages = &distro.packages;
        assert!(!packages.docker_accepted.is_empty(), "{release} has no packages");
        assert_eq!(packages.agents, packages.manager.format(), "{release}");
        let agents: Vec<&str> = packages.least_versions.keys().map(String::as_str).collect();
        assert_eq!(agents, ["amazon-ecs-init", "amazon-ssm-agent"], "{release}");
        for origin in &packages.docker_sources {
            match origin {
                DockerOrigin::Distro => assert!(!packages.docker.is_empty(), "{release}"),
                DockerOrigin::Docker => assert!(packages.docker_repository.is_some(), "{release}"),
            }
        }
    }
}

#[test]
fn a_pinned_fingerprint_has_forty_digits_in_capitals_and_its_address_is_https() {
    for repository in all().iter().filter_map(|it| it.packages.docker_repository.as_ref()) {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
        assert!(repository.fingerprint.len() == 40 && repository.fingerprint.bytes().all(digit));
        assert!(repository.host.starts_with("https://") && !repository.host.ends_with('/'));
    }
}

#[test]
fn no_two_releases_claim_the_same_identity() {
    let mut seen = Vec::new();
    for distro in all() {
        for id in &distro.identity.ids {
            for version in &distro.identity.versions {
                let claim = (id, version, &distro.identity.names);
                assert!(!seen.contains(&claim), "{} is claimed twice", distro.release);
                seen.push(claim);
            }
        }
    }
}

#[test]
fn debian_12_is_found_by_its_os_release() {
    assert_eq!(find(&os("debian", "12")).release().map(|distro| distro.release.as_str()), Some("debian-12"));
    assert_eq!(find(&os("debian", "99")), Found::Unknown);
}
