use super::*;
use crate::named;

/// An os-release of these lines.
fn os(lines: &[(&str, &str)]) -> OsRelease {
    let mut os = OsRelease::default();
    for &(key, value) in lines {
        match key {
            "ID" => os.id = value.into(),
            "VERSION_ID" => os.version_id = value.into(),
            "NAME" => os.name = value.into(),
            "VERSION_CODENAME" => os.codename = value.into(),
            "UBUNTU_CODENAME" | "DEBIAN_CODENAME" => os.parent_codename = value.into(),
            "ID_LIKE" => os.id_like = value.split(' ').map(str::to_owned).collect(),
            "PLATFORM_ID" => os.platform_id = value.into(),
            "VARIANT_ID" => os.variant_id = value.into(),
            key => panic!("{key} is not read"),
        }
    }
    os
}

fn itself(release: &str, lines: &[(&str, &str)]) {
    assert_eq!(find(&os(lines)), Found::Release(named(release).expect(release)), "{lines:?}");
}

fn like(release: &str, lines: &[(&str, &str)]) {
    assert_eq!(find(&os(lines)), Found::Like(named(release).expect(release)), "{lines:?}");
}

fn unknown(lines: &[(&str, &str)]) {
    assert_eq!(find(&os(lines)), Found::Unknown, "{lines:?}");
}

#[test]
fn every_release_is_found_by_what_its_file_says() {
    for distro in all() {
        let identity = &distro.identity;
        for id in &identity.ids {
            for pattern in &identity.versions {
                let version = pattern.trim_end_matches(".*").replace('#', "1").replace('*', "5.4");
                let name = identity.names.first().map(String::as_str).unwrap_or_default();
                itself(&distro.release, &[("ID", id), ("VERSION_ID", &version), ("NAME", name)]);
            }
        }
    }
}

#[test]
fn a_minor_version_is_its_major_release() {
    itself("rhel-9", &[("ID", "rhel"), ("VERSION_ID", "9.4")]);
    itself("rocky-8", &[("ID", "rocky"), ("VERSION_ID", "8.10")]);
    itself("sles-12", &[("ID", "sles"), ("VERSION_ID", "12.3")]);
    itself("sles-12", &[("ID", "sles_sap"), ("VERSION_ID", "12.1.0.1")]);
    itself("opensuse-leap-15", &[("ID", "opensuse-leap"), ("VERSION_ID", "15.6")]);
    itself("opensuse-tumbleweed", &[("ID", "opensuse"), ("VERSION_ID", "20180101")]);
}

#[test]
fn another_version_of_a_known_system_is_unknown_however_much_it_is_like_one() {
    unknown(&[("ID", "debian"), ("VERSION_ID", "14")]);
    unknown(&[
        ("ID", "ubuntu"),
        ("VERSION_ID", "23.10"),
        ("ID_LIKE", "debian"),
        ("VERSION_CODENAME", "mantic"),
        ("UBUNTU_CODENAME", "mantic"),
    ]);
    unknown(&[("ID", "rhel"), ("VERSION_ID", "11.0"), ("ID_LIKE", "centos fedora")]);
    unknown(&[("ID", "fedora"), ("VERSION_ID", "34"), ("PLATFORM_ID", "platform:f34")]);
    unknown(&[("ID", "amzn"), ("VERSION_ID", "2018.03"), ("ID_LIKE", "rhel fedora")]);
    unknown(&[("ID", "opensuse"), ("VERSION_ID", "42.3"), ("ID_LIKE", "suse")]);
    unknown(&[("ID", "ol"), ("VERSION_ID", "7.9"), ("ID_LIKE", "fedora")]);
}

#[test]
fn two_systems_with_one_version_are_told_apart_by_their_names() {
    itself("centos-8", &[("ID", "centos"), ("VERSION_ID", "8"), ("NAME", "CentOS Linux")]);
    itself("centos-stream-8", &[("ID", "centos"), ("VERSION_ID", "8"), ("NAME", "CentOS Stream")]);
}

#[test]
fn a_read_only_variant_of_a_release_is_not_that_release() {
    itself("fedora-43", &[("ID", "fedora"), ("VERSION_ID", "43"), ("VARIANT_ID", "server")]);
    unknown(&[("ID", "fedora"), ("VERSION_ID", "43"), ("VARIANT_ID", "coreos")]);
    unknown(&[("ID", "rhel"), ("VERSION_ID", "9.6"), ("VARIANT_ID", "coreos")]);
}

#[test]
fn a_derivative_is_known_by_its_parents_codename() {
    for (id, version, like_ids, codename, release) in [
        ("linuxmint", "22", "ubuntu debian", "noble", "ubuntu-24.04"),
        ("linuxmint", "20.3", "ubuntu", "focal", "ubuntu-20.04"),
        ("pop", "22.04", "ubuntu debian", "jammy", "ubuntu-22.04"),
        ("elementary", "7.1", "ubuntu", "jammy", "ubuntu-22.04"),
        ("neon", "24.04", "ubuntu debian", "noble", "ubuntu-24.04"),
        ("zorin", "17", "ubuntu", "jammy", "ubuntu-22.04"),
    ] {
        like(
            release,
            &[("ID", id), ("VERSION_ID", version), ("ID_LIKE", like_ids), ("UBUNTU_CODENAME", codename)],
        );
    }
    like(
        "debian-12",
        &[
            ("ID", "linuxmint"),
            ("VERSION_ID", "6"),
            ("ID_LIKE", "debian"),
            ("VERSION_CODENAME", "faye"),
            ("DEBIAN_CODENAME", "bookworm"),
        ],
    );
    unknown(&[
        ("ID", "devuan"),
        ("VERSION_ID", "5"),
        ("ID_LIKE", "debian"),
        ("VERSION_CODENAME", "daedalus"),
    ]);
    unknown(&[("ID", "zorin"), ("VERSION_ID", "15"), ("ID_LIKE", "ubuntu"), ("UBUNTU_CODENAME", "xenial")]);
}

#[test]
fn a_derivative_without_the_parents_codename_is_known_by_its_id() {
    let kali = [("ID", "kali"), ("VERSION_ID", "2026.3"), ("ID_LIKE", "debian")];
    like("debian-sid", &kali);
    like("sles-15", &[("ID", "sled"), ("VERSION_ID", "15.7"), ("ID_LIKE", "suse")]);
    unknown(&[("ID", "sled"), ("VERSION_ID", "11.4"), ("ID_LIKE", "suse")]);
}

#[test]
fn a_rebuild_is_known_by_version_and_platform() {
    let rebuild = |id, version, platform| {
        [("ID", id), ("VERSION_ID", version), ("ID_LIKE", "rhel fedora centos"), ("PLATFORM_ID", platform)]
    };
    like("rhel-8", &rebuild("eurolinux", "8.8", "platform:el8"));
    like("rhel-9", &rebuild("cloudlinux", "9.6", "platform:el9"));
    unknown(&rebuild("tencentos", "3.1", "platform:el8"));
    unknown(&rebuild("anolis", "8.8", "platform:an8"));
}

#[test]
fn a_system_that_only_claims_a_release_is_unknown() {
    let claims = |id, version| [("ID", id), ("VERSION_ID", version), ("ID_LIKE", "centos rhel fedora")];
    unknown(&claims("xenenterprise", "8.2.1"));
    unknown(&claims("xenenterprise", "8"));
    unknown(&claims("xenenterprise", "7.6.0"));
    unknown(&claims("virtuozzo", "7"));
    unknown(&[
        ("ID", "tumbleweed-like"),
        ("VERSION_ID", ""),
        ("ID_LIKE", "suse opensuse opensuse-tumbleweed"),
    ]);
    unknown(&[]);
}
