use super::*;

fn distro(release: &str) -> &'static Distro {
    distro_matrix::named(release).unwrap()
}

fn stand_in(release: &str, manager: &str, version: &str) -> Proof {
    Proof {
        test: "a_test_of_it".into(),
        release: release.into(),
        stand_in_on: Some("debian-13".into()),
        architecture: "x86_64".into(),
        manager: manager.into(),
        manager_version: version.into(),
        database_version: "RPM version 4.20.1".into(),
        machine: "system container".into(),
        date: "2026-11-24".into(),
        commit: "0123456789ab".into(),
    }
}

#[test]
fn a_release_that_ran_itself_speaks_for_itself_alone() {
    let proof = Proof { stand_in_on: None, ..stand_in("debian-12", "apt-get", "apt 2.6.1 (amd64)") };
    let proofs = [proof];
    let evidence = Evidence::gather(&proofs).unwrap();
    assert_eq!(evidence.tried(distro("debian-12"), "x86_64"), Tried::Itself(&proofs[0]));
    assert_eq!(evidence.tried(distro("debian-12"), "aarch64"), Tried::Never);
    assert_eq!(evidence.tried(distro("debian-10"), "x86_64"), Tried::Never);
}

#[test]
fn a_stand_in_lends_to_its_family_where_manager_and_steps_are_the_same() {
    let proofs = [
        stand_in("centos-stream-9", "dnf", "4.23.0"),
        stand_in("fedora-43", "dnf5", "dnf5 version 5.4.6.0"),
        stand_in("sles-15", "zypper", "zypper 1.14.89"),
    ];
    let evidence = Evidence::gather(&proofs).unwrap();
    let [el, fedora, suse] = &proofs;
    for (release, tried) in [
        ("centos-stream-9", Tried::StandIn(el)),
        ("rhel-9", Tried::Lent(el)),
        ("ol-8", Tried::Lent(el)),
        ("fedora-44", Tried::Lent(fedora)),
        ("opensuse-leap-16", Tried::Lent(suse)),
        // Another manager, other steps (Fedora's own Docker), another family.
        ("rhel-7", Tried::Never),
        ("fedora-42", Tried::Never),
        ("amzn-2023", Tried::Never),
        ("ubuntu-24.04", Tried::Never),
    ] {
        assert_eq!(evidence.tried(distro(release), "x86_64"), tried, "{release}");
        assert_eq!(evidence.tried(distro(release), "aarch64"), Tried::Never, "{release}");
    }
}

#[test]
fn a_dnf_that_is_called_yum_proves_no_yum_3_and_lends_nothing() {
    let proofs = [stand_in("centos-7", "yum", "4.14.0")];
    let evidence = Evidence::gather(&proofs).unwrap();
    assert_eq!(evidence.tried(distro("centos-7"), "x86_64"), Tried::Misnamed(&proofs[0]));
    assert_eq!(evidence.tried(distro("rhel-7"), "x86_64"), Tried::Never);
}

#[test]
fn what_was_detected_and_planned_is_counted() {
    let evidence = Evidence::gather(&[]).unwrap();
    assert_eq!(evidence.detected(distro("ubuntu-26.04")), 1);
    assert_eq!(evidence.detected(distro("raspbian")), 4);
    assert_eq!(evidence.derivatives(distro("debian-11")), ["lmde-5-by-debian-codename"]);
    for architecture in ["x86_64", "aarch64"] {
        assert_eq!(evidence.planned(distro("rocky-9"), architecture), 4);
    }
    assert_eq!(evidence.planned(distro("debian-9"), "x86_64"), 0);
}
