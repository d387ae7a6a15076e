//! The declaration is whole: every flag has its variable and its key.

use clap::CommandFactory;

use super::*;

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_flag_has_its_variable_and_its_key() {
    let command = Cli::command();
    let up = command.find_subcommand("up").expect("up is a command");
    for flag in up.get_arguments().filter_map(|arg| arg.get_long().map(|long| (arg, long))) {
        let (arg, long) = flag;
        if matches!(long, "help" | "version" | "json" | "config") {
            continue;
        }
        let variable = format!("LANDFALL_{}", long.replace('-', "_").to_uppercase());
        assert_eq!(arg.get_env().and_then(|env| env.to_str()), Some(variable.as_str()), "--{long}");
        let accepted =
            ["\"all\"", "\"ipv4\"", "\"permissive\"", "1", "true", "[\"a=b\"]", "[\"ec2\"]", "\"text\""]
                .iter()
                .any(|value| toml::from_str::<Options>(&format!("{long} = {value}")).is_ok());
        assert!(accepted, "the configuration file does not know '{long}'");
    }
}

#[test]
fn self_update_takes_its_proxy_from_the_variables_that_up_does() {
    let command = Cli::command();
    let variable = |name: &str, long: &str| {
        let command = command.find_subcommand(name).expect("it is a command");
        let mut flags = command.get_arguments().filter(|arg| arg.get_long() == Some(long));
        flags.next().and_then(|arg| arg.get_env().map(std::ffi::OsStr::to_owned))
    };
    for long in ["proxy", "no-proxy"] {
        assert!(variable("up", long).is_some(), "--{long}");
        assert_eq!(variable("self-update", long), variable("up", long), "--{long}");
    }
}

#[test]
fn an_unknown_key_of_the_file_is_an_error() {
    assert!(toml::from_str::<Options>("regoin = \"us-east-1\"").is_err());
}

#[test]
fn every_flag_of_awss_script_is_accepted_under_its_name() {
    let script = [
        "--region",
        "--activation-id",
        "--activation-code",
        "--cluster",
        "--enable-gpu",
        "--docker-install-source",
        "--ecs-version",
        "--ecs-endpoint",
        "--skip-registration",
        "--certs-file",
        "--ip-compatibility",
        "--no-start",
        "--deb-url",
        "--rpm-url",
        "--skip-gpg-check",
    ];
    let command = Cli::command();
    let up = command.find_subcommand("up").expect("up is a command");
    let ours: Vec<String> =
        up.get_arguments().filter_map(|arg| Some(format!("--{}", arg.get_long()?))).collect();
    for flag in script {
        assert!(ours.contains(&flag.to_owned()), "{flag}");
    }
}

#[test]
fn help_fits_eighty_columns() {
    let whole = Cli::command().term_width(80);
    let each = whole.get_subcommands().map(|command| command.clone().term_width(80));
    for mut command in each.chain([whole.clone()]) {
        let help = command.render_long_help().to_string();
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    }
}

#[test]
fn another_machine_is_named_in_one_way_and_its_architecture_only_with_it() {
    let fits = |line: &str| Cli::try_parse_from(line.split(' ')).is_ok();
    assert!(fits("landfall plan --as debian-12 --arch aarch64") && fits("landfall plan --os-release x"));
    assert!(!fits("landfall plan --as debian-12 --os-release x") && !fits("landfall plan --arch x86_64"));
    assert!(fits("landfall check --facts --os-release x") && !fits("landfall check --as debian-12"));
    assert!(!fits("landfall up --as debian-12") && !fits("landfall up --facts"));
}
