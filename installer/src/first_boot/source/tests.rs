//! Each source with real bytes, in the order they are asked; and what a policy keeps from being asked.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::*;
use crate::cli::Options;
use crate::first_boot::accepting::{Accepted, accept};
use crate::host::Machine;
use crate::host::fake::{Fake, fresh};

pub(super) const SEED: &str = include_str!("../../../tests/seeds/landfall.toml");
pub(super) const SIGNATURE: &str = include_str!("../../../tests/seeds/landfall.toml.minisig");
const LEGACY: &str = include_str!("../../../tests/seeds/legacy.minisig");
const OTHER: &str = include_str!("../../../tests/seeds/other.minisig");
const KEY: &str = "RWR0eSBmO/8CtM9bKYArti5hlJRpQNnpMQTSgP1tBfve0ySrX3zoq6bS";

pub(super) fn allowing(sources: &[Source]) -> Policy {
    Policy { sources: sources.to_vec(), ..Policy::default() }
}

pub(super) fn looked(fake: &Fake, policy: &Policy) -> Result<Option<Found>> {
    look(fake, policy, &mut |note| fake.tell(&note))
}

fn judged(fake: &Fake, policy: &Policy) -> Result<Accepted> {
    accept(fake, &looked(fake, policy)?.expect("a seed"), policy, &Options::default())
}

fn error(fake: &Fake, policy: &Policy) -> Error {
    let Err(error) = judged(fake, policy) else { panic!("it was not refused") };
    assert!(error.exit_code() == 2 && error.hint.is_some(), "{error}");
    error
}

/// A machine that has this seed, with its signature, in a source.
fn with(source: Source, seed: &str, signature: Option<&str>) -> Fake {
    let mut fake = fresh();
    let packed = |text: &str| BASE64_STANDARD.encode(text);
    match source {
        Source::Credential => {
            fake.variables.insert("CREDENTIALS_DIRECTORY".into(), "/run/credentials/x".into());
            fake.put("/run/credentials/x/landfall.seed", seed, 0o400);
            signature
                .into_iter()
                .for_each(|it| fake.put("/run/credentials/x/landfall.seed.minisig", it, 0o400));
        }
        Source::Smbios => {
            let texts = [("landfall.seed", Some(seed)), ("landfall.seed.minisig", signature)];
            let texts =
                texts.iter().filter_map(|(name, text)| Some(format!("{name}={}\0", packed((*text)?))));
            let table = format!("\x0b\x05\0\0\x02{}\0", texts.collect::<String>());
            fake.put("/sys/firmware/dmi/tables/DMI", &table, 0o400);
        }
        Source::FwCfg => {
            let at = "/sys/firmware/qemu_fw_cfg/by_name/opt/landfall";
            fake.put(&format!("{at}/seed/raw"), seed, 0o400);
            signature.into_iter().for_each(|it| fake.put(&format!("{at}/seed.minisig/raw"), it, 0o400));
        }
        Source::CloudInit => {
            let metadata = serde_json::json!({"landfall": seed, "landfall-minisig": signature});
            cloud_init_took(&mut fake, "nocloud", "seed-dir (/var/lib/cloud/seed/nocloud)", &metadata);
        }
        Source::Guestinfo => {
            fake.guestinfo.insert("landfall.seed".into(), packed(seed));
            signature.map(|it| fake.guestinfo.insert("landfall.seed.minisig".into(), packed(it)));
        }
        Source::Openstack => {
            fake.put("/sys/class/dmi/id/product_name", "OpenStack Nova\n", 0o444);
            let data = serde_json::json!({"meta": {"landfall": seed, "landfall-minisig": signature}});
            fake.metadata = Some(data.to_string());
        }
        Source::File => {
            fake.put("/etc/landfall/seed.toml", seed, 0o600);
            signature.into_iter().for_each(|it| fake.put("/etc/landfall/seed.toml.minisig", it, 0o644));
        }
        Source::KernelCommandLine => {
            let signature = signature.map(|it| format!("landfall.seed.minisig={}", packed(it)));
            let line = format!(
                "root=/dev/sda landfall.seed={} {} quiet\n",
                packed(seed),
                signature.unwrap_or_default()
            );
            fake.put("/proc/cmdline", &line, 0o444);
        }
        Source::Disk | Source::RemovableDisk | Source::Prompt => unreachable!("tried elsewhere"),
    }
    fake
}

/// cloud-init's instance data, with metadata from there.
pub(super) fn cloud_init_took(
    fake: &mut Fake,
    platform: &str,
    subplatform: &str,
    metadata: &serde_json::Value,
) {
    let v1 = serde_json::json!({"platform": platform, "subplatform": subplatform});
    let data = serde_json::json!({"v1": v1, "ds": {"meta_data": metadata}});
    fake.put("/run/cloud-init/instance-data-sensitive.json", &data.to_string(), 0o600);
}

const OF_TEXTS: [Source; 8] = [
    Source::Credential,
    Source::Smbios,
    Source::FwCfg,
    Source::CloudInit,
    Source::Guestinfo,
    Source::Openstack,
    Source::File,
    Source::KernelCommandLine,
];

#[test]
fn every_source_gives_the_same_seed_and_is_not_asked_where_it_is_not_allowed() {
    for source in OF_TEXTS {
        let fake = with(source, SEED, None);
        let found = judged(&fake, &allowing(&[source])).unwrap_or_else(|e| panic!("{source:?}: {e}"));
        assert_eq!((found.source, found.options.cluster.as_deref()), (source, Some("test-cluster")));
        assert_eq!(found.options.activation_code.unwrap().expose(), "GoodCodeGoodCode1234");
        let others: Vec<Source> = Source::ALL.into_iter().filter(|it| *it != source).collect();
        let fake = with(source, SEED, None);
        assert!(looked(&fake, &allowing(&others)).unwrap().is_none(), "{source:?}");
    }
}

/// What the unit falls back on: see `components::first_boot`.
#[test]
fn a_credential_that_the_unit_falls_back_on_is_none() {
    let mut fake = with(Source::Credential, NO_CREDENTIAL, Some(NO_CREDENTIAL));
    assert!(looked(&fake, &Policy::default()).unwrap().is_none());
    // The seed is the next source's then; and such a signature is none.
    fake.put("/etc/landfall/seed.toml", SEED, 0o600);
    assert_eq!(judged(&fake, &Policy::default()).unwrap().source, Source::File);
    let unsigned = with(Source::Credential, SEED, Some(NO_CREDENTIAL));
    assert_eq!(judged(&unsigned, &Policy::default()).unwrap().source, Source::Credential);
}

#[test]
fn what_create_activation_prints_is_a_seed_where_the_policy_knows_the_rest() {
    let printed = r#"{"ActivationId": "11111111-2222-3333-4444-555555555555", "ActivationCode": "GoodCodeGoodCode1234"}"#;
    for source in OF_TEXTS {
        let fake = with(source, printed, None);
        let policy = Policy { region: Some("eu-west-1".into()), ..allowing(&[source]) };
        let options = judged(&fake, &policy).unwrap_or_else(|e| panic!("{source:?}: {e}")).options;
        assert_eq!(options.region.as_deref(), Some("eu-west-1"));
        assert!(error(&fake, &allowing(&[source])).what.contains("no region"));
    }
}

#[test]
fn what_create_activation_prints_is_refused_whole_where_somebody_added_to_it() {
    let policy = Policy { region: Some("eu-west-1".into()), ..allowing(&[Source::File]) };
    let printed = |more: &str| {
        let pair = r#""ActivationId": "11111111-2222-3333-4444-555555555555", "ActivationCode": "GoodCodeGoodCode1234""#;
        with(Source::File, &format!("{{{pair}{more}}}"), None)
    };
    judged(&printed(r#", "ResponseMetadata": {"RequestId": "1"}"#), &policy).ok().unwrap();
    for more in ["region", "cluster", "trust-key"] {
        let error = error(&printed(&format!(r#", "{more}": "x""#)), &policy);
        assert!(error.what.contains(&format!("has '{more}' beside")), "{error}");
    }
}

#[test]
fn a_signature_counts_in_every_source_and_only_of_the_policys_keys() {
    for source in OF_TEXTS {
        let policy = Policy { seed_keys: vec![KEY.into()], ..allowing(&[source]) };
        let signed = judged(&with(source, SEED, Some(SIGNATURE)), &policy).unwrap();
        assert_eq!(signed.signer.as_deref(), Some("rack 7, signed by the platform team"), "{source:?}");
        assert_eq!(
            judged(&with(source, SEED, Some(LEGACY)), &policy).unwrap().signer.as_deref(),
            Some("legacy")
        );
        let wrong = [
            (SEED.to_owned(), None, "is not signed"),
            (SEED.to_owned(), Some(OTHER), "no key of the policy"),
            (SEED.replace("test-cluster", "mine"), Some(SIGNATURE), "no key of the policy"),
            (SEED.to_owned(), Some("not one, at all"), "not one of minisign's"),
        ];
        for (seed, signature, why) in wrong {
            let error = error(&with(source, &seed, signature), &policy);
            assert!(error.what.contains(why), "{source:?}: {error}");
        }
        let altered = SIGNATURE.replace("rack 7", "rack 8");
        assert!(error(&with(source, SEED, Some(&altered)), &policy).what.contains("no key"));
    }
}

#[test]
fn what_a_seed_must_not_say_refuses_it_whole_without_repeating_its_code() {
    let code = "GoodCodeGoodCode1234";
    for (more, why) in [
        ("ecs-endpoint = \"https://mine.example\"", "asks for 'ecs-endpoint'"),
        ("trust-key = \"/root/key\"", "asks for 'trust-key'"),
        ("run = \"rm -rf /\"", "asks for 'run'"),
        ("mirror = \"https://mine.example\"", "asks for 'mirror'"),
        ("attribute = \"GoodCodeGoodCode1234\"", "wrong type"),
        ("tag = [GoodCodeGoodCode1234", "is not TOML"),
        ("\"\\u001b[2J\" = 1", "asks for '\\u{1b}[2J'"),
    ] {
        let error = error(&with(Source::File, &format!("{SEED}{more}\n"), None), &allowing(&[Source::File]));
        assert!(error.what.contains(why) && error.what.contains("line 5"), "{error}");
        assert!(!error.to_string().contains(code), "{error}");
    }
    let short = SEED.replace(code, "x");
    assert!(
        error(&with(Source::File, &short, None), &allowing(&[Source::File])).what.contains("needs at least")
    );
}

#[test]
fn a_seed_that_disagrees_with_the_policy_is_refused_and_the_next_source_is_not_asked() {
    let mut fake = with(Source::Smbios, SEED, None);
    fake.put("/etc/landfall/seed.toml", &SEED.replace("test-cluster", "other"), 0o600);
    for (policy, what) in [
        (Policy { region: Some("eu-west-1".into()), ..Policy::default() }, "the region 'us-east-1'"),
        (Policy { cluster: Some("other".into()), ..Policy::default() }, "the cluster 'test-cluster'"),
    ] {
        let error = error(&fake, &policy);
        assert!(error.what.contains("SMBIOS type 11 names") && error.what.contains(what), "{error}");
    }
}

#[test]
fn a_policy_fills_in_what_a_seed_leaves_open_and_goes_before_the_image() {
    let open: String =
        SEED.lines().filter(|line| line.starts_with("activation")).map(|it| format!("{it}\n")).collect();
    let fake = with(Source::File, &open, None);
    let policy = Policy {
        region: Some("eu-west-1".into()),
        account: Some("123456789012".into()),
        ..allowing(&[Source::File])
    };
    let image = Options {
        region: Some("us-west-2".into()),
        cluster: Some("of-the-image".into()),
        activation_file: Some("/root/old.json".into()),
        policy: Some("/gone".into()),
        ..Options::default()
    };
    let found = looked(&fake, &policy).unwrap().unwrap();
    let options = accept(&fake, &found, &policy, &image).ok().unwrap().options;
    assert_eq!(
        (options.region.as_deref(), options.cluster.as_deref()),
        (Some("eu-west-1"), Some("of-the-image"))
    );
    assert_eq!(options.expect_account.as_deref(), Some("123456789012"));
    assert!(options.activation_file.is_none() && options.policy.is_none());
}

#[test]
fn a_file_that_others_may_read_or_that_leads_elsewhere_is_refused() {
    let mut fake = fresh();
    fake.put("/etc/landfall/seed.toml", SEED, 0o644);
    assert!(looked(&fake, &allowing(&[Source::File])).err().unwrap().what.contains("mode 0644"));
}

#[test]
fn what_is_far_too_large_or_no_text_is_refused_and_what_is_no_metadata_is_nothing() {
    let mut fake = fresh();
    fake.put("/etc/landfall/seed.toml", &"#".repeat(MOST + 1), 0o600);
    assert!(looked(&fake, &allowing(&[Source::File])).err().unwrap().what.contains("more than"));
    fake.guestinfo.insert("landfall.seed".into(), BASE64_STANDARD.encode([0xff, 0xfe, 0x00, 0x01]));
    assert!(looked(&fake, &allowing(&[Source::Guestinfo])).err().unwrap().what.contains("is not text"));
    fake.put("/run/cloud-init/instance-data-sensitive.json", "[1, {", 0o600);
    assert!(looked(&fake, &allowing(&[Source::CloudInit])).unwrap().is_none());
}

#[test]
fn a_table_in_metadata_is_a_seed_as_a_text_is() {
    let mut fake = fresh();
    let seed = serde_json::json!({"region": "us-east-1", "activation-id": "11111111-2222-3333-4444-555555555555",
        "activation-code": "GoodCodeGoodCode1234", "attribute": ["rack=7"]});
    let metadata = serde_json::json!({"meta": {"landfall": seed}});
    cloud_init_took(&mut fake, "openstack", "config-disk (/dev/vda1)", &metadata);
    disk::tests::attach(&mut fake, "vda1", "virtio0", false, b"");
    let options = judged(&fake, &allowing(&[Source::CloudInit])).ok().unwrap().options;
    assert_eq!(options.attribute, ["rack=7"]);
}

#[test]
fn openstack_is_asked_only_where_the_firmware_names_it_and_the_policy_allows_it() {
    let openstack = PathBuf::from("openstack");
    let mut rogue = fresh();
    rogue.metadata = with(Source::Openstack, SEED, None).metadata;
    assert!(looked(&rogue, &allowing(&[Source::Openstack])).unwrap().is_none());
    assert!(!rogue.opened.borrow().contains(&openstack));
    let there = with(Source::Openstack, SEED, None);
    let state = there.state();
    assert!(looked(&there, &Policy::default()).unwrap().is_none());
    assert!(!there.opened.borrow().contains(&openstack) && there.state() == state);
    let said = not_allowed(&there, &Policy::default()).unwrap().join("\n");
    assert!(said.contains("OpenStack's metadata service") && said.contains("'openstack'"), "{said}");
}

#[test]
fn who_sits_at_a_terminal_is_asked_only_what_the_policy_leaves_open() {
    let mut fake = fresh();
    assert!(looked(&fake, &allowing(&[Source::Prompt])).unwrap().is_none());
    fake.answers = vec![
        ("region", "us-east-1\n"),
        ("cluster", "\n"),
        ("activation id", "11111111-2222-3333-4444-555555555555\n"),
        ("activation code", "GoodCodeGoodCode1234\n"),
    ];
    let options = judged(&fake, &allowing(&[Source::Prompt])).ok().unwrap().options;
    assert_eq!((options.region.as_deref(), options.cluster), (Some("us-east-1"), None));
    let policy = Policy { cluster: Some("fixed".into()), ..allowing(&[Source::Prompt]) };
    assert_eq!(judged(&fake, &policy).ok().unwrap().options.cluster.as_deref(), Some("fixed"));
    let policy = Policy { seed_keys: vec![KEY.into()], ..policy };
    assert!(error(&fake, &policy).hint.unwrap().contains("cannot be signed"));
    fake.answers[0].1 = "x\"\ntrust-key = \"y\n";
    assert!(error(&fake, &allowing(&[Source::Prompt])).what.contains("is not the name of a region"));
}

#[test]
fn what_is_used_goes_from_the_file_and_from_guestinfo() {
    let mut fake = with(Source::File, SEED, Some(SIGNATURE));
    fake.guestinfo = with(Source::Guestinfo, SEED, Some(SIGNATURE)).guestinfo;
    forget(&mut fake, &Policy::default()).unwrap();
    assert!(fake.guestinfo.is_empty());
    assert!(fake.disk.list(Path::new("/etc/landfall")).is_empty());
}

#[test]
fn the_kernel_command_line_is_warned_about() {
    let fake = with(Source::KernelCommandLine, SEED, None);
    judged(&fake, &allowing(&[Source::KernelCommandLine])).ok().unwrap();
    assert!(fake.told().contains("everybody on this machine can read it"));
}

/// What people copy works: each example of the page is one that Landfall takes.
#[test]
fn the_examples_of_the_documentation_are_understood() {
    let page = include_str!("../../../../docs/first-boot.md");
    let examples: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    let of_kind =
        |first: &str| -> Vec<&str> { examples.iter().filter_map(|it| it.strip_prefix(first)).collect() };
    let (policies, seeds, printed) =
        (of_kind("toml\n# policy\n"), of_kind("toml\n# seed\n"), of_kind("json\n"));
    assert_eq!((policies.len(), seeds.len(), printed.len()), (1, 1, 1));
    let policy = crate::first_boot::policy::parse(policies[0], Path::new("policy.toml")).unwrap();
    let policy = Policy { sources: vec![Source::File], seed_keys: Vec::new(), ..policy };
    for seed in [seeds[0], printed[0]] {
        let options = judged(&with(Source::File, seed, None), &policy).ok().unwrap().options;
        assert_eq!(options.cluster.as_deref(), Some("harbour"));
    }
    for source in Source::ALL {
        assert!(page.contains(&format!("\n| `{}` |", source.name())), "{source:?} is missing");
    }
}
