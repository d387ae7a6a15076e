//! Machines to begin with.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::{Fake, Registry};
use crate::host::fake::{Disk, Kind, Node};
use crate::windows::door::{Action, Does, Feature, Recovery, Service, Start, Value};
use crate::windows::places::{
    DOCKER_SERVICE, ECS_SERVICE, ENVIRONMENT, PRODUCT, SSM_SERVICE, STORE, TCPIP, VERSION,
};

/// Credentials that somebody keeps for other ends.
pub const OPERATORS: &str = "[default]\naws_access_key_id=operator\n[backup]\naws_access_key_id=other\n";

/// A fresh server: nothing but Windows.
pub fn fresh() -> Fake {
    let folder = || Node { kind: Kind::Folder, mode: 0o700, content: Arc::from(&b""[..]) };
    let mut fake = Fake {
        disk: Disk::rooted_at("C:", folder()),
        registry: Registry::new(),
        services: BTreeMap::new(),
        containers: Feature::Disabled,
        at_once: false,
        registrations: 0,
        domain: None,
        signer: "Amazon Web Services, Inc.",
        touches: 0,
        fails_at: None,
        offline: false,
        wrong_sum: false,
        fetches: 0,
        strays: 0,
        keeps_ssm_agent: false,
        closed: BTreeSet::new(),
        running: BTreeSet::new(),
        fetched: BTreeMap::new(),
        keeps_moments: false,
        moments: Vec::new(),
        clock: Cell::default(),
        told: RefCell::default(),
    };
    for path in [
        "C:/Windows/Temp",
        "C:/Windows/System32/config/systemprofile",
        "C:/Program Files/WindowsPowerShell/Modules",
        "C:/ProgramData",
        "C:/Users/admin",
    ] {
        fake.folders(Path::new(path));
    }
    fake.scribble(Path::new("C:/Users/admin/landfall.exe"), "the program");
    let text = |text: &str| Value::Text(text.into());
    let mut key = |key: &str, values: &[(&str, Value)]| {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        fake.registry.insert(key.to_owned(), values.collect());
    };
    key(
        VERSION,
        &[
            ("ProductName", text("Windows Server 2022 Standard")),
            ("CurrentBuildNumber", text("20348")),
            ("UBR", Value::Number(2340)),
            ("InstallationType", text("Server")),
        ],
    );
    key(PRODUCT, &[("ProductType", text("ServerNT"))]);
    key(ENVIRONMENT, &[("PROCESSOR_ARCHITECTURE", text("AMD64")), ("Path", text(r"C:\Windows"))]);
    key(TCPIP, &[("Domain", text(""))]);
    fake.disk.settle();
    fake
}

/// A server whose owner has credentials of their own, and on which an SSM agent waits for an activation.
pub fn with_waiting_agent() -> Fake {
    let mut fake = fresh();
    fake.scribble(Path::new(STORE.credentials), OPERATORS);
    fake.bring_ssm_agent();
    fake.disk.settle();
    fake
}

/// A server that is part of another cluster already, by nobody's Landfall.
pub fn with_agents() -> Fake {
    let mut fake = with_docker();
    fake.bring_ssm_agent();
    fake.write_identity("mi-0123456789abcdef0", "us-east-1");
    fake.scribble(Path::new("C:/Program Files/Amazon/ECS/amazon-ecs-agent.exe"), "an agent");
    let variables = fake.registry.get_mut(ENVIRONMENT).expect("it is there");
    variables.insert("ECS_EXTERNAL".into(), Value::Text("true".into()));
    let reboots = Recovery {
        actions: vec![Action { does: Does::Reboot, after: 60_000 }],
        message: Some("the agent is gone".into()),
        ..Recovery::default()
    };
    let service = Service {
        start: Start::Automatic,
        running: false,
        recovery: Some(reboots),
        command: "the agent".into(),
    };
    fake.make_service(ECS_SERVICE, service);
    for name in [SSM_SERVICE, ECS_SERVICE] {
        fake.run_service(name);
    }
    fake.disk.settle();
    fake
}

/// A server on which somebody runs containers already, with a Docker and a variable of their own.
pub fn with_docker() -> Fake {
    let mut fake = fresh();
    fake.containers = Feature::Enabled;
    let docker = Service {
        start: Start::Manual,
        running: false,
        recovery: Some(Recovery::default()),
        command: r#""D:\tools\dockerd.exe" --run-service"#.into(),
    };
    fake.services.insert(DOCKER_SERVICE.into(), docker);
    fake.registry.insert(format!(r"SYSTEM\CurrentControlSet\Services\{DOCKER_SERVICE}"), BTreeMap::new());
    let variables = fake.registry.get_mut(ENVIRONMENT).expect("it is there");
    variables.insert("ECS_LOGLEVEL".into(), Value::Text("debug".into()));
    variables.insert("Ecs_Cluster".into(), Value::Text("theirs".into()));
    fake
}
