//! What a machine with Windows is, gathered once, from the machine alone.

use std::path::Path;

use distro_matrix::{Distro, OsRelease};
use serde::Serialize;

use crate::error::Result;
use crate::host::{DockerDaemon, Introspection};
use crate::registration::Registration;

use super::components::containers::FEATURE;
use super::door::{Feature, Value, Windows};
use super::places::{
    ATTEMPT, DOCKER, DOCKER_SERVICE, DRIVE, ECS_SERVICE, ENVIRONMENT, MARKER, PRODUCT, RESTART_PENDING,
    SEALED, SSM_AGENT, STORE, TCPIP, VERSION,
};

/// Facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// What Windows calls itself.
    pub name: String,
    /// Its version, build and the last update's number: `10.0.20348.2340`.
    pub version: String,
    /// `ServerNT`, `LanmanNT` (a domain controller) or `WinNT` (no server).
    pub product_type: String,
    /// `Server`, `Server Core`, `Nano Server` or `Client`.
    pub installation_type: String,
    /// The processor, in Windows' words.
    pub architecture: String,
    /// The drive that Windows is on.
    pub system_drive: String,
    /// Whether we may change anything.
    pub elevated: bool,
    /// The Windows feature for containers.
    pub containers: Feature,
    /// Whether Windows waits for a restart.
    pub restart_pending: bool,
    /// The Docker that answers.
    pub docker: Option<DockerDaemon>,
    /// Whether there is a Docker that somebody else brought.
    pub docker_is_foreign: bool,
    /// Whether the SSM agent is installed.
    pub ssm_agent: bool,
    /// Whether the ECS agent is.
    pub ecs_agent_is_here: bool,
    /// What the ECS agent says of itself.
    pub ecs_agent: Option<Introspection>,
    /// The identity that is here.
    pub registration: Option<Registration>,
    /// Whether Landfall gave it.
    pub marked: bool,
    /// Whether the identity lies where everybody may make folders, and no agent is here that could have got it.
    pub unexplained_identity: bool,
    /// Whether the next start is a first boot.
    pub sealed: bool,
    /// The cluster that the machine's variables name.
    pub cluster: Option<String>,
    /// The domain it is joined to.
    pub domain: Option<String>,
    /// Total memory in bytes.
    pub memory: u64,
    /// Free bytes of its drive.
    pub room: u64,
}

impl Facts {
    /// Looks.
    ///
    /// # Errors
    /// When the machine cannot be read.
    pub fn gather(host: &dyn Windows) -> Result<Self> {
        let version = host.values(VERSION)?.unwrap_or_default();
        let text = |name: &str| version.get(name).and_then(Value::text).unwrap_or_default().to_owned();
        let variables = host.values(ENVIRONMENT)?.unwrap_or_default();
        let variable = |name: &str| variables.get(name).and_then(Value::text).map(str::to_owned);
        let product = host.values(PRODUCT)?.unwrap_or_default();
        let ssm_agent = host.stat(Path::new(SSM_AGENT))?.is_some();
        let registration = STORE.read(host)?;
        let marked = host.stat(Path::new(MARKER))?.is_some();
        let begun = host.stat(Path::new(ATTEMPT))?.is_some();
        Ok(Self {
            name: text("ProductName"),
            version: whole_version(&text("CurrentBuildNumber"), version.get("UBR")),
            product_type: product.get("ProductType").and_then(Value::text).unwrap_or_default().to_owned(),
            installation_type: text("InstallationType"),
            architecture: variable("PROCESSOR_ARCHITECTURE").unwrap_or_else(|| "AMD64".into()),
            system_drive: host.env("SystemDrive").unwrap_or_else(|| DRIVE.into()),
            elevated: host.is_root(),
            // DISM answers administrators alone.
            containers: if host.is_root() { host.feature(FEATURE)? } else { Feature::Unknown },
            restart_pending: host.values(RESTART_PENDING)?.is_some(),
            docker: host.docker(),
            docker_is_foreign: docker_is_foreign(host)?,
            ssm_agent,
            ecs_agent_is_here: host.service(ECS_SERVICE)?.is_some(),
            ecs_agent: host.introspection(),
            unexplained_identity: registration.is_some() && !ssm_agent && !marked && !begun,
            registration,
            marked,
            sealed: host.stat(Path::new(SEALED))?.is_some(),
            cluster: variable("ECS_CLUSTER"),
            domain: domain(host)?,
            memory: host.memory(),
            room: host.room(Path::new("C:/")),
        })
    }

    /// Those of a fresh machine of a release.
    #[must_use]
    pub fn of_release(distro: &Distro) -> Self {
        let build = distro.identity.versions.first().map_or("", String::as_str);
        Self {
            name: distro.name.clone(),
            version: build.replace('*', "0"),
            product_type: "ServerNT".into(),
            installation_type: "Server".into(),
            architecture: "AMD64".into(),
            system_drive: DRIVE.into(),
            elevated: true,
            containers: Feature::Disabled,
            restart_pending: false,
            docker: None,
            docker_is_foreign: false,
            ssm_agent: false,
            ecs_agent_is_here: false,
            ecs_agent: None,
            registration: None,
            unexplained_identity: false,
            marked: false,
            sealed: false,
            cluster: None,
            domain: None,
            memory: 8 << 30,
            room: 100 << 30,
        }
    }

    /// In the words by which the matrix is asked.
    #[must_use]
    pub fn os(&self) -> OsRelease {
        let id = if self.is_server() { "windows" } else { "windows-client" };
        OsRelease {
            id: id.into(),
            version_id: self.version.clone(),
            name: self.name.clone(),
            pretty_name: self.name.clone(),
            ..OsRelease::default()
        }
    }

    /// Whether it is a server.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.product_type != "WinNT"
    }
}

/// Windows 10, Server 2016 and all that came since call themselves 10.0.
fn whole_version(build: &str, update: Option<&Value>) -> String {
    let update = match update {
        Some(Value::Number(number)) => *number,
        _ => 0,
    };
    format!("10.0.{build}.{update}")
}

/// The domain that it is joined to, by the name that others are asked for. Windows keeps that one as the suffix of names
/// in DNS, which a machine in no domain may have, too.
fn domain(host: &dyn Windows) -> Result<Option<String>> {
    let Some(joined) = host.domain()? else { return Ok(None) };
    let network = host.values(TCPIP)?.unwrap_or_default();
    let suffix = network.get("Domain").and_then(Value::text).filter(|suffix| !suffix.is_empty());
    Ok(Some(suffix.map_or(joined, str::to_owned)))
}

/// A service of Docker's that is not the one Landfall makes, or programs that Landfall did not put there.
fn docker_is_foreign(host: &dyn Windows) -> Result<bool> {
    let Some(service) = host.service(DOCKER_SERVICE)? else { return Ok(false) };
    let receipt = crate::receipt::ReceiptOf::<super::step::Step>::read(host)?;
    let ours = receipt.entries.iter().any(|entry| match &entry.change {
        super::step::Step::Service(step) => step.service == DOCKER_SERVICE && step.made_from.is_some(),
        _ => false,
    });
    Ok(!ours || !service.command.replace('\\', "/").contains(DOCKER))
}
