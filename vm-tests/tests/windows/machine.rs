//! What the other tests stand on: that a machine of wine's keeps what it was given, and forgets what it should. Nothing is
//! shown of Landfall by it, or of Windows.

use recorded_program::{AS_SERVICE, Answer};
use vm_tests::error::Result;
use vm_tests::wine::Release;

use crate::on_a_bare_machine;

const ANYWHERE: &str = r"HKLM\Software\Landfall Tests";

#[test]
fn each_release_of_windows_server_is_told_by_the_registry() -> Result<()> {
    on_a_bare_machine(|machine| {
        for release in Release::ALL {
            machine.pose_as(release)?;
            let key = r"HKLM\Software\Microsoft\Windows NT\CurrentVersion";
            assert_eq!(machine.registry(key, "CurrentBuildNumber")?.as_deref(), Some(release.build()));
        }
        Ok(())
    })
}

#[test]
fn registry_and_files_outlast_a_reboot_and_no_program_does() -> Result<()> {
    on_a_bare_machine(|machine| {
        machine.set_registry(ANYWHERE, "A Name", "some  data")?;
        std::fs::write(machine.file("kept.txt")?, "kept")?;
        machine.reboot()?;
        assert_eq!(machine.registry(ANYWHERE, "A Name")?.as_deref(), Some("some  data"));
        assert_eq!(machine.registry(ANYWHERE, "Another")?, None);
        assert_eq!(std::fs::read_to_string(machine.file("kept.txt")?)?, "kept");
        Ok(())
    })
}

#[test]
fn what_one_machine_does_no_other_sees() -> Result<()> {
    on_a_bare_machine(|machine| {
        machine.set_registry(ANYWHERE, "Mine", "1")?;
        on_a_bare_machine(|other| {
            assert_eq!(other.registry(ANYWHERE, "Mine")?, None);
            Ok(())
        })
    })
}

#[test]
fn a_recorded_program_runs_in_the_place_of_one_of_windows_and_tells_its_calls() -> Result<()> {
    on_a_bare_machine(|machine| {
        let ask = ["/Online", "/Get-FeatureInfo"];
        let answer = Answer {
            arguments: ask.map(str::to_owned).to_vec(),
            prints: "State : Disabled\n".into(),
            ..Answer::default()
        };
        let dism = machine.stand_in("windows/system32/dism.exe", &[answer])?;
        assert_eq!(machine.must("dism", &ask)?, "State : Disabled\n");
        // 87, which it ends with, is what dism itself says to what it does not know.
        let output = machine.run("dism", &["/Offline"])?;
        assert_eq!(output.status, recorded_program::UNEXPECTED, "{}", output.stderr);
        assert_eq!(dism.calls()?, [vec!["/Online", "/Get-FeatureInfo"], vec!["/Offline"]]);
        Ok(())
    })
}

#[test]
fn a_recorded_installer_leaves_a_service_that_comes_back_with_the_machine() -> Result<()> {
    on_a_bare_machine(|machine| {
        const AGENT: &str = r"C:\Program Files\Agent\agent.exe";
        let run = |line: &[&str]| line.iter().map(|word| (*word).to_owned()).collect();
        let service = format!("\"{AGENT}\" {}", AS_SERVICE[0]);
        let answer = Answer {
            arguments: vec!["/q".into()],
            copies: vec![(r"C:\setup.exe".into(), AGENT.into())],
            runs: vec![
                run(&["sc", "create", "Agent", "binPath=", &service, "start=", "auto"]),
                run(&["sc", "start", "Agent"]),
            ],
            ..Answer::default()
        };
        machine.stand_in("setup.exe", &[answer])?;
        assert_eq!(machine.service("Agent")?, None);
        machine.must(r"C:\setup.exe", &["/q"])?;
        assert_eq!(machine.service("Agent")?.as_deref(), Some("RUNNING"));
        machine.must("sc", &["stop", "Agent"])?;
        assert_eq!(machine.service("Agent")?.as_deref(), Some("STOPPED"));
        machine.reboot()?;
        assert_eq!(machine.service("Agent")?.as_deref(), Some("RUNNING"));
        machine.must("sc", &["stop", "Agent"])?;
        machine.must("sc", &["delete", "Agent"])?;
        assert_eq!(machine.service("Agent")?, None);
        Ok(())
    })
}
