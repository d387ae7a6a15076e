//! What holds for every file of the matrix.

use std::collections::BTreeSet;

use super::*;

/// What Landfall is to know; refused ones among them.
const WANTED: &str = "
debian-9 debian-10 debian-11 debian-12 debian-13 debian-sid raspbian
ubuntu-18.04 ubuntu-20.04 ubuntu-22.04 ubuntu-24.04 ubuntu-26.04
amzn-2 amzn-2023
centos-7 centos-8 centos-stream-8 centos-stream-9 centos-stream-10
rhel-7 rhel-8 rhel-9 rhel-10 rocky-8 rocky-9 rocky-10 almalinux-8 almalinux-9 almalinux-10 ol-8 ol-9 ol-10
fedora-32 fedora-33 fedora-40 fedora-41 fedora-42 fedora-43 fedora-44
opensuse-tumbleweed opensuse-leap-15 opensuse-leap-16 sles-12 sles-15 sles-16 sle-micro
windows-server-2016 windows-server-2019 windows-server-20h2 windows-server-2022 windows-server-2025";

/// Those with Linux that are not turned away.
fn taken() -> impl Iterator<Item = &'static Distro> {
    linux().filter(|distro| distro.support != Support::Refused)
}

#[test]
fn every_release_that_is_wanted_is_here_and_no_other() {
    let here: BTreeSet<&str> = all().iter().map(|distro| distro.release.as_str()).collect();
    assert_eq!(here, WANTED.split_whitespace().collect());
}

#[test]
fn a_refused_release_says_why_and_no_other_does() {
    for distro in all() {
        let release = &distro.release;
        assert_ne!(distro.support, Support::Untested, "{release}");
        assert_eq!(distro.support == Support::Refused, distro.refused.is_some(), "{release}");
    }
}

#[test]
fn every_release_that_is_not_refused_has_packages_for_both_architectures() {
    for distro in taken() {
        let release = &distro.release;
        let architectures: Vec<&str> = distro.architectures.keys().map(String::as_str).collect();
        assert_eq!(architectures, ["aarch64", "x86_64"], "{release}");
        let packages = &distro.packages;
        assert!(!packages.docker_accepted.is_empty(), "{release} has no packages");
        assert!(packages.docker.iter().all(|name| packages.docker_accepted.contains(name)), "{release}");
        assert_eq!(packages.agents, packages.manager.format(), "{release}");
        let agents: Vec<&str> = packages.least_versions.keys().map(String::as_str).collect();
        assert_eq!(agents, ["amazon-ecs-init", "amazon-ssm-agent"], "{release}");
        for tool in ["dmidecode", "iptables", "procps"] {
            assert!(packages.tools.keys().any(|name| name.starts_with(tool)), "{release} lacks {tool}");
        }
        assert!(distro.security.is_some() && distro.iptables.is_some(), "{release}");
    }
}

#[test]
fn every_source_of_docker_is_there() {
    for distro in taken() {
        let (release, packages) = (&distro.release, &distro.packages);
        assert!(!packages.docker_sources.is_empty(), "{release}");
        for origin in &packages.docker_sources {
            match origin {
                DockerOrigin::Distro => assert!(!packages.docker.is_empty(), "{release}"),
                DockerOrigin::Docker => assert!(packages.docker_repository.is_some(), "{release}"),
            }
        }
    }
}

#[test]
fn an_end_is_a_date_with_what_to_do_about_it() {
    for distro in all() {
        let release = &distro.release;
        assert!(distro.support != Support::Eol || distro.end_of_life.is_some(), "{release}");
        let Some(end) = &distro.end_of_life else { continue };
        assert!(end.len() == 10 && end.split('-').count() == 3, "{release}: {end}");
        assert!(distro.support == Support::Refused || distro.after_end.is_some(), "{release}");
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
fn a_repository_for_rpm_writes_out_its_release() {
    for distro in taken().filter(|distro| distro.packages.agents == Format::Rpm) {
        let Some(repository) = &distro.packages.docker_repository else { continue };
        let parts: Vec<&str> = repository.path.split('/').collect();
        let ["linux", system, number, "{architecture}", "stable"] = parts[..] else {
            panic!("{}: {}", distro.release, repository.path)
        };
        assert!(distro.release.ends_with(&format!("-{number}")), "{}: {number}", distro.release);
        assert_eq!(repository.key, format!("linux/{system}/gpg"), "{}", distro.release);
    }
}

#[test]
fn what_counts_as_a_docker_is_not_in_its_own_way() {
    for distro in all() {
        let packages = &distro.packages;
        let repository = packages.docker_repository.iter().flat_map(|it| &it.conflicts);
        for name in packages.docker_conflicts.iter().chain(repository) {
            assert!(!packages.docker_accepted.contains(name), "{}: {name}", distro.release);
        }
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
fn every_image_is_at_an_address_of_its_vendor_and_has_no_invented_digest() {
    for distro in all() {
        for image in distro.images.values() {
            for address in image.url.iter().chain(&image.digests) {
                assert!(address.starts_with("https://"), "{}: {address}", distro.release);
            }
            assert!(image.digest.as_ref().is_none_or(|digest| digest.contains(':')), "{}", distro.release);
        }
    }
}

#[test]
fn a_files_quirks_come_after_those_of_its_family() {
    let quirks = &named("sles-15").expect("a release").quirks;
    assert!(quirks.len() > 3 && quirks[0].what.contains("zypper") && quirks[3].what.contains("SUSEConnect"));
}
