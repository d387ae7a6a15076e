//! Options and the activation: which source wins, what a mistake is told as, what is never shown.

use std::path::PathBuf;

use super::*;
use crate::host::fake::{ACTIVATION_CODE, ACTIVATION_ID, Fake, Kind, Node, fresh};

fn written(path: &str, content: &str) -> Fake {
    let mut fake = fresh();
    let folder = Path::new(path).parent().unwrap();
    if fake.stat(folder).unwrap().is_none() {
        fake.create_folder(folder, 0o755).unwrap();
    }
    fake.write(Path::new(path), content.as_bytes(), 0o600).unwrap();
    fake
}

fn of_file(content: &str) -> Result<Options> {
    file(&written(FILE, content), None)
}

fn region(name: &str) -> Options {
    Options { region: Some(name.into()), ..Options::default() }
}

#[test]
fn flags_win_over_the_file_and_the_file_fills_in() {
    let file =
        of_file("region = \"eu-west-1\"\ncluster = \"harbour\"\ntag = [\"a=b\"]\nno-start = true\n").unwrap();
    let both = region("us-east-1").or(file);
    assert_eq!(both.region.as_deref(), Some("us-east-1"));
    assert_eq!(both.cluster.as_deref(), Some("harbour"));
    assert_eq!((both.tag, both.no_start), (vec!["a=b".to_owned()], true));
}

#[test]
fn a_list_of_flags_replaces_the_files_list() {
    let file = of_file("tag = [\"a=b\"]\n").unwrap();
    let flags = Options { tag: vec!["c=d".into()], ..Options::default() };
    assert_eq!(flags.or(file).tag, ["c=d"]);
}

#[test]
fn no_file_is_no_error_unless_it_was_named() {
    assert!(file(&fresh(), None).is_ok());
    let error = file(&fresh(), Some(Path::new("/etc/elsewhere.toml"))).unwrap_err();
    assert_eq!((error.exit_code(), error.what.as_str()), (2, "there is no file /etc/elsewhere.toml"));
}

#[test]
fn an_unknown_key_names_its_line() {
    let error = of_file("# ours\nregion = \"us-east-1\"\nclutser = \"x\"\n").unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(error.what.starts_with("/etc/landfall/config.toml line 3: unknown field `clutser`"), "{error}");
}

#[test]
fn a_mistake_in_the_first_line_names_the_first_line() {
    let error = of_file("regoin = \"us-east-1\"\n").unwrap_err();
    assert!(error.what.starts_with("/etc/landfall/config.toml line 1: "), "{error}");
}

#[test]
fn a_mistake_beside_a_secret_does_not_show_it() {
    for line in [
        format!("activation-code = {ACTIVATION_CODE}"),
        format!("activation-code = \"{ACTIVATION_CODE}"),
        format!("activation-code = [\"{ACTIVATION_CODE}\"]"),
        format!("activation-code = {{ code = \"{ACTIVATION_CODE}\" }}"),
        "activation-code = 12345678901234567".to_owned(),
    ] {
        let error = of_file(&format!("{line}\n")).unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");
        assert!(!error.contains(ACTIVATION_CODE) && !error.contains("12345678901234567"), "{error}");
    }
}

#[test]
fn options_do_not_show_the_activation_code() {
    let options = of_file(&format!("activation-code = \"{ACTIVATION_CODE}\"\n")).unwrap();
    assert!(!format!("{options:?}").contains(ACTIVATION_CODE));
}

#[test]
fn a_region_is_needed_and_must_look_like_one() {
    for (options, what) in [
        (Options::default(), "no region was given"),
        (region("useast1"), "'useast1' is not the name of a region"),
    ] {
        let error = Config::resolve(&fresh(), &options).unwrap_err();
        assert_eq!((error.exit_code(), error.what.as_str()), (2, what));
        assert!(error.hint.is_some());
    }
}

#[test]
fn certificates_and_a_version_for_exec_must_be_such() {
    let mut fake = fresh();
    fake.somebody_writes("/root/empty.pem", "\n");
    fake.somebody_writes("/root/ca.pem", "-----BEGIN CERTIFICATE-----\n");
    let certs = |path: &str| Options { certs_file: Some(path.into()), ..region("us-east-1") };
    let version = |text: &str| Options { exec_version: Some(text.into()), ..region("us-east-1") };
    for (options, what) in [
        (certs("/root/none.pem"), "there is no file /root/none.pem"),
        (certs("ca.pem"), "ca.pem is not a whole path"),
        (certs("/root/empty.pem"), "/root/empty.pem holds no certificate"),
        (version("latest"), "'latest' is not a version of the SSM agent"),
        (version("../3.0"), "'../3.0' is not a version of the SSM agent"),
        (version("3..0"), "'3..0' is not a version of the SSM agent"),
        (version("3.3.0.0-1"), "'3.3.0.0-1' is not a version of the SSM agent"),
    ] {
        let error = Config::resolve(&fake, &options).unwrap_err();
        assert_eq!((error.exit_code(), error.what.as_str()), (2, what));
    }
    let config = Config::resolve(&fake, &certs("/root/ca.pem")).unwrap();
    assert_eq!(config.certs_file, Some("/root/ca.pem".into()));
}

#[test]
fn an_account_has_twelve_figures() {
    for id in ["", "12345678901", "1234567890123", "12345678901a", "1234-5678-9012"] {
        let options = Options { expect_account: Some(id.into()), ..region("us-east-1") };
        let error = Config::resolve(&fresh(), &options).unwrap_err();
        assert_eq!((error.exit_code(), error.what), (2, format!("'{id}' is not the number of an account")));
    }
}

#[test]
fn a_slip_in_a_cluster_or_a_pair_is_refused() {
    let pair = |text: &str| Options { attribute: vec![text.into()], ..region("us-east-1") };
    let cluster = |text: &str| Options { cluster: Some(text.into()), ..region("us-east-1") };
    for options in [
        pair("novalue"),
        pair("=value"),
        pair("two=lines\nECS_CLUSTER=x"),
        cluster(""),
        cluster("a b"),
        cluster("arn:aws:ecs:us-east-1:1:cluster/x"),
    ] {
        assert_eq!(Config::resolve(&fresh(), &options).unwrap_err().exit_code(), 2, "{options:?}");
    }
}

/// The id and code that a source yields.
fn found(fake: &Fake, options: &Options, stdin: &str) -> Option<(String, String)> {
    let activation = activation(fake, options, |_| Ok(Secret::new(stdin.into()))).unwrap()?;
    Some((activation.id.clone(), activation.code.expose().to_owned()))
}

fn printed(code: &str) -> String {
    format!("{{\"ActivationId\": \"{ACTIVATION_ID}\", \"ActivationCode\": \"{code}\"}}")
}

#[test]
fn a_file_wins_over_a_flag_and_a_flag_over_a_credential() {
    let mut fake = written("/root/activation.json", &printed("FileFileFileFile1234"));
    fake.write(Path::new("/root/landfall.activation"), printed("CredCredCredCred1234").as_bytes(), 0o600)
        .unwrap();
    fake.variables.insert("CREDENTIALS_DIRECTORY".into(), "/root".into());
    let code = |options: &Options| found(&fake, options, "").unwrap().1;
    let flag = Options {
        activation_id: Some(ACTIVATION_ID.into()),
        activation_code: Some(Secret::new("FlagFlagFlagFlag1234".into())),
        ..Options::default()
    };
    let both = Options { activation_file: Some("/root/activation.json".into()), ..flag.clone() };
    assert_eq!(code(&both), "FileFileFileFile1234");
    assert_eq!(code(&flag), "FlagFlagFlagFlag1234");
    assert_eq!(code(&Options::default()), "CredCredCredCred1234");
}

#[test]
fn a_hyphen_is_standard_input_which_is_not_read_otherwise() {
    let options = Options { activation_file: Some(PathBuf::from("-")), ..Options::default() };
    assert_eq!(found(&fresh(), &options, &printed(ACTIVATION_CODE)).unwrap().1, ACTIVATION_CODE);
    let nobody_reads = |_: &str| panic!("standard input was read");
    assert_eq!(activation(&fresh(), &Options::default(), nobody_reads).unwrap(), None);
}

#[test]
fn who_types_is_asked_for_the_code_alone_only_where_the_id_was_given() {
    for (id, text, wanted) in [
        (Some(ACTIVATION_ID.to_owned()), format!("{ACTIVATION_CODE}\n"), "activation code"),
        (None, printed(ACTIVATION_CODE), "activation, as 'aws ssm create-activation' printed it"),
    ] {
        let options =
            Options { activation_file: Some(PathBuf::from("-")), activation_id: id, ..Options::default() };
        let mut asked = String::new();
        let typed = activation(&fresh(), &options, |question| {
            question.clone_into(&mut asked);
            Ok(Secret::new(text))
        });
        assert_eq!(asked, wanted);
        assert_eq!(typed.unwrap().unwrap().code.expose(), ACTIVATION_CODE);
    }
}

#[test]
fn a_bare_code_in_a_file_takes_its_id_from_the_flag() {
    let fake = written("/root/code", &format!("{ACTIVATION_CODE}\n"));
    let options = Options {
        activation_file: Some("/root/code".into()),
        activation_id: Some(ACTIVATION_ID.into()),
        ..Options::default()
    };
    assert_eq!(found(&fake, &options, ""), Some((ACTIVATION_ID.into(), ACTIVATION_CODE.into())));
}

#[test]
fn a_source_that_was_named_and_holds_nothing_is_refused() {
    let missing = Options { activation_file: Some("/root/missing".into()), ..Options::default() };
    let lonely = Options { activation_code: Some(Secret::new(ACTIVATION_CODE.into())), ..Options::default() };
    for options in [missing, lonely] {
        let error = activation(&fresh(), &options, |_| Ok(Secret::new(String::new()))).unwrap_err();
        assert!(error.exit_code() == 2 && error.hint.is_some(), "{error}");
        assert!(!error.to_string().contains(ACTIVATION_CODE));
    }
}

#[test]
fn a_file_with_a_secret_that_others_may_read_is_refused_and_says_how_to_mend_it() {
    for mode in [0o644, 0o640, 0o604, 0o660] {
        let mut fake = fresh();
        fake.write(Path::new("/root/code"), printed(ACTIVATION_CODE).as_bytes(), mode).unwrap();
        let options = Options { activation_file: Some("/root/code".into()), ..Options::default() };
        let error = activation(&fake, &options, |_| Ok(Secret::new(String::new()))).unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("chmod 600 /root/code"), "{error}");
        assert!(!error.to_string().contains(ACTIVATION_CODE));
        let text = format!("activation-code = \"{ACTIVATION_CODE}\"\n");
        fake.write(Path::new("/root/config.toml"), text.as_bytes(), mode).unwrap();
        let error = file(&fake, Some(Path::new("/root/config.toml"))).unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("chmod 600"), "{error}");
    }
}

#[test]
fn a_configuration_file_without_a_secret_may_be_read_by_all() {
    let mut fake = fresh();
    fake.write(Path::new("/root/config.toml"), b"region = \"us-east-1\"\n", 0o644).unwrap();
    assert!(file(&fake, Some(Path::new("/root/config.toml"))).is_ok());
}

#[test]
fn a_link_is_as_private_as_the_file_that_it_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("file"), folder.path().join("link"));
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let mut fake = fresh();
    let (kept, named) = (PathBuf::from("/root/kept"), PathBuf::from("/root/named"));
    let content = Vec::from("/root/kept").into();
    let node = Node { kind: Kind::Link, mode: 0o777, content };
    fake.disk.make(&named, node, jiff::Timestamp::UNIX_EPOCH).unwrap();
    let mut door = crate::host::linux::Linux::open();
    let hosts: [(&mut dyn Machine, _, _); 2] = [(&mut door, file, link), (&mut fake, kept, named)];
    for (host, file, link) in hosts {
        for (mode, code) in [(0o644, 2), (0o600, 0)] {
            host.remove(&file).unwrap();
            host.write(&file, b"a secret", mode).unwrap();
            let answer = must_be_private(host, &link);
            assert_eq!(answer.map_or_else(|e| e.exit_code(), |()| 0), code, "{mode:o}");
        }
    }
}
