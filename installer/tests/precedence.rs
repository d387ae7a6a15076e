//! Flags win over environment over file: asked of the program itself, which names the region that it
//! took when that is no region's name.
#![allow(clippy::disallowed_methods, reason = "a test runs the program and writes its file")]

use std::process::Command;

/// What `landfall plan` says of the region it took.
fn said(flag: Option<&str>, variable: Option<&str>, file: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, format!("region = \"{file}\"\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_landfall"));
    command.arg("--config").arg(&path).arg("plan").env_remove("LANDFALL_REGION");
    command.args(flag.map(|flag| format!("--region={flag}")));
    command.envs(variable.map(|variable| ("LANDFALL_REGION", variable)));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    for (flag, variable, taken) in [
        (Some("flag!"), Some("variable!"), "flag!"),
        (Some("flag!"), None, "flag!"),
        (None, Some("variable!"), "variable!"),
        (None, None, "file!"),
    ] {
        let said = said(flag, variable, "file!");
        assert!(said.contains(&format!("'{taken}' is not the name of a region")), "{said}");
    }
}
