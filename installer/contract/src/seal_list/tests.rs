//! Each trace of the list is found where it is planted, and the list itself is sound.
#![allow(clippy::disallowed_methods, reason = "a test reads the documentation")]

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::*;

/// Files by their paths: mode and content. What ends with a slash is an empty folder.
#[derive(Clone, Default)]
struct Files(BTreeMap<String, (u32, Vec<u8>)>);

impl Tree for Files {
    type Error = Infallible;

    fn list(&self, folder: &str) -> Result<Vec<String>, Infallible> {
        let above = format!("{}/", folder.trim_end_matches('/'));
        let below = self.0.keys().filter_map(|path| path.strip_prefix(&above));
        let names: BTreeSet<&str> = below.filter_map(|rest| rest.split('/').next()).collect();
        Ok(names.into_iter().filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    fn look(&self, path: &str) -> Result<Option<Entry>, Infallible> {
        let file = self.0.get(path).map(|(mode, content)| (Kind::File, *mode, content.len() as u64));
        let above = format!("{}/", path.trim_end_matches('/'));
        let folder = || self.0.keys().any(|it| it.starts_with(&above)).then_some((Kind::Folder, 0o755, 0));
        Ok(file.or_else(folder).map(|(kind, mode, size)| Entry { kind, mode, size }))
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Infallible> {
        Ok(self.0[path].1.clone())
    }
}

impl Files {
    fn put(&mut self, path: &str, content: &str, mode: u32) {
        self.0.insert(path.to_owned(), (mode, content.as_bytes().to_vec()));
    }
}

/// A tree with nothing of its own in it.
fn sealed() -> Files {
    let mut files = Files::default();
    files.put("/etc/machine-id", "", 0o444);
    files.put(SEALED, r#"{"version": 1}"#, 0o600);
    files
}

fn found(files: &Files) -> Vec<Survivor> {
    survivors(files).unwrap_or_else(|never| match never {})
}

/// A path that a pattern fits.
fn example(pattern: &str) -> String {
    let docker = pattern.replace("{docker}", "/var/lib/docker");
    docker.replace("/**", "/deep/below").replace('*', "planted")
}

/// What breaks what is wanted.
fn planted(trace: &Trace) -> &'static str {
    match trace.wanted {
        Wanted::Unset(_, keys) => match keys[0] {
            "activation-id" => "activation-id = \"11111111\"\n",
            "AWS_ACCESS_KEY_ID" => "ECS_CLUSTER=c\nAWS_ACCESS_KEY_ID=AKIA\n",
            "HWADDR" => "HWADDR=52:54:00:12:34:56\n",
            other => panic!("no example sets {other}"),
        },
        _ => "planted\n",
    }
}

#[test]
fn a_sealed_tree_has_no_survivors() {
    assert_eq!(found(&sealed()), []);
}

#[test]
fn each_trace_is_found_at_each_of_its_places_and_nothing_else_is() {
    for trace in TRACES.iter().filter(|trace| trace.wanted != Wanted::Present) {
        for place in trace.places {
            let path = example(place);
            let mut files = sealed();
            files.put(&path, planted(trace), 0o644);
            let found = found(&files);
            let here: Vec<&Survivor> = found.iter().filter(|it| it.id == trace.id).collect();
            assert!(here.len() == 1 && path.starts_with(&here[0].path), "{place}: {found:?}");
            assert_eq!(here[0].gate, trace.weight != Weight::Hygiene);
            // A log is emptied where it is no older one, and an older one is a log too.
            let others = found.iter().filter(|it| it.id != trace.id && !path.starts_with("/var/log/"));
            assert_eq!(others.collect::<Vec<_>>(), Vec::<&Survivor>::new(), "{place}");
        }
    }
}

#[test]
fn secrets_of_people_who_were_here_are_gates_wherever_their_programs_keep_them() {
    for path in [
        "/home/ada/.aws/credentials",
        "/home/ada/.aws/config",
        "/home/ada/.aws/sso/cache/3f2a.json",
        "/home/ada/.aws/cli/cache/9b1c.json",
        "/root/.docker/config.json",
        "/home/ada/.docker/config.json",
        "/root/.netrc",
        "/home/ada/.netrc",
        "/root/.git-credentials",
        "/home/ada/.git-credentials",
        "/home/ada/.config/git/credentials",
    ] {
        let mut files = sealed();
        files.put(path, "topsecret", 0o600);
        let found = found(&files);
        assert!(found.len() == 1 && found[0].gate && path.starts_with(&found[0].path), "{path}: {found:?}");
        assert!(!Group::is_landfalls_part(found[0].group), "{path}");
    }
}

#[test]
fn what_has_to_be_there_is_missed() {
    for missing in ["/etc/machine-id", SEALED] {
        let mut files = sealed();
        files.0.remove(missing);
        let found = found(&files);
        assert!(found.len() == 1 && found[0].path == missing && found[0].gate, "{found:?}");
        assert_eq!(found[0].what, "it is missing");
    }
}

#[test]
fn a_machine_id_that_is_uninitialized_or_writable_is_no_empty_one() {
    for (content, mode) in [("uninitialized\n", 0o444), ("", 0o644), ("\n", 0o444)] {
        let mut files = sealed();
        files.put("/etc/machine-id", content, mode);
        assert_eq!(found(&files).len(), 1, "{content:?}, {mode:o}");
    }
}

#[test]
fn a_value_is_never_told() {
    let mut files = sealed();
    files.put("/etc/ecs/ecs.config", "ECS_CLUSTER=c\n export AWS_SECRET_ACCESS_KEY=topsecret\n", 0o600);
    files.put("/etc/landfall/config.toml", "activation-code = \"topsecret\"\n", 0o600);
    let told = format!("{:?}", found(&files));
    assert!(told.contains("AWS_SECRET_ACCESS_KEY") && told.contains("activation-code"), "{told}");
    assert!(!told.contains("topsecret"), "{told}");
}

#[test]
fn configuration_that_identifies_nothing_stays() {
    let mut files = sealed();
    files.put("/etc/ecs/ecs.config", "#AWS_ACCESS_KEY_ID=x\nAWS_SESSION_TOKEN=\nECS_CLUSTER=c\n", 0o600);
    files.put("/etc/landfall/config.toml", "region = \"us-east-1\"\ncluster = \"c\"\n", 0o600);
    files.put("/etc/hostname", "web-1\n", 0o644);
    files.put("/var/cache/ecs/ecs-agent.tar", "image", 0o644);
    files.put("/var/lib/docker/image/overlay2/layerdb/sha256/1/diff", "layer", 0o644);
    files.put("/var/lib/amazon/ssm/packages/x", "package", 0o644);
    files.put("/etc/iscsi/initiatorname.iscsi", "GenerateName=yes\n", 0o600);
    files.put("/var/log/wtmp", "", 0o664);
    assert_eq!(found(&files), []);
}

#[test]
fn dockers_data_are_looked_for_where_docker_has_them() {
    let mut files = sealed();
    files.put("/etc/docker/daemon.json", r#"{"data-root": "/data/docker/"}"#, 0o644);
    files.put("/data/docker/engine-id", "id", 0o600);
    files.put("/data/docker/1000.1000/engine-id", "id", 0o600);
    files.put("/var/lib/docker/engine-id", "nobody's any more", 0o600);
    let paths: Vec<String> = found(&files).into_iter().map(|it| it.path).collect();
    assert_eq!(paths, ["/data/docker/1000.1000/engine-id", "/data/docker/engine-id"]);
}

#[test]
fn what_was_kept_by_choice_is_no_survivor_and_an_identity_cannot_be_chosen() {
    let mut files = sealed();
    files.put("/root/.ssh/authorized_keys", "ssh-ed25519 AAAA", 0o600);
    files.put("/etc/ssh/ssh_host_rsa_key", "key", 0o600);
    files.put(SEALED, r#"{"version": 1, "kept": ["authorized-keys", "ssh-host-keys"]}"#, 0o600);
    let ids: Vec<&str> = found(&files).into_iter().map(|it| it.id).collect();
    assert_eq!(ids, ["ssh-host-keys"]);
    files.put(SEALED, "not JSON", 0o600);
    assert_eq!(found(&files).len(), 2);
}

#[test]
fn the_list_is_sound() {
    let mut ids = BTreeSet::new();
    for trace in TRACES {
        assert!(ids.insert(trace.id), "{} stands twice", trace.id);
        assert!(trace.why.ends_with('.') && !trace.places.is_empty(), "{}", trace.id);
        assert!(
            trace.places.iter().all(|it| it.starts_with('/') || it.starts_with("{docker}/")),
            "{}",
            trace.id
        );
        let demands = matches!(trace.wanted, Wanted::Blank(_) | Wanted::Present);
        assert!(!demands || trace.places.len() == 1 && !trace.places[0].contains('*'), "{}", trace.id);
    }
    let order: Vec<Group> = TRACES.iter().map(|trace| trace.group).collect();
    assert!(order.is_sorted(), "the list is in the order of its groups");
    assert_eq!(TRACES.last().map(|trace| trace.id), Some("machine-id"));
}

#[test]
fn file_systems_firewalls_and_authorities_are_not_on_the_list() {
    let spared = [
        "/etc/fstab",
        "/etc/hostname",
        "/etc/hosts",
        "/etc/iptables",
        "/etc/nftables",
        "/etc/firewalld",
        "/etc/ssl",
        "/etc/pki/ca-trust",
        "/usr/local/share/ca-certificates",
        "/var/lib/docker/overlay2",
        "/var/lib/docker/image/overlay2/layerdb/sha256",
        "/var/lib/docker/volumes",
        "/var/cache/ecs",
        "/var/lib/ecs/deps",
        "/var/lib/landfall/receipt.json",
        "/etc/landfall/policy.toml",
    ];
    for path in spared {
        let mut files = sealed();
        files.put(&format!("{path}/x"), "x", 0o644);
        assert_eq!(found(&files), [], "{path}");
    }
}

/// Compares the table of `docs/sealing.md`, or writes it anew when `LANDFALL_ACCEPT=1` is set.
#[test]
fn the_documentation_shows_the_whole_list() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/sealing.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (begin, end) = ("<!-- list -->\n", "<!-- end of list -->\n");
    let (above, rest) = text.split_once(begin).expect("the list's beginning is marked");
    let (_, below) = rest.split_once(end).expect("the list's end is marked");
    let mut table = String::from("| name | where | must be | | why |\n|---|---|---|---|---|\n");
    for trace in TRACES {
        let places: Vec<String> = trace.places.iter().map(|place| format!("`{place}`")).collect();
        let weight = match trace.weight {
            Weight::Gate => "gate",
            Weight::Choice => "choice",
            Weight::Hygiene => "hygiene",
        };
        let wanted = match trace.wanted {
            Wanted::Absent => "absent".to_owned(),
            Wanted::Blank(mode) => format!("an empty file, {mode:04o}"),
            Wanted::Truncated => "empty".into(),
            Wanted::NoFile => "absent or a link".into(),
            Wanted::Unset(_, keys) => format!(
                "without {}",
                keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
            ),
            Wanted::Remade { from, .. } => {
                format!("absent, or `{}` where that makes it anew", from.trim_end())
            }
            Wanted::Present => "there".into(),
        };
        table += &format!("| {} | {} | {wanted} | {weight} | {} |\n", trace.id, places.join(" "), trace.why);
    }
    let right = format!("{above}{begin}{table}{end}{below}");
    if std::env::var("LANDFALL_ACCEPT").is_ok_and(|accept| accept == "1") {
        std::fs::write(path, right).unwrap();
        return;
    }
    assert!(text == right, "docs/sealing.md differs: LANDFALL_ACCEPT=1 cargo test -p landfall-contract");
}
