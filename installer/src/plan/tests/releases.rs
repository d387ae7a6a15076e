//! The plan of every release of the matrix in four cases, as texts in `tests/plans/releases` that a person reads:
//! a fresh machine, one that has Docker, a golden image, and one that reaches mirrors alone.

use std::collections::BTreeSet;

use super::*;
use crate::host::DockerDaemon;
use crate::step::Step;

const CASES: [&str; 4] = ["fresh", "docker-there", "image", "offline"];

fn facts_of(case: &str, distro: &Distro, architecture: &str) -> Facts {
    let mut facts = Facts::of_release(distro, architecture);
    if case == "docker-there" {
        facts.docker = Some(DockerDaemon { version: "28.3.2".into(), engine: true });
        let accepted = distro.packages.docker_accepted.first().cloned().unwrap_or_default();
        let own = distro.packages.docker_repository.iter().flat_map(|it| &it.packages);
        let whole = own.filter(|_| accepted == "docker-ce").cloned();
        facts.packages.extend(whole.chain([accepted.clone()]).map(|name| (name, "1".into())));
    }
    facts
}

fn options_of(case: &str) -> Options {
    match case {
        "offline" => Options {
            mirror: Some("https://mirror.example/aws".into()),
            docker_mirror: Some("https://mirror.example/docker".into()),
            docker_trust_fingerprint: Some("0123456789ABCDEF0123456789ABCDEF01234567".into()),
            ..Options::default()
        },
        _ => Options::default(),
    }
}

fn plan_of(case: &str, distro: &Distro, architecture: &str) -> Plan {
    let goal = if case == "image" { Goal::Install } else { Goal::Up };
    plan(&facts_of(case, distro, architecture), &config(options_of(case)), distro, goal)
        .unwrap_or_else(|e| panic!("{} {case}: {e}", distro.release))
}

/// Every address that a plan will ask, but for those that a package manager asks by itself.
fn addresses(plan: &Plan) -> Vec<&str> {
    fn of_step(step: &Step) -> Vec<&str> {
        match step {
            Step::AddRepository(step) => vec![&step.key_url, &step.url],
            Step::InstallPackages(step) => step.files.iter().map(|file| file.url.as_str()).collect(),
            _ => Vec::new(),
        }
    }
    let mut addresses: Vec<&str> = plan.iter().flat_map(|item| of_step(&item.step)).collect();
    addresses.dedup();
    addresses
}

fn text(case: &str, distro: &Distro) -> String {
    let mut text = render(&plan_of(case, distro, "x86_64"), &[]);
    for architecture in ["x86_64", "aarch64"] {
        let plan = plan_of(case, distro, architecture);
        text += &format!("\nOn {architecture} it asks:\n");
        text.extend(addresses(&plan).into_iter().map(|it| format!("    {it}\n")));
    }
    text
}

#[test]
fn every_release_has_its_accepted_plans_and_no_other_release_has_any() {
    let folder = fixture("plans", "releases");
    let accept = std::env::var("LANDFALL_ACCEPT").is_ok_and(|accept| accept == "1");
    let mut expected = BTreeSet::new();
    let mut differing = Vec::new();
    for distro in distro_matrix::linux().filter(|distro| distro.refused.is_none()) {
        for case in CASES {
            let path = folder.join(&distro.release).join(format!("{case}.txt"));
            let text = text(case, distro);
            expected.insert(path.clone());
            let accepted = fs::read_to_string(&path).unwrap_or_default();
            if accept {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, text).unwrap();
            } else if text != accepted {
                differing.push(format!("{}:\n{}", path.display(), difference(&accepted, &text)));
            }
        }
    }
    assert!(
        differing.is_empty(),
        "{} plans differ; if that is right, accept them: LANDFALL_ACCEPT=1 cargo test -p landfall plan::tests\n{}",
        differing.len(),
        differing.join("\n")
    );
    let mut there = BTreeSet::new();
    for release in fs::read_dir(&folder).unwrap() {
        there.extend(fs::read_dir(release.unwrap().path()).unwrap().map(|it| it.unwrap().path()));
    }
    assert_eq!(there, expected, "plans of releases or cases that are not there");
}

/// The names of packages may differ, the steps do not.
#[test]
fn the_two_architectures_of_a_release_have_the_same_plan() {
    for distro in distro_matrix::linux().filter(|distro| distro.refused.is_none()) {
        for case in CASES {
            let [one, other] = ["x86_64", "aarch64"].map(|it| render(&plan_of(case, distro, it), &[]));
            assert_eq!(one.replace("/x86_64/", "/aarch64/"), other, "{} {case}", distro.release);
        }
    }
}
