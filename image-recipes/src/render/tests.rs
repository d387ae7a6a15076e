//! What is rendered is what others read: YAML by a parser that is not ours, TOML by the programs' own types.

use serde_json::json;

use super::*;
use crate::program::Program;

fn recipe(text: &str) -> Recipe {
    Recipe::parse(text, "test.toml").unwrap()
}

fn content<'a>(files: &'a [Placed], path: &str) -> &'a str {
    std::str::from_utf8(&files.iter().find(|file| file.path.as_str() == path).unwrap().content).unwrap()
}

/// Through PyYAML, which is what cloud-init reads with; `None` where it is not here.
fn read_back(yaml: &str) -> Option<Value> {
    let script = "import json,sys,yaml; json.dump(yaml.safe_load(sys.stdin.buffer.read()), sys.stdout)";
    let output =
        Program::new("python3", "python3-yaml").args(["-c", script]).output_with(yaml.as_bytes()).ok()?;
    if !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("No module named") {
        eprintln!("left out: python3-yaml is not here");
        return None;
    }
    assert!(output.status.success(), "{}\n{yaml}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn yaml_means_what_the_json_meant() {
    let value = json!({
        "text": "a: b # c", "no": "no", "empty": "", "number": 7, "yes": true, "nothing": null,
        "lines": "#!/bin/sh\nset -e\n\n  echo 'x: y'\n", "ragged": " a\nb", "trailing": "a \nb\n", "many": "a\nb\n\n",
        "unicode": "\u{e9}\u{85}\u{2028}\u{1f680}\u{7f}\t", "odd key: yes": [], "table": {},
        "list": [[1, 2], [], {"a": {"b": [{"c": "d", "e": ["f\ng\n", "h"]}]}}, {}, "x\ny\n", null],
    });
    if let Some(back) = read_back(&block(&value)) {
        assert_eq!(back, value);
    }
}

fn block(value: &Value) -> String {
    yaml::block(value)
}

#[test]
fn the_cloud_config_of_everything_reads_back() {
    let text = r##"
base = "debian-12"
hostname = "edge"
time-zone = "Europe/Berlin"
packages = ["chrony"]
files = [
  { path = "/etc/issue", content = "edge\nlines\n" },
  { path = "/opt/a", content = "\u0000", mode = "0600", owner = "ops" },
]
[[users]]
name = "ops"
ssh-keys = ["ssh-ed25519 AAAAC3Nz ops"]
sudo = true
groups = ["adm"]
"##;
    let recipe = recipe(text);
    let config = cloud_config(&recipe, &[vec!["landfall".into(), "install".into()]]).unwrap();
    assert!(config.starts_with("#cloud-config\n"));
    let Some(back) = read_back(&config) else { return };
    assert_eq!(back["packages"], json!(["chrony"]));
    assert_eq!(back["timezone"], "Europe/Berlin");
    assert_eq!(back["users"][0]["ssh_authorized_keys"], json!(["ssh-ed25519 AAAAC3Nz ops"]));
    assert_eq!(back["users"][0]["lock_passwd"], true);
    assert_eq!(back["runcmd"], json!([["landfall", "install"]]));
    let files = back["write_files"].as_array().unwrap();
    let file = |path: &str| files.iter().find(|file| file["path"] == path).unwrap();
    assert_eq!(file("/etc/issue")["content"], "edge\nlines\n");
    assert_eq!(file("/opt/a")["encoding"], "b64");
    assert_eq!(file("/opt/a")["owner"], "ops:ops");
    assert_eq!(file("/opt/a")["permissions"], "0600");
}

#[test]
fn the_installer_reads_the_configuration_that_is_written() {
    let recipe = recipe(
        "base = \"debian-12\"\n[landfall]\nregion = \"eu-central-1\"\ntag = [\"a=b\"]\nno-start = true\nallow = [\"ec2\"]",
    );
    let files = files(&recipe).unwrap();
    let options: ::landfall::cli::Options = toml::from_str(content(&files, CONFIG)).unwrap();
    assert_eq!(options.region.as_deref(), Some("eu-central-1"));
    assert_eq!(options.tag, ["a=b"]);
    assert!(options.no_start);
}

#[test]
fn the_policy_reads_back_as_it_was() {
    let recipe = recipe("base = \"debian-12\"\n[policy]\nsources = [\"smbios\"]\naccount = \"123456789012\"");
    let files = files(&recipe).unwrap();
    let policy: landfall_contract::policy::Policy =
        toml::from_str(content(&files, landfall_contract::policy::PATH)).unwrap();
    assert_eq!(policy, recipe.policy);
}

#[test]
fn dockers_options_are_its_json_in_the_order_of_the_recipe() {
    let recipe =
        recipe("base = \"debian-12\"\n[docker]\nlog-driver = \"local\"\nlog-opts = { max-size = \"10m\" }");
    let files = files(&recipe).unwrap();
    let back: Value = serde_json::from_str(content(&files, DAEMON_JSON)).unwrap();
    assert_eq!(back, json!({"log-driver": "local", "log-opts": {"max-size": "10m"}}));
    assert!(
        super::files(&self::recipe("base = \"debian-12\""))
            .unwrap()
            .iter()
            .all(|f| f.path.as_str() != DAEMON_JSON)
    );
}

#[test]
fn a_source_that_is_missing_is_named() {
    let recipe = recipe("base = \"debian-12\"\nfiles = [{ path = \"/a\", source = \"no-such-file\" }]");
    let error = files(&recipe).unwrap_err();
    assert!(error.what.contains("no-such-file"), "{error}");
}

#[test]
fn only_a_recipes_own_keys_are_kept_from_the_seal() {
    assert!(kept(&recipe("base = \"debian-12\"\nusers = [{ name = \"ops\" }]")).is_empty());
    let keyed =
        recipe("base = \"debian-12\"\nusers = [{ name = \"ops\", ssh-keys = [\"ssh-ed25519 AAAA a\"] }]");
    assert_eq!(kept(&keyed), ["authorized-keys"]);
    let known: Vec<&str> = landfall_contract::seal_list::TRACES.iter().map(|trace| trace.id).collect();
    assert!(known.contains(&"authorized-keys"));
}
