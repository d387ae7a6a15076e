//! Seeds as the other side reads them, and inventories with everything wrong in them.

use std::io::{Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use landfall_contract::seed::Seed;

use super::inventory::{Defaults, Inventory};
use super::*;
use crate::program::Program;

const ID: &str = "11111111-2222-3333-4444-555555555555";
const CODE: &str = "AbCdEfGhIjKlMnOpQrSt";

fn file(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn read(name: &str, content: &str, defaults: &Defaults) -> Result<Inventory> {
    let folder = tempfile::tempdir().unwrap();
    inventory::read(&file(folder.path(), name, content), defaults, For::GoldenImage)
}

fn refused(name: &str, content: &str) -> String {
    match read(name, content, &Defaults::default()) {
        Ok(_) => panic!("it was taken: {content}"),
        Err(e) => {
            assert_eq!(e.exit_code(), 2);
            assert!(!e.to_string().contains(CODE), "no code in a message: {e}");
            e.what
        }
    }
}

fn host() -> Host {
    let text = format!(
        "hostname,region,activation-id,activation-code,attribute,mac,address,gateway,nameserver\n\
         edge-1,eu-central-1,{ID},{CODE},site=a;rack=7,52:54:00:AB:cd:ef,192.0.2.7/24,192.0.2.1,192.0.2.2;192.0.2.3\n"
    );
    read("hosts.csv", &text, &Defaults::default()).unwrap().hosts.remove(0)
}

fn on_disk(disk: &[u8], name: &str) -> Option<String> {
    let disk = fatfs::FileSystem::new(Cursor::new(disk.to_vec()), fatfs::FsOptions::new()).unwrap();
    let mut text = String::new();
    disk.root_dir().open_file(name).ok()?.read_to_string(&mut text).unwrap();
    Some(text)
}

#[test]
fn a_seed_is_what_the_first_boot_reads() {
    let disk = disk(&host(), For::GoldenImage, None).unwrap();
    let seed: Seed = toml::from_str(&on_disk(&disk, "landfall.toml").unwrap()).unwrap();
    assert!(seed == host().seed() && seed.attribute == ["site=a", "rack=7"]);
    let meta = on_disk(&disk, "meta-data").unwrap();
    assert!(meta.starts_with("instance-id: edge-1-") && meta.ends_with("local-hostname: edge-1\n"), "{meta}");
    assert!(on_disk(&disk, "user-data").unwrap().starts_with("#cloud-config\n"));
    assert!(on_disk(&disk, "landfall.toml.minisig").is_none());
}

#[test]
fn the_installer_takes_a_seed_as_its_configuration() {
    let disk = disk(&host(), For::VendorImage, None).unwrap();
    let options: ::landfall::cli::Options =
        toml::from_str(&on_disk(&disk, "landfall.toml").unwrap()).unwrap();
    assert_eq!(options.region.as_deref(), Some("eu-central-1"));
    assert_eq!(options.activation_id.as_deref(), Some(ID));
}

#[test]
fn the_same_host_gives_the_same_bytes_and_another_seed_another_instance() {
    let one = disk(&host(), For::GoldenImage, None).unwrap();
    assert_eq!(one, disk(&host(), For::GoldenImage, None).unwrap());
    let mut changed = host();
    changed.cluster = Some("other".into());
    let other = disk(&changed, For::GoldenImage, None).unwrap();
    assert_ne!(on_disk(&one, "meta-data"), on_disk(&other, "meta-data"));
    assert!(one.len() < 1 << 20);
}

#[test]
fn user_data_holds_no_secret_and_names_both_media() {
    let disk = disk(&host(), For::VendorImage, None).unwrap();
    let text = on_disk(&disk, "user-data").unwrap();
    assert!(!text.contains(CODE) && !text.contains(ID));
    for part in ["LABEL=LANDFALLBIN", "LABEL=CIDATA", "ro,exec", "up --config"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let options: Vec<&str> = text.lines().filter(|line| line.contains("--activation")).collect();
    assert!(options.is_empty(), "{options:?}");
}

/// Comments are for whoever reads the files in `scripts/cloud-init`.
fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("# ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_ready_user_data_of_a_seed_disk_is_what_is_on_one() {
    assert_eq!(without_comments(include_str!("../../../scripts/cloud-init/seed-disk.yaml")), user_data());
}

#[test]
fn the_ready_user_data_of_a_golden_image_has_a_seed() {
    let text = include_str!("../../../scripts/cloud-init/golden-image.yaml");
    let lines = text.lines().skip_while(|line| !line.ends_with("content: |")).skip(1);
    let seed: String = lines.map(|line| format!("{}\n", line.trim_start())).collect();
    let seed: Seed = toml::from_str(&seed).unwrap();
    assert_eq!((seed.region.as_deref(), seed.cluster.as_deref()), (Some("REGION"), Some("CLUSTER")));
    assert!(text.contains(&format!("path: {}\n", landfall_contract::seed::IN_IMAGE)));
}

#[test]
fn a_fixed_address_is_a_network_config_by_the_cards_own() {
    let text = on_disk(&disk(&host(), For::GoldenImage, None).unwrap(), "network-config").unwrap();
    for part in
        ["macaddress: \"52:54:00:ab:cd:ef\"", "- \"192.0.2.7/24\"", "via: \"192.0.2.1\"", "- \"192.0.2.3\""]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let mut dhcp = host();
    dhcp.address = None;
    assert!(on_disk(&disk(&dhcp, For::GoldenImage, None).unwrap(), "network-config").is_none());
}

/// The script on a pretended system: what it mounts, what it runs, when it tries again.
#[test]
fn the_script_mounts_runs_tries_again_and_leaves_no_mount() {
    if Program::new("shellcheck", "shellcheck").args(["-s", "sh", "-"]).output().is_ok() {
        let script = script_alone();
        let output =
            Program::new("shellcheck", "shellcheck").args(["-s", "sh", "-"]).output_with(script.as_bytes());
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    for (codes, wanted, runs) in [("0", 0, 1), ("1 1 0", 0, 3), ("2", 2, 1), ("1 3", 3, 2)] {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let fake = format!(
            "#!/bin/sh\necho \"$0 $*\" >>{0}/log\ncase ${{0##*/}} in landfall) set -- $(cat {0}/codes); code=$1; shift; echo \"$*\" >{0}/codes; exit $code;; esac\n",
            at.display()
        );
        std::fs::write(at.join("codes"), codes).unwrap();
        for name in ["mount", "umount", "sleep", "landfall"] {
            std::fs::write(at.join(name), &fake).unwrap();
            std::fs::set_permissions(at.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let script = script_alone()
            .replace("/run/landfall-seed", &at.join("run").display().to_string())
            .replace("\"$at/binary/landfall\"", &at.join("landfall").display().to_string());
        let runner = format!("PATH={}:$PATH; {script}", at.display());
        let output = Program::new("sh", "dash").args(["-c", &runner]).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(wanted),
            "{codes}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let log = std::fs::read_to_string(at.join("log")).unwrap();
        assert_eq!(log.matches("/landfall up --config").count(), runs, "{log}");
        assert_eq!(log.matches("/umount").count(), 1, "{log}");
        assert!(log.contains("-o ro,exec,umask=0077 LABEL=LANDFALLBIN"), "{log}");
        assert!(!at.join("run").exists());
    }
}

fn script_alone() -> String {
    let text = user_data();
    let lines = text.lines().skip_while(|line| !line.contains("set -eu"));
    lines.map(|line| format!("{}\n", line.strip_prefix("      ").unwrap_or(line))).collect()
}

#[test]
fn a_signed_seed_counts_for_its_public_key_alone() {
    let (signer, other) = (Signer::random().unwrap(), Signer::random().unwrap());
    let disk = disk(&host(), For::GoldenImage, Some(&signer)).unwrap();
    let (seed, signature) =
        (on_disk(&disk, "landfall.toml").unwrap(), on_disk(&disk, "landfall.toml.minisig").unwrap());
    let signature = minisign::SignatureBox::from_string(&signature).unwrap();
    let counts = |key: &Signer| {
        let key = minisign::PublicKey::from_base64(&key.public_key()).unwrap();
        minisign::verify(&key, &signature, Cursor::new(&seed), true, false, false).is_ok()
    };
    assert!(counts(&signer) && !counts(&other));
    assert_eq!(signature.trusted_comment().unwrap(), "seed of edge-1");
}

#[test]
fn a_signers_file_must_be_private_and_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let path = file(folder.path(), "key", &pair.sk.to_box(None).unwrap().to_string());
    assert_eq!(Signer::read(&path).unwrap().public_key(), pair.pk.to_base64());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(Signer::read(&path).err().unwrap().what.contains("others than its owner"));
    assert!(
        Signer::read(&file(folder.path(), "no-key", "nothing")).err().unwrap().what.contains("no secret key")
    );
}

#[test]
fn csv_and_toml_say_the_same() {
    let toml = format!(
        "[[host]]\nhostname = \"edge-1\"\nregion = \"eu-central-1\"\nactivation-id = \"{ID}\"\nactivation-code = \"{CODE}\"\n\
         attribute = [\"site=a\", \"rack=7\"]\nmac = \"52:54:00:AB:cd:ef\"\naddress = \"192.0.2.7/24\"\ngateway = \"192.0.2.1\"\n\
         nameserver = [\"192.0.2.2\", \"192.0.2.3\"]\n"
    );
    let of_toml = read("hosts.toml", &toml, &Defaults::default()).unwrap().hosts.remove(0);
    let disks = [of_toml, host()].map(|host| disk(&host, For::VendorImage, None).unwrap());
    assert_eq!(disks[0], disks[1]);
}

#[test]
fn every_bad_line_is_reported_at_once_with_its_number() {
    let text = format!(
        "hostname,region,activation-id,activation-code,attribute,address\n\
         good,eu-central-1,{ID},{CODE},,\n\
         # a comment\n\n\
         bad_name,eu-central-1,{ID},{CODE},,\n\
         no-code,eu-central-1,{ID},,,\n\
         short,here,{ID},short,,\n\
         good,eu-central-1,{ID},{CODE},plain,192.0.2.7\n\
         columns,x\n"
    );
    let said = refused("hosts.csv", &text);
    for part in [
        "csv:5: 'bad_name' is not a host's name",
        "csv:6: there is an activation id, and no code",
        "csv:7: 'here' is not an AWS region",
        "csv:7: the activation code has not 20",
        "csv:8: the attribute 'plain' is not NAME=VALUE",
        "csv:8: '192.0.2.7' is not an address with its prefix",
        "csv:8: a fixed address needs the mac",
        "csv:8: the hostname good is on line 2 already",
        "csv:9: 2 columns, where the first line names 6",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.starts_with("the inventory has 9 mistakes, and nothing was written"), "{said}");
}

#[test]
fn a_vendors_image_has_its_region_from_its_seed_alone_and_a_golden_one_may_bring_it() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "hostname,region,activation-id,activation-code\na,,{ID},{CODE}\nb,eu-central-1,{ID},{CODE}\nc,,{ID},short\n"
    );
    let path = file(folder.path(), "hosts.csv", &text);
    let said = inventory::read(&path, &Defaults::default(), For::VendorImage).err().unwrap().what;
    for part in [
        "has 3 mistakes",
        "csv:2: there is no region",
        "csv:4: there is no region",
        "csv:4: the activation code",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = inventory::read(&path, &Defaults::default(), For::GoldenImage).err().unwrap().what;
    assert!(said.contains("has 1 mistake,"), "{said}");
    let path = file(folder.path(), "hosts.csv", &text.replace("short", CODE));
    let defaults = Defaults { region: Some("eu-central-1".into()), ..Defaults::default() };
    assert_eq!(inventory::read(&path, &defaults, For::VendorImage).unwrap().hosts.len(), 3);
}

#[test]
fn what_is_no_inventory_is_refused() {
    for (name, content, says) in [
        ("hosts.csv", "name,region\na,b\n", "'hostname' is not among them"),
        ("hosts.csv", "", "'hostname' is not among them"),
        ("hosts.csv", "hostname\n", "no host"),
        ("hosts.csv", "hostname,zone\na,b\n", "there is no column 'zone'"),
        ("hosts.toml", "[[hosts]]\nhostname = \"a\"\n", "unknown field `hosts`"),
        ("hosts.toml", "[[host]]\nhostname = 7\n", "hosts.toml:1: "),
        ("hosts.toml", "[[host]]\nhostname = \"a\nactivation-code = \"AbCdEfGhIjKlMnOpQrSt\"\n", "line 2"),
        ("hosts.txt", "hostname\na\n", "a .csv or a .toml"),
    ] {
        let said = refused(name, content);
        assert!(said.contains(says), "{content}: {said}");
    }
}

#[test]
fn defaults_fill_and_a_shared_activation_is_warned_of() {
    let defaults = Defaults {
        region: Some("us-east-1".into()),
        activation: Some((ID.into(), CODE.into())),
        ..Defaults::default()
    };
    let inventory = read("hosts.csv", "hostname,region\na,\nb,eu-west-1\n", &defaults).unwrap();
    assert_eq!(inventory.hosts[0].region.as_deref(), Some("us-east-1"));
    assert_eq!(inventory.hosts[1].region.as_deref(), Some("eu-west-1"));
    assert_eq!(inventory.hosts[1].activation_code.as_deref(), Some(CODE));
    assert!(inventory.warnings[0].contains("is used by 2 hosts"));
}

#[test]
fn a_file_with_codes_that_others_may_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("hostname,activation-id,activation-code\na,{ID},{CODE}\n");
    let path = file(folder.path(), "hosts.csv", &text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = inventory::read(&path, &Defaults::default(), For::GoldenImage).err().unwrap();
    assert!(error.what.contains("mode 0640") && error.hint.unwrap().contains("chmod 600"));
    let json = format!("{{\"ActivationId\": \"{ID}\", \"ActivationCode\": \"{CODE}\"}}");
    assert_eq!(private::activation(&file(folder.path(), "a.json", &json)).unwrap(), (ID.into(), CODE.into()));
    let odd = private::activation(&file(folder.path(), "b.json", &format!("\"{CODE}\""))).unwrap_err();
    assert!(!odd.to_string().contains(CODE));
}
