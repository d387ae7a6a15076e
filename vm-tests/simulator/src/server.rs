//! Starting and stopping: the state folder, the two doors and the admin socket. What is behind the doors is
//! `front`'s affair.

use crate::admin;
use crate::authority;
use crate::aws::Aws;
use crate::front::{self, Door};
use crate::place::Place;
use crate::recording::Recorder;
use crate::tls::TlsListener;
use axum::Router;
use jiff::SignedDuration;
use serde_json::json;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;

/// How a simulator is started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address to listen on.
    pub listen: IpAddr,
    /// The port with TLS; 0 picks a free one.
    pub https_port: u16,
    /// The port without; 0 picks a free one.
    pub http_port: u16,
    /// Where `ca.pem`, `admin.sock`, `requests.jsonl`, `ports.json` and `ready` go.
    pub state: PathBuf,
    /// S3's objects: `<bucket>/<key>`.
    pub objects: PathBuf,
    /// Plain file hosts and their folders.
    pub statics: Vec<(String, PathBuf)>,
    /// The simulated region.
    pub region: String,
    /// The simulated account.
    pub account: String,
    /// How long temporary credentials are good for.
    pub credential_lifetime: SignedDuration,
}

impl Settings {
    /// Free ports on `listen`, in us-east-1, with credentials for an hour.
    pub fn new(listen: IpAddr, state: PathBuf, objects: PathBuf) -> Settings {
        Settings {
            listen,
            https_port: 0,
            http_port: 0,
            state,
            objects,
            statics: Vec::new(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            credential_lifetime: SignedDuration::from_hours(1),
        }
    }
}

/// Why a simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else listens there.
    #[error("port {} of {} is in use", .0.port(), .0.ip())]
    PortInUse(SocketAddr),
    /// A low port without the right to it.
    #[error("this user may not listen on port {}", .0.port())]
    PortForbidden(SocketAddr),
    /// The address is not one of this machine's.
    #[error("{0} is not an address of this machine")]
    AddressNotHere(IpAddr),
    /// Another simulator answers at the state folder's socket.
    #[error("another simulator runs with the state folder {0}")]
    StateInUse(PathBuf),
    /// A host's folder is not there.
    #[error("there is no folder {0}")]
    NoFolder(PathBuf),
    /// Anything else.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

/// A running simulator. Dropping it stops it.
pub struct Simulator {
    https: SocketAddr,
    http: SocketAddr,
    state: PathBuf,
    _doors: JoinSet<io::Result<()>>,
}

impl Simulator {
    /// Listens on all doors, then says so in the state folder.
    pub async fn start(settings: Settings) -> Result<Simulator, StartError> {
        let state = prepared_state(&settings)?;
        let https = listener(SocketAddr::new(settings.listen, settings.https_port)).await?;
        let http = listener(SocketAddr::new(settings.listen, settings.http_port)).await?;
        let (https_address, http_address) = (address(&https)?, address(&http)?);
        let aws = Arc::new(aws(&settings, https_address.port())?);
        let tls =
            authority::server_config(&state, &names(&settings, &aws)).during("make the certificates")?;
        let https = TlsListener::over(https, tls).during("listen with TLS")?;
        let admin = UnixListener::bind(state.join("admin.sock")).during("listen on the admin socket")?;

        let mut doors = JoinSet::new();
        doors.spawn(axum::serve(https, routes(&aws, true)).into_future());
        doors.spawn(axum::serve(http, routes(&aws, false)).into_future());
        doors.spawn(axum::serve(admin, admin::routes(aws)).into_future());
        let ports = json!({"https": https_address.port(), "http": http_address.port()});
        std::fs::write(state.join("ports.json"), format!("{ports}\n")).during("write ports.json")?;
        std::fs::write(state.join("ready"), "").during("write the ready mark")?;
        Ok(Simulator { https: https_address, http: http_address, state, _doors: doors })
    }

    /// Where TLS is spoken.
    pub fn https(&self) -> SocketAddr {
        self.https
    }

    /// Where plain HTTP is spoken.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// The folder with `ca.pem` and `admin.sock`.
    pub fn state(&self) -> &Path {
        &self.state
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        for name in ["ready", "admin.sock"] {
            let _ = std::fs::remove_file(self.state.join(name));
        }
    }
}

fn routes(aws: &Arc<Aws>, tls: bool) -> Router {
    Router::new().fallback(front::answer).with_state(Door { aws: Arc::clone(aws), tls })
}

fn aws(settings: &Settings, https_port: u16) -> Result<Aws, StartError> {
    let place = Place { region: settings.region.clone(), account: settings.account.clone() };
    let recorder =
        Recorder::append_to(&settings.state.join("requests.jsonl")).during("open requests.jsonl")?;
    let mut aws = Aws::open(settings.state.join("account.json"), recorder, place)
        .during("read the account of an earlier run from account.json")?;
    aws.objects = settings.objects.clone();
    aws.statics = settings.statics.iter().cloned().collect::<HashMap<_, _>>();
    aws.credential_lifetime = settings.credential_lifetime;
    aws.https_port = https_port;
    Ok(aws)
}

/// Every name that a client may call this simulator by.
fn names(settings: &Settings, aws: &Aws) -> Vec<String> {
    let mut names = aws.place.hosts();
    names.extend(settings.statics.iter().map(|(host, _)| host.clone()));
    names.extend(["localhost".to_owned(), settings.listen.to_string()]);
    names
}

/// Makes the folder and clears what a killed run left in it; refuses a folder that is in use.
fn prepared_state(settings: &Settings) -> Result<PathBuf, StartError> {
    let folders = settings.statics.iter().map(|(_, folder)| folder).chain([&settings.objects]);
    if let Some(missing) = folders.into_iter().find(|folder| !folder.is_dir()) {
        return Err(StartError::NoFolder(missing.clone()));
    }
    std::fs::create_dir_all(&settings.state).during("make the state folder")?;
    let state = settings.state.canonicalize().during("find the state folder")?;
    let socket = state.join("admin.sock");
    if std::os::unix::net::UnixStream::connect(&socket).is_ok() {
        return Err(StartError::StateInUse(state));
    }
    for leftover in ["ready", "admin.sock"].map(|name| state.join(name)) {
        match std::fs::remove_file(&leftover) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).during(&format!("remove {}", leftover.display()));
            }
            _ => {}
        }
    }
    Ok(state)
}

async fn listener(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortInUse(address),
        io::ErrorKind::PermissionDenied => StartError::PortForbidden(address),
        io::ErrorKind::AddrNotAvailable => StartError::AddressNotHere(address.ip()),
        _ => StartError::Io { what: format!("listen on {address}"), source },
    })
}

fn address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener.local_addr().during("ask for the own port")
}

trait During<T> {
    fn during(self, what: &str) -> Result<T, StartError>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, what: &str) -> Result<T, StartError> {
        self.map_err(|source| StartError::Io { what: what.to_owned(), source })
    }
}
