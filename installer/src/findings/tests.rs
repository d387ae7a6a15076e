//! Each finding on a machine that has it, and none on one that has nothing.

use distro_matrix::Gpu;
use jiff::Timestamp;

use super::network::{Asked, METADATA_SERVICE};
use super::*;
use crate::cli::{Options, SelinuxMode};
use crate::facts::Part::{Images, Programs, State};
use crate::facts::{DockerConfiguration, Held, Part, Volume};
use crate::guard::Quarantine;
use crate::host::fake::fresh;
use crate::host::{Heard, Introspection, Reached, Silence, Stage};
use crate::registration::Registration;

const NOW: &str = "2026-11-22T12:00:00Z";

fn distro() -> Distro {
    distro_matrix::named("debian-12").unwrap().clone()
}

fn wanted(options: Options) -> Config {
    Config::resolve(&fresh(), &Options { region: Some("us-east-1".into()), ..options }).unwrap()
}

fn found(change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
    found_with(Options::default(), change)
}

fn found_with(options: Options, change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
    let mut facts = Facts::gather(&fresh()).unwrap();
    change(&mut facts);
    findings(&facts, &wanted(options), Some(&distro()), Goal::Up)
}

/// Exactly this one, which is returned.
fn only(code: Code, found: Vec<Finding>) -> Finding {
    let [finding] = &found[..] else { panic!("not {code:?} alone: {found:#?}") };
    assert_eq!(finding.code, code, "{finding:#?}");
    assert!(!finding.sentence.ends_with('.') && !finding.remedy.is_empty(), "{finding:#?}");
    finding.clone()
}

fn registered(facts: &mut Facts) {
    facts.registration = Some(Registration { instance_id: "mi-1".into(), region: "us-east-1".into() });
    facts.marked = true;
}

fn in_cluster(facts: &mut Facts) {
    registered(facts);
    facts.ecs_agent = Some(Introspection {
        cluster: "harbour".into(),
        container_instance_arn: Some("arn:aws:ecs:us-east-1:1:container-instance/harbour/2".into()),
        version: String::new(),
    });
}

#[test]
fn a_fresh_machine_has_nothing_in_the_way() {
    assert_eq!(found(|_| ()), []);
}

#[test]
fn a_registered_machine_in_its_cluster_has_nothing_in_the_way() {
    let options = Options { cluster: Some("harbour".into()), ..Options::default() };
    let same = found_with(options, |facts| {
        in_cluster(facts);
        facts.agent_files.saved_state = true;
        facts.agent_files.saved_cluster = Some("harbour".into());
        facts.agent_files.fingerprint_of = facts.machine_id.clone();
    });
    assert_eq!(same, []);
}

#[test]
fn a_machine_id_of_the_hypervisors_is_told_while_it_can_be_changed_and_no_longer() {
    let uuid = "01234567-89AB-CDEF-0123-456789ABCDEF";
    let taken = |facts: &mut Facts| facts.product_uuid = Some(uuid.into());
    only(Code::MachineIdOfHypervisor, found(taken));
    let no_longer: [fn(&mut Facts); 2] = [registered, |facts| facts.container = Some("lxc".into())];
    for change in no_longer {
        let found = found(|facts| {
            taken(facts);
            change(facts);
        });
        assert!(found.iter().all(|it| it.code != Code::MachineIdOfHypervisor), "{found:?}");
    }
}

#[test]
fn an_os_release_alone_shows_its_release_and_how_its_files_are_laid_out() {
    let codes = |text: &str| {
        let mut fake = fresh();
        fake.put("/root/os-release", text, 0o644);
        let told = crate::facts::Told::of_file(&fake, std::path::Path::new("/root/os-release"));
        of_release(&told).iter().map(|it| it.code).collect::<Vec<_>>()
    };
    assert_eq!(codes("ID=debian\nVERSION_ID=12\n"), []);
    assert_eq!(codes("ID=debian\nVERSION_ID=11\n"), [Code::ReleaseEndOfLife]);
    assert_eq!(codes("ID=debian\nVERSION_ID=9\n"), [Code::ReleaseUnsupported]);
    assert_eq!(codes("ID=arch\n"), [Code::ReleaseUnsupported]);
    assert_eq!(codes("ID=debian\nVERSION_ID=\"12\n"), [Code::OsReleaseBroken]);
    assert_eq!(codes("ID=debian\nVERSION_ID=12\nOSTREE_VERSION=1\n"), [Code::Immutable]);
    let mint = "ID=linuxmint\nVERSION_ID=20\nID_LIKE=ubuntu\nUBUNTU_CODENAME=focal\n";
    assert_eq!(codes(mint), [Code::ReleaseUntested, Code::ReleaseEndOfLife], "its parent has ended too");
}

/// A finding, and what in the facts leads to it.
type Case = (Code, fn(&mut Facts));

#[test]
fn every_trap_of_the_machine_itself_is_found() {
    let cases: [Case; 21] = [
        (Code::ArchitectureUnsupported, |it| it.kernel_architecture = "riscv64".into()),
        (Code::ArchitectureUnsupported, |it| it.userland_architecture = Some("i386".into())),
        (Code::NoSystemd, |it| it.systemd = false),
        (Code::DiskFull, |it| it.volumes = volumes(&[("/", 1_000, &[Programs, State, Images])])),
        (Code::DiskLow, |it| it.volumes = volumes(&[("/", 2_000, &[Programs, State, Images])])),
        (Code::MemoryLow, |it| it.memory = 256 << 20),
        (Code::NoMemoryControl, |it| it.no_memory_control = true),
        (Code::NoTables, |it| it.iptables_lacks_tables = true),
        (Code::TransientMachineId, |it| it.machine_id = None),
        (Code::TransientMachineId, |it| it.transient_machine_id = true),
        (Code::SelinuxEnforcing, |it| it.security.selinux = Some("enforcing".into())),
        (Code::NotRoot, |it| it.unseen = vec!["only root may read it".into()]),
        (Code::SsmAgentSnap, |it| it.agent_files.ssm_snap = true),
        (Code::BlankVault, |it| it.agent_files.blank_vault = true),
        (Code::ForeignCredentials, |it| it.foreign_credentials = vec!["there".into()]),
        (Code::DockerJsonBroken, |it| configured(it).broken = Some("it ends".into())),
        (Code::DockerNoBridge, |it| configured(it).bridge = Some("none".into())),
        (Code::DockerNoBridge, |it| configured(it).bridge = Some("br0".into())),
        (Code::DockerHosts, |it| configured(it).hosts = true),
        (Code::DockerNoIptables, |it| configured(it).iptables = Some(false)),
        (Code::DockerUsernsRemap, |it| configured(it).userns_remap = Some("default".into())),
    ];
    for (code, change) in cases {
        only(code, found(change));
    }
}

#[test]
fn selinux_that_enforces_warns_with_the_choices_unless_one_was_made() {
    let enforcing = |facts: &mut Facts| facts.security.selinux = Some("enforcing".into());
    let remedy = found(enforcing).remove(0).remedy;
    assert!(
        remedy.contains("'--selinux permissive'") && remedy.contains("ECS_SELINUX_CAPABLE=true"),
        "{remedy}"
    );
    let options = Options { selinux: Some(SelinuxMode::Permissive), ..Options::default() };
    assert_eq!(found_with(options, enforcing), []);
}

fn configured(facts: &mut Facts) -> &mut DockerConfiguration {
    &mut facts.docker_configuration
}

#[test]
fn an_image_may_be_baked_without_a_machine_id_and_an_installed_machine_on_a_full_disk_goes_on() {
    let mut facts = Facts::gather(&fresh()).unwrap();
    facts.machine_id = None;
    assert_eq!(findings(&facts, &wanted(Options::default()), Some(&distro()), Goal::Install), []);
    let low = found(|facts| {
        facts.volumes = volumes(&[("/", 1_000, &[Programs, State, Images])]);
        for name in ["amazon-ssm-agent", "amazon-ecs-init"] {
            facts.packages.insert(name.into(), "1".into());
        }
    });
    only(Code::DiskLow, low);
}

fn volumes(all: &[(&str, u64, &[Part])]) -> Vec<Volume> {
    let folder = |part: Part| match part {
        Programs => "/usr",
        State => "/var",
        Images => "/var/lib/docker",
    };
    let held = |part: &Part| Held { part: *part, path: folder(*part).into() };
    let volume = |(place, megabytes, parts): &(&str, u64, &[Part])| Volume {
        place: (*place).into(),
        free: megabytes * 1_000_000,
        holds: parts.iter().map(held).collect(),
    };
    all.iter().map(volume).collect()
}

#[test]
fn a_server_with_little_in_var_and_docker_on_a_disk_of_its_own_has_room() {
    let with = |var, programs| {
        found(|facts| {
            facts.volumes = volumes(&[
                ("/", programs, &[Programs]),
                ("/var", var, &[State]),
                ("/docker", 200_000, &[Images]),
            ]);
        })
    };
    assert_eq!(with(1_200, 20_000), []);
    let full = only(Code::DiskFull, with(1_200, 500));
    assert!(
        full.sentence.starts_with("500 MB are free in the file system at /, for /usr, and the"),
        "{full:?}"
    );
    only(Code::DiskFull, with(300, 20_000));
}

#[test]
fn a_machine_on_a_full_disk_registers_not_and_one_that_is_registered_loses_nothing() {
    let with = |registered: bool| {
        found(|facts| {
            facts.volumes = volumes(&[("/", 20_000, &[Programs]), ("/var", 200, &[State, Images])]);
            for name in ["amazon-ssm-agent", "amazon-ecs-init"] {
                facts.packages.insert(name.into(), "1".into());
            }
            let identity = Registration { instance_id: "mi-1".into(), region: "us-east-1".into() };
            facts.registration = registered.then_some(identity);
        })
    };
    let full = only(Code::DiskFull, with(false));
    let said = "200 MB are free in the file system at /var, for /var and /var/lib/docker, and to register and to start \
                the agents takes 300 MB";
    assert!(full.sentence == said && full.remedy.contains("'du -xhd 3 /var | sort -h'"), "{full:?}");
    assert!(with(true).iter().all(|it| it.severity != Severity::Blocks), "{:?}", with(true));
}

#[test]
fn a_cloud_init_whose_clean_calls_nobody_is_told_where_an_image_may_be_made() {
    let with = |version: &str, goal| {
        let mut facts = Facts::gather(&fresh()).unwrap();
        facts.packages.insert("cloud-init".into(), version.into());
        findings(&facts, &wanted(Options::default()), Some(&distro()), goal)
    };
    for version in
        ["20.4.1-2+deb11u1", "22.2.2-1.amzn2023.1.13", "0.7.9-2", "22.2-64-g1fcd55d6-0ubuntu1~22.04.1"]
    {
        let finding = only(Code::OldCloudInit, with(version, Goal::Install));
        assert!(
            finding.sentence.contains(version) && finding.remedy.contains("landfall seal"),
            "{finding:?}"
        );
        assert_eq!(with(version, Goal::Up), [], "{version}");
    }
    for version in ["22.3-1", "22.3.4-0ubuntu1~20.04.1", "22.4.2-1", "23.4-7.el8_10.8"] {
        assert_eq!(with(version, Goal::Install), [], "{version}");
    }
}

#[test]
fn a_release_past_its_end_warns_and_one_turned_away_blocks() {
    let facts = Facts::gather(&fresh()).unwrap();
    let with = |support| {
        let distro = Distro { support, ..distro() };
        findings(&facts, &wanted(Options::default()), Some(&distro), Goal::Up)
    };
    let ended = only(Code::ReleaseEndOfLife, with(distro_matrix::Support::Eol));
    assert_eq!(ended.remedy, "upgrade to Debian 13", "as the matrix has it");
    only(Code::ReleaseUntested, with(distro_matrix::Support::Untested));
    only(Code::ReleaseUnsupported, with(distro_matrix::Support::Refused));
}

#[test]
fn a_copy_of_a_registered_machine_is_told_how_to_become_itself() {
    let clone = found(|facts| {
        registered(facts);
        facts.agent_files.fingerprint_of = Some("another".into());
        facts.agent_files.saved_state = true;
    });
    let finding = only(Code::ClonedIdentity, clone);
    assert!(finding.remedy.contains("agent.db") && finding.remedy.contains("-clear"), "{finding:?}");
    let both = found(|facts| {
        registered(facts);
        facts.agent_files.fingerprint_of = Some("another".into());
        facts.quarantine = Some(Quarantine {
            version: 1,
            since: Timestamp::UNIX_EPOCH,
            instance_id: "mi-0123456789abcdef0".into(),
            is_copy: true,
            reasons: vec!["the machine-id is another".into()],
        });
    });
    only(Code::CopiedMachine, both);
}

#[test]
fn what_the_ecs_agent_saved_must_be_of_this_identity_and_cluster() {
    let saved = |facts: &mut Facts| {
        facts.agent_files.saved_state = true;
        facts.agent_files.saved_cluster = Some("quay".into());
    };
    only(Code::StaleAgentState, found(saved));
    let options = Options { cluster: Some("harbour".into()), ..Options::default() };
    let other = |facts: &mut Facts| {
        registered(facts);
        saved(facts);
    };
    let finding = only(Code::OtherCluster, found_with(options.clone(), other));
    assert!(finding.sentence.contains("quay, not harbour"), "{finding:?}");
    let quay = Options { cluster: Some("quay".into()), ..Options::default() };
    only(Code::OtherCluster, found_with(quay, in_cluster));
}

#[test]
fn attributes_and_tags_that_come_late_name_the_command_that_sets_them() {
    let options =
        Options { attribute: vec!["rack=7".into()], tag: vec!["team=quay".into()], ..Options::default() };
    let late = found_with(options.clone(), in_cluster);
    let remedies: Vec<&str> = late.iter().map(|it| it.remedy.as_str()).collect();
    assert_eq!(
        remedies,
        [
            "'aws ecs put-attributes --cluster harbour --attributes \
             name=rack,value=7,targetId=arn:aws:ecs:us-east-1:1:container-instance/harbour/2'",
            "'aws ecs tag-resource --resource-arn arn:aws:ecs:us-east-1:1:container-instance/harbour/2 \
             --tags key=team,value=quay'",
        ]
    );
    let told = found_with(options.clone(), |facts| {
        in_cluster(facts);
        facts.agent_files.attributes.insert("rack".into(), "7".into());
        facts.agent_files.tags.insert("team".into(), "quay".into());
    });
    assert_eq!(told, []);
    let unread = found_with(options.clone(), |facts| {
        in_cluster(facts);
        facts.agent_files.configuration_unseen = true;
    });
    assert_eq!(unread, [], "nobody knows what was told");
    let stopped = found_with(options.clone(), |facts| {
        registered(facts);
        facts.agent_files.saved_state = true;
    });
    assert_eq!(stopped.len(), 2, "{stopped:?}");
    assert_eq!(found_with(options, |_| ()), [], "a first registration sends them");
}

#[test]
fn a_gpu_needs_driver_toolkit_and_runtime_and_a_release_that_allows_it() {
    let asked = || Options { enable_gpu: true, ..Options::default() };
    let finding = only(Code::GpuUnsupported, found_with(asked(), |_| ()));
    assert!(finding.sentence.contains("NVIDIA Container Toolkit"), "{finding:?}");
    let fine = Distro { gpu: Some(Gpu { refused: None }), ..distro() };
    let mut facts = Facts::gather(&fresh()).unwrap();
    let codes = |facts: &Facts, goal| -> Vec<Code> {
        findings(facts, &wanted(asked()), Some(&fine), goal).iter().map(|it| it.code).collect()
    };
    assert_eq!(codes(&facts, Goal::Up), [Code::GpuNoDriver, Code::GpuNoToolkit, Code::GpuNoRuntime]);
    assert_eq!(codes(&facts, Goal::Install), [Code::GpuNoToolkit, Code::GpuNoRuntime]);
    facts.gpu = crate::facts::Gpu { driver: true, nvidia_smi: true, toolkit: true };
    facts.docker_configuration.nvidia_runtime = true;
    assert_eq!(codes(&facts, Goal::Up), []);
    assert_eq!(found(|_| ()), [], "not asked for");
}

fn heard(minutes_behind: i64, out_of_date: bool) -> Result<Heard, Silence> {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    Ok(Heard { time: Some(now + jiff::SignedDuration::from_mins(minutes_behind)), out_of_date, server: None })
}

fn silent(stage: Stage) -> Result<Heard, Silence> {
    Err(Silence { stage, why: "why".into() })
}

fn network(outcomes: Vec<(&str, Result<Heard, Silence>)>) -> Vec<Finding> {
    let asked = |(address, outcome): (&str, _)| Asked {
        reached: Reached { address: address.into(), outcome },
        needed: address.starts_with("https://ssm."),
        is_aws: !address.contains("mirror"),
    };
    network::findings(&outcomes.into_iter().map(asked).collect::<Vec<_>>(), NOW.parse().unwrap())
}

const SSM: &str = "https://ssm.example/";
const ECS_A: &str = "https://ecs-a-1.example/";

#[test]
fn endpoints_that_answer_in_time_are_nothing_to_tell_of() {
    assert_eq!(network(vec![(SSM, heard(4, false)), (METADATA_SERVICE, silent(Stage::Connect))]), []);
}

#[test]
fn a_silent_endpoint_says_where_the_way_to_it_ends() {
    let stages = [
        (Stage::Name, "ssm.example could not be reached: its name has no address here (why)"),
        (Stage::Proxy, "ssm.example could not be reached: the proxy gave no way to it (why)"),
        (Stage::Connect, "ssm.example could not be reached: no connection (why)"),
        (Stage::Handshake, "ssm.example could not be reached: TLS failed (why)"),
        (Stage::Answer, "ssm.example could not be reached: no HTTP answer (why)"),
    ];
    for (stage, sentence) in stages {
        let found = network(vec![(SSM, silent(stage)), (ECS_A, heard(0, false))]);
        assert_eq!(only(Code::EndpointUnreachable, found).sentence, sentence);
        let found = network(vec![(SSM, heard(0, false)), (ECS_A, silent(stage))]);
        only(Code::SessionEndpointUnreachable, found);
    }
    let alone = network(vec![(SSM, heard(0, false)), (ECS_A, silent(Stage::Ipv4))]);
    only(Code::SessionEndpointUnreachable, alone);
    only(Code::UnknownAuthority, network(vec![(SSM, silent(Stage::Authority))]));
    let nameless = vec![(SSM, silent(Stage::Name)), (ECS_A, silent(Stage::Name))];
    only(Code::NoNameResolution, network(nameless));
}

#[test]
fn a_machine_without_ipv4_is_told_so_once_with_the_names_that_need_it() {
    let found = network(vec![(SSM, silent(Stage::Ipv4)), (ECS_A, silent(Stage::Ipv4))]);
    let said = only(Code::NoIpv4, found).sentence;
    assert!(said.ends_with("addresses of IPv4 alone: ssm.example, ecs-a-1.example"), "{said}");
}

#[test]
fn a_wrong_clock_is_told_from_a_certificate_that_is_out_of_date() {
    let behind = only(Code::ClockSkew, network(vec![(SSM, heard(7, false))]));
    assert!(behind.sentence.contains("7 minutes behind"), "{behind:?}");
    let years = network(vec![(SSM, heard(-60 * 24 * 400, true)), (ECS_A, heard(-60 * 24 * 400, true))]);
    let ahead = only(Code::ClockSkew, years);
    assert!(ahead.sentence.contains("400 days ahead of"), "{ahead:?}");
    only(Code::CertificateOutOfDate, network(vec![(SSM, heard(0, true)), (ECS_A, heard(0, false))]));
    assert_eq!(network(vec![(SSM, heard(90, false)), (ECS_A, heard(0, false))]), [], "one server's mistake");
}

#[test]
fn a_mirrors_clock_judges_nobody_where_aws_answers() {
    let mirror = "https://mirror.example/";
    assert_eq!(network(vec![(SSM, heard(0, false)), (mirror, heard(90, false))]), []);
    let behind = network(vec![(SSM, heard(90, false)), (mirror, heard(0, false))]);
    only(Code::ClockSkew, behind);
    only(Code::ClockSkew, network(vec![(mirror, heard(60 * 24 * 400, true))]));
}

#[test]
fn an_older_message_service_is_missed_by_nobody_where_the_newer_answers() {
    let (old, new) = ("https://ec2messages.example/", "https://ssmmessages.example/");
    let spare = network(vec![(SSM, heard(0, false)), (new, heard(0, false)), (old, silent(Stage::Connect))]);
    assert_eq!(only(Code::SessionEndpointUnreachable, spare).severity, Severity::Notes);
    let both =
        network(vec![(SSM, heard(0, false)), (new, silent(Stage::Connect)), (old, silent(Stage::Connect))]);
    assert!(both.iter().all(|it| it.severity == Severity::Warns) && both.len() == 2, "{both:?}");
}

#[test]
fn a_metadata_service_of_ec2_that_answers_is_found() {
    let answers = |server: &str| Ok(Heard { server: Some(server.into()), ..Heard::default() });
    let found = |server| network(vec![(SSM, heard(0, false)), (METADATA_SERVICE, answers(server))]);
    only(Code::MetadataService, found("EC2ws"));
    assert_eq!(found("Metadata Server for VM"), [], "another cloud's");
}
