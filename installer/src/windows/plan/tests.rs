//! The plan for a fresh machine of every release of Windows, as texts in `tests/plans/windows` that a person reads.
#![allow(clippy::disallowed_methods, reason = "tests read and write their own fixtures")]

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::cli::Options;
use crate::commands::plan::render;
use crate::windows::fake::fresh;

/// What somebody chose who tells everything.
fn options() -> Options {
    Options {
        region: Some("eu-central-1".into()),
        cluster: Some("harbour".into()),
        attribute: vec!["rack=7".into()],
        ..Options::default()
    }
}

fn planned(distro: &Distro, options: &Options, goal: Goal) -> String {
    let config = Config::resolve(&fresh(), options).unwrap();
    let facts = Facts::of_release(distro);
    let told = Told { after_restart: "region = \"eu-central-1\"\n".into(), ..Told::default() };
    let plan = plan(&facts, &config, distro, goal, &told);
    render(&plan.unwrap_or_else(|e| panic!("{}: {e}", distro.release)), &[])
}

#[test]
fn every_release_of_windows_has_its_accepted_plan_and_nothing_else_has() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/plans/windows"));
    let accept = std::env::var("LANDFALL_ACCEPT").is_ok_and(|accept| accept == "1");
    let mut names = Vec::new();
    for distro in distro_matrix::windows() {
        let text = planned(distro, &options(), Goal::Up);
        let path = folder.join(format!("{}.txt", distro.release));
        if accept {
            fs::write(&path, &text).unwrap();
        }
        let accepted = fs::read_to_string(&path).unwrap_or_default();
        assert!(text == accepted, "{}: LANDFALL_ACCEPT=1 cargo test -p landfall windows", path.display());
        names.push(path);
    }
    let mut there: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    there.sort();
    names.sort();
    assert_eq!(there, names);
}

#[test]
fn each_release_is_known_by_its_build_and_a_desktop_of_the_same_build_is_turned_away() {
    for (build, release) in [
        ("14393", "windows-server-2016"),
        ("17763", "windows-server-2019"),
        ("19042", "windows-server-20h2"),
        ("20348", "windows-server-2022"),
        ("26100", "windows-server-2025"),
    ] {
        let known = distro_matrix::named(release).unwrap();
        let mut facts = Facts { version: format!("10.0.{build}.1"), ..Facts::of_release(known) };
        assert_eq!(crate::windows::findings::distro(&facts).unwrap().release, release);
        facts.product_type = "WinNT".into();
        let error = crate::windows::findings::distro(&facts).unwrap_err();
        assert!(error.exit_code() == 2 && error.what.contains("no Windows Server"), "{error}");
    }
}

#[test]
fn a_machine_that_needs_no_restart_keeps_no_choices_for_after_one() {
    let distro = distro_matrix::named("windows-server-2022").unwrap();
    let config = Config::resolve(&fresh(), &options()).unwrap();
    let mut facts = Facts::of_release(distro);
    let keeps = |facts: &Facts| {
        let plan = plan(facts, &config, distro, Goal::Up, &Told::default()).unwrap();
        render(&plan, &[]).contains("resume.toml")
    };
    assert!(keeps(&facts));
    facts.containers = crate::windows::door::Feature::Enabled;
    assert!(!keeps(&facts));
}

#[test]
fn the_proxy_reaches_whoever_speaks_to_others() {
    let distro = distro_matrix::named("windows-server-2022").unwrap();
    let options = Options { proxy: Some("http://proxy:3128".into()), ..options() };
    let text = planned(distro, &options, Goal::Up);
    for who in [r"Services\docker", r"Services\AmazonSSMAgent", "HTTPS_PROXY=http://proxy:3128"] {
        assert!(text.contains(who), "{who}: {text}");
    }
}

#[test]
fn the_page_about_windows_tells_of_each_release_its_build_and_whether_awss_documentation_names_it() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/windows.md")).unwrap();
    for distro in distro_matrix::windows() {
        let row = page.lines().find(|line| line.starts_with(&format!("| {} |", distro.name)));
        let row = row.unwrap_or_else(|| panic!("no row for {}", distro.name));
        let build = distro.identity.versions[0].trim_end_matches(".*").rsplit('.').next().unwrap();
        let names = if distro.windows.as_ref().unwrap().documented { "names it" } else { "does not name it" };
        assert!(row.contains(&format!("| {build} | {names} |")), "{row}");
    }
}
