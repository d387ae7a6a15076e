//! Recipes read right, and wrong ones refused with the line and what was meant.

use std::path::PathBuf;

use super::*;
use crate::error::{Error, Kind};

fn refused(text: &str) -> Error {
    let error = Recipe::parse(text, "edge.toml").unwrap_err();
    assert_eq!(error.kind, Kind::Refused, "{error}");
    error
}

#[test]
fn one_line_is_a_recipe() {
    let recipe = Recipe::parse("base = \"debian-12\"", "edge.toml").unwrap();
    assert_eq!(recipe.base.release.as_deref(), Some("debian-12"));
    assert_eq!(recipe.size.bytes(), 8 << 30);
    assert_eq!(recipe.outputs, [Format::Qcow2]);
    assert_eq!(recipe.time_zone.as_str(), "Etc/UTC");
    assert_eq!(recipe.policy, landfall_contract::policy::Policy::default());
}

#[test]
fn everything_that_can_be_said_is_read() {
    let recipe = Recipe::parse(include_str!("tests/everything.toml"), "everything.toml").unwrap();
    assert_eq!(recipe.users[0].ssh_keys.len(), 1);
    assert_eq!(recipe.files[1].mode.bits(), 0o600);
    assert_eq!(recipe.files[1].owner.group.as_str(), "ops");
    assert_eq!(recipe.docker["log-opts"]["max-size"], "10m");
    assert_eq!(recipe.landfall.docker_install_source, Some(DockerSource::Distro));
    assert_eq!(recipe.outputs.len(), 6);
    let again: Recipe = toml::from_str(&toml::to_string(&recipe).unwrap()).unwrap();
    assert_eq!(toml::to_string(&again).unwrap(), toml::to_string(&recipe).unwrap());
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_what_was_meant() {
    for (text, what, hint) in [
        (
            "base = \"debian-12\"\n\npakages = []",
            "edge.toml:3: there is no key 'pakages' here",
            "did you mean 'packages'?",
        ),
        (
            "base = \"debian-12\"\n[landfall]\nclutser = \"c\"",
            "edge.toml:3: there is no key 'clutser' here",
            "'cluster'",
        ),
        ("[base]\nrelaese = \"debian-12\"", "edge.toml:2: there is no key 'relaese' here", "'release'"),
        (
            "base = \"debian-12\"\n[policy]\nkeys = []",
            "edge.toml:3: there is no key 'keys' here",
            "seed-keys",
        ),
        (
            "base = \"debian-12\"\noutputs = [\"qcow\"]",
            "edge.toml:2: there is no value 'qcow' here",
            "'qcow2'",
        ),
    ] {
        let error = refused(text);
        assert_eq!(error.what, what);
        assert!(error.hint.clone().unwrap().contains(hint), "{error}");
    }
}

#[test]
fn an_activation_is_refused_whatever_it_is_called() {
    for key in ["activation-id", "activation-code", "activation-file", "activation"] {
        let error = refused(&format!("base = \"debian-12\"\n[landfall]\n{key} = \"a\""));
        assert!(error.what.contains("an image holds no activation"), "{error}");
        assert!(error.hint.unwrap().contains("seed"));
    }
}

#[test]
fn a_wrong_word_is_refused_with_its_line() {
    for (line, says) in [
        ("size = \"8 GB\"", "'8 GB' is not a size"),
        ("size = \"0G\"", "is not a size"),
        ("size = \"99999999999999999999G\"", "is not a size"),
        ("size = \"\"", "is not a size"),
        ("size = \"8\u{e9}\"", "is not a size"),
        ("hostname = \"a_b\"", "is not a host's name"),
        ("time-zone = \"../../etc/passwd\"", "tz database"),
        ("packages = [\"--allow-unauthenticated\"]", "name of a package"),
        ("users = [{ name = \"Ops\" }]", "name of a user"),
        ("users = [{ name = \"ops\", ssh-keys = [\"ssh-rsa\"] }]", "public key"),
        ("users = [{ name = \"ops\", ssh-keys = [\"-----BEGIN OPENSSH PRIVATE KEY-----\"] }]", "private key"),
        ("files = [{ path = \"/a/../b\", content = \"\" }]", "whole path"),
        ("files = [{ path = \"/a\", content = \"\", mode = \"0999\" }]", "octal"),
        ("base.digest = \"sha256:00\"", "digest"),
    ] {
        let base = if line.starts_with("base") { "base.file = \"x\"" } else { "base = \"debian-12\"" };
        let error = refused(&format!("{base}\n{line}\n"));
        assert!(error.what.starts_with("edge.toml:2: ") && error.what.contains(says), "{line}: {error}");
    }
}

#[test]
fn what_no_key_alone_can_tell_is_refused() {
    for (text, says) in [
        ("base = \"debian-21\"", "no release is called 'debian-21'"),
        ("base = \"sle-micro\"", "read-only"),
        ("base = \"amzn-2023\"", "no public address of Amazon Linux 2023's image"),
        ("base = { release = \"debian-12\", file = \"a\", url = \"https://b\" }", "more than one place"),
        ("base = { from = \"packages\" }", "neither a release"),
        ("base = \"debian-12\"\nkernel = \"cloud\"", "an image has its own"),
        (
            "base = \"debian-12\"\nfilesystem = \"xfs\"",
            "'filesystem' is for a base that is made from packages",
        ),
        ("base = \"debian-12\"\noutputs = []", "no output"),
        ("base = \"debian-12\"\nfiles = [{ path = \"/a\" }]", "neither 'content' nor 'source'"),
        ("base = \"debian-12\"\nfiles = [{ path = \"/a\", content = \"\", source = \"b\" }]", "both"),
        (
            "base = \"debian-12\"\nfiles = [{ path = \"/a\", content = \"\" }, { path = \"/a\", content = \"\" }]",
            "twice",
        ),
        (
            "base = \"debian-12\"\nfiles = [{ path = \"/etc/docker/daemon.json\", content = \"\" }]",
            "another part",
        ),
        ("base = \"debian-12\"\n[docker]\nsince = 2026-01-01", "a date"),
        ("base = 7", "a release's name or a table"),
        ("", "missing field `base`"),
    ] {
        let error = refused(text);
        assert!(error.what.contains(says), "{text}: {error}");
    }
}

#[test]
fn a_file_that_is_no_recipe_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("binary.toml");
    std::fs::write(&binary, [0xff, 0xfe, 0]).unwrap();
    assert_eq!(Recipe::read(&binary).unwrap_err().kind, Kind::Refused);
    assert!(Recipe::read(&folder.path().join("missing.toml")).unwrap_err().what.contains("missing.toml"));
    let huge = folder.path().join("huge.toml");
    std::fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    assert!(Recipe::read(&huge).unwrap_err().what.contains("are no recipe"));
}

/// Every option of the installer is a key of a recipe, but for those that a clone must have of its own.
#[test]
fn every_option_of_install_is_a_key_or_is_refused() {
    use clap::Args;
    let not_in_recipes =
        ["activation-file", "activation-id", "activation-code", "policy", "skip-registration"];
    let options = ::landfall::cli::Options::augment_args(clap::Command::new("landfall"));
    let flags: Vec<&str> = options.get_arguments().filter_map(clap::Arg::get_long).collect();
    let schema = schema();
    let keys = schema["$defs"]["Landfall"]["properties"].as_object().unwrap();
    for flag in &flags {
        assert_ne!(keys.contains_key(*flag), not_in_recipes.contains(flag), "{flag}");
    }
    for key in keys.keys() {
        assert!(flags.contains(&key.as_str()), "the installer has no --{key}");
    }
}

fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn same(path: &str, made: &str) {
    let path = file(path);
    if std::env::var_os("LANDFALL_ACCEPT").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == made,
        "{} differs: LANDFALL_ACCEPT=1 cargo test -p image-recipes writes it",
        path.display()
    );
}

#[test]
fn the_schema_for_editors_is_what_the_types_say() {
    same("recipe.schema.json", &format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap()));
}

#[test]
fn the_page_for_people_is_what_the_types_say() {
    same("../docs/recipe.md", &reference());
}
