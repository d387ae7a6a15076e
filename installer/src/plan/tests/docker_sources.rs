//! Where Docker comes from, as it was asked for, and as the machine allows.

use super::*;

fn from(source: DockerSource) -> Options {
    Options { docker_install_source: Some(source), ..Options::default() }
}

fn planned(facts: &Facts, options: Options) -> String {
    render(&plan(facts, &config(options), &distro(facts).unwrap(), Goal::Up).unwrap(), &[])
}

#[test]
fn docker_from_its_own_repository() {
    must_be("docker-repository-up", &facts("debian-12-fresh"), from(DockerSource::Docker), Goal::Up);
}

#[test]
fn docker_from_the_distribution_alone_reads_no_lists_ahead_and_adds_no_repository() {
    let plan = planned(&facts("debian-12-fresh"), from(DockerSource::Distro));
    assert!(plan.contains("install docker.io, apparmor, dmidecode"), "{plan}");
    assert!(!plan.contains("docker-ce") && !plan.contains("read the package lists"), "{plan}");
}

#[test]
fn docker_that_is_here_is_kept_whatever_the_source() {
    let facts = facts("debian-12-docker-there");
    let plans = [DockerSource::All, DockerSource::Docker, DockerSource::Distro, DockerSource::None]
        .map(|source| planned(&facts, from(source)));
    assert!(plans.iter().all(|plan| *plan == plans[0] && !plan.contains("docker-ce")), "{}", plans[0]);
}

#[test]
fn a_mirror_stands_in_for_dockers_server_with_its_own_key() {
    let options = Options {
        docker_mirror: Some("https://mirror.test/docker/".into()),
        docker_trust_fingerprint: Some("0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567".into()),
        ..from(DockerSource::Docker)
    };
    let facts = facts("debian-12-fresh");
    let plan = plan(&facts, &config(options), &distro(&facts).unwrap(), Goal::Up).unwrap();
    let added = plan.iter().find_map(|item| match &item.step {
        Step::AddRepository(add) => Some(add),
        _ => None,
    });
    let added = added.unwrap();
    assert_eq!(added.url, "https://mirror.test/docker/linux/debian");
    assert_eq!(added.key_url, "https://mirror.test/docker/linux/debian/gpg");
    assert_eq!(added.fingerprint, "0123456789ABCDEF0123456789ABCDEF01234567");
}

#[test]
fn a_codename_that_is_no_plain_word_is_refused_where_docker_s_repository_was_asked_for() {
    for name in ["", "book worm", "bookworm\nSigned-By: x", "../sid", "Bookworm"] {
        let change = |facts: &mut Facts| facts.os.codename = name.into();
        let what = format!(
            "os-release names no release that Docker's repository could have (VERSION_CODENAME '{name}')"
        );
        refused(change, from(DockerSource::Docker), Goal::Up, &what, "--docker-install-source distro");
        let mut facts = facts("debian-12-fresh");
        change(&mut facts);
        assert!(!planned(&facts, Options::default()).contains("docker-ce"), "it is no second choice either");
    }
}

#[test]
fn a_release_without_a_repository_of_dockers_is_refused_where_it_was_asked_for() {
    let facts = facts("debian-12-fresh");
    let mut distro = distro(&facts).unwrap();
    distro.packages.docker_repository = None;
    let error = plan(&facts, &config(from(DockerSource::Docker)), &distro, Goal::Up).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert_eq!(error.what, "Docker has no repository for Debian 12 (bookworm)");
    assert!(plan(&facts, &config(Options::default()), &distro, Goal::Up).is_ok());
}

#[test]
fn a_package_that_docker_conflicts_with_is_refused() {
    let cases = [
        (DockerSource::All, "podman-docker", "docker.io"),
        (DockerSource::Distro, "docker-ce-cli", "docker.io"),
        (DockerSource::Docker, "containerd", "docker-ce docker-ce-cli containerd.io"),
    ];
    for (source, name, docker) in cases {
        let change = |facts: &mut Facts| drop(facts.packages.insert(name.into(), "1".into()));
        let what = format!("the package {name} is installed, and {docker} conflicts with it");
        refused(change, from(source), Goal::Up, &what, &format!("'apt-get remove {name}'"));
    }
}

/// What a removed docker-ce leaves goes with Docker's own packages only, and a containerd with the
/// distribution's.
#[test]
fn a_source_that_something_is_in_the_way_of_is_passed_over() {
    for (name, docker, other) in
        [("docker-ce-cli", "docker-ce", "docker.io"), ("containerd", "docker.io", "docker-ce")]
    {
        let mut facts = facts("debian-12-fresh");
        facts.packages.insert(name.into(), "1".into());
        let plan = planned(&facts, Options::default());
        assert!(plan.contains(&format!("install {docker}")) && !plan.contains(other), "{plan}");
    }
}
