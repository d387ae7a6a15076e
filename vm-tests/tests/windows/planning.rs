//! That the program knows the release that it is on, plans for it, and goes as far as a restart is wanted.
//!
//! Shown: it reads the registry, asks DISM in the words that `installer/src/windows/programs.rs` has, and does by what it
//! hears. Not shown: that a real Windows and a real DISM say the same; the label is the test's, and DISM is recorded.

use recorded_program::Answer;
use vm_tests::error::Result;
use vm_tests::wine::{Release, Wine};

use crate::{LANDFALL, on_a_machine};

const CHOICES: [&str; 4] = ["--region", "eu-central-1", "--cluster", "factory"];
const DISM: &str = "windows/system32/dism.exe";

/// What DISM answers where the feature Containers is in this state.
fn containers(state: &str) -> Answer {
    Answer {
        arguments: ["/English", "/Online", "/Get-FeatureInfo", "/FeatureName:Containers"]
            .map(str::to_owned)
            .to_vec(),
        prints: format!("Feature Name : Containers\nState : {state}\n"),
        ..Answer::default()
    }
}

fn plan(machine: &Wine) -> Result<String> {
    machine.must(LANDFALL, &[&["plan"][..], &CHOICES].concat())
}

#[test]
fn each_release_is_planned_for_as_what_the_registry_says_it_is() -> Result<()> {
    on_a_machine(|machine| {
        machine.stand_in(DISM, &[containers("Disabled")])?;
        for (release, name) in [
            (Release::Server2016, "Windows Server 2016"),
            (Release::Server2019, "Windows Server 2019"),
            (Release::Server20H2, "Windows Server, version 20H2"),
            (Release::Server2022, "Windows Server 2022"),
            (Release::Server2025, "Windows Server 2025"),
        ] {
            machine.pose_as(release)?;
            let plan = plan(machine)?;
            assert!(plan.starts_with(&format!("On {name}, ")), "{plan}");
        }
        Ok(())
    })
}

#[test]
fn a_windows_without_the_feature_containers_is_refused_with_2_and_a_remedy() -> Result<()> {
    on_a_machine(|machine| {
        machine.pose_as(Release::Server2022)?;
        let unknown =
            Answer { prints: "Feature name Containers is unknown.\n".into(), status: 87, ..containers("") };
        machine.stand_in(DISM, &[unknown])?;
        let output = machine.run(LANDFALL, &[&["plan"][..], &CHOICES].concat())?;
        assert_eq!((output.status, output.stdout.as_str()), (2, ""), "{}", output.stderr);
        assert!(
            output.stderr.contains("no feature Containers") && output.stderr.contains("hint:"),
            "{}",
            output.stderr
        );
        Ok(())
    })
}
