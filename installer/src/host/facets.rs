//! The nouns that cross the door: what a look at the machine returns.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use distro_matrix::Format;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::signature::Trust;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits.
    pub mode: u32,
    /// Bytes of its content.
    pub size: u64,
    /// The file system it is on.
    pub device: u64,
    /// When its content last changed, as its writer says: package managers keep the builder's time.
    pub modified: Timestamp,
    /// When anything about it last changed here.
    pub changed: Timestamp,
}

/// The kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, a socket.
    Other,
}

/// The state of a systemd unit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitState {
    /// Whether it starts at boot.
    pub enabled: bool,
    /// Whether it runs now.
    pub active: bool,
    /// Whether it is on its way up or down: what prepares its start or clears up after it may run, or
    /// systemd waits to start it again.
    pub changing: bool,
    /// Whether it failed for good: systemd will not start it again by itself.
    pub failed: bool,
    /// Whether its files changed since systemd read them.
    pub stale: bool,
    /// When its last start began.
    pub started: Option<Timestamp>,
}

/// A family of addresses, which has a firewall of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// As its tool is called.
impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipv4 => "iptables",
            Self::Ipv6 => "ip6tables",
        })
    }
}

/// A table of iptables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Table {
    /// Address translation.
    Nat,
    /// Accept and drop.
    Filter,
}

/// One firewall rule, in iptables' own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The table.
    pub table: Table,
    /// The chain.
    pub chain: String,
    /// What to match and what to do, as iptables' arguments.
    pub spec: Vec<String>,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "-t {} {} {}", self.table, self.chain, self.spec.join(" "))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nat => "nat",
            Self::Filter => "filter",
        })
    }
}

/// What answers on Docker's socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DockerDaemon {
    /// Its version.
    pub version: String,
    /// Whether it is Docker's own engine; podman answers on the same socket with another name.
    pub engine: bool,
}

/// The ECS agent's answer at `localhost:51678/v1/metadata`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introspection {
    /// The cluster's name.
    #[serde(alias = "Cluster")]
    pub cluster: String,
    /// The container instance; null for a moment after the agent's start.
    #[serde(alias = "ContainerInstanceArn")]
    pub container_instance_arn: Option<String>,
    /// The agent's version sentence.
    #[serde(alias = "Version")]
    pub version: String,
}

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: i32,
    /// The program's short name.
    pub program: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.program, self.pid)
    }
}

/// What a package file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlData {
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The architecture it was built for.
    pub architecture: String,
}

/// A download to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Where from.
    pub url: String,
    /// Where to; written under this name only when complete and verified.
    pub destination: PathBuf,
    /// The address of the detached signature.
    pub signature_url: String,
    /// Whose signature counts, and what sum it must have.
    pub trust: Trust,
}

/// Files to take out of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpack {
    /// The package's file.
    pub package: PathBuf,
    /// Its format.
    pub format: Format,
    /// The path of each in the package, without a slash in front, and where it goes.
    pub members: Vec<(String, PathBuf)>,
    /// The permission bits of what is made.
    pub mode: u32,
}

/// A request to a service, by POST.
#[derive(Debug)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// Its headers, by lower-case names; among them are signatures and tokens.
    pub headers: Vec<(&'static str, Secret)>,
    /// Its body.
    pub body: String,
}

/// A service's answer.
#[derive(Debug)]
pub struct Response {
    /// HTTP's status.
    pub status: u16,
    /// The body, which may hold credentials.
    pub body: Secret,
}

/// A finished download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Bytes received.
    pub bytes: u64,
    /// Who vouches for it: the fingerprint of the key that signed, or the sum that was asked for.
    pub signer: String,
}

/// Where the time went: spans on the clock of [`super::Host::elapsed`].
#[derive(Debug, Clone, Default)]
pub struct Timings {
    /// While a child process ran.
    pub children: Vec<(Duration, Duration)>,
    /// While a download ran.
    pub transfers: Vec<(Duration, Duration)>,
    /// Processor time of this process alone.
    pub own_cpu: Duration,
    /// The most memory this process ever held, in bytes.
    pub peak_memory: u64,
}

impl Timings {
    /// Wall time that neither a child nor a download accounts for.
    #[must_use]
    pub fn own(&self, wall: Duration) -> Duration {
        let mut spans: Vec<_> = self.children.iter().chain(&self.transfers).copied().collect();
        spans.sort();
        let mut covered = Duration::ZERO;
        let mut reached = Duration::ZERO;
        for (from, to) in spans {
            covered += to.saturating_sub(from.max(reached));
            reached = reached.max(to);
        }
        wall.saturating_sub(covered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_spans_count_once() {
        let second = Duration::from_secs;
        let timings = Timings {
            children: vec![(second(1), second(4)), (second(6), second(7))],
            transfers: vec![(second(0), second(2)), (second(3), second(5))],
            ..Timings::default()
        };
        assert_eq!(timings.own(second(10)), second(4));
    }
}
