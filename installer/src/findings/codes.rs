//! Every code that a finding can have, once: how grave it is and what it means.
//!
//! Codes are a contract: scripts match on them. `docs/findings.md` is this table, and a test fails when
//! the two differ.

use serde::{Serialize, Serializer};

use super::Severity;

/// Makes the enum and its table from one list.
macro_rules! codes {
    ($($name:ident $code:literal $severity:ident $meaning:literal)*) => {
        /// What was found, as a stable name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in JSON and in the documentation.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// How grave it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What it means, for the documentation.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

codes! {
    NotRoot "not-root" Notes "the check ran without root, and says what it could not look at; `up` needs root"
    ReleaseUnsupported "release-unsupported" Blocks "this release of this distribution is not in the matrix, or is turned away there"
    OsReleaseBroken "os-release-broken" Blocks "os-release is missing, empty, binary, too large, or not written by its rules, so the release is not known"
    ReleaseEndOfLife "release-eol" Warns "the release is past its end of life"
    ReleaseUntested "release-untested" Warns "the system is made from a release that is known, and was never tested itself"
    ArchitectureUnsupported "architecture-unsupported" Blocks "the agents do not exist for this processor, or the programs are not of the kernel's architecture"
    NoSystemd "no-systemd" Blocks "systemd is not process 1, and both agents are its services"
    DiskFull "disk-full" Blocks "the packages would not fit on the file systems of `/usr`, `/var` and Docker's data, or where they are here, what registering and a start of the agents write"
    DiskLow "disk-low" Warns "little room is left for the images of tasks"
    MemoryLow "memory-low" Warns "Docker and both agents leave little memory for tasks"
    NoMemoryControl "no-memory-control" Warns "the kernel keeps no account of memory, so memory limits of tasks do nothing"
    TransientMachineId "transient-machine-id" Blocks "the machine-id is missing or lost at the next boot, and the identity with it"
    OnEc2 "on-ec2" Blocks "this is an EC2 instance, whose own role can take precedence over the registered identity; a note with `--allow ec2`"
    Container "container" Warns "this is a system container (LXC, systemd-nspawn, ...): its fingerprint is weak and copied with it"
    ApplicationContainer "application-container" Blocks "this is a container of Docker, podman or Kubernetes, which is thrown away; a note with `--allow container`"
    Wsl "wsl" Blocks "this is the Windows Subsystem for Linux, which is stopped and copied with its identity; a note with `--allow wsl`"
    Immutable "immutable" Blocks "the system's files are laid out as a whole (ostree, transactional-update), and packages are gone with the next image"
    ReadOnlyRoot "read-only-root" Blocks "the root file system is mounted for reading alone"
    NoTables "no-tables" Blocks "iptables is the older kind (legacy) here, and the kernel has tables of nftables alone, so neither Docker nor the credentials endpoint could make a rule"
    SelinuxEnforcing "selinux-enforcing" Warns "SELinux is enforcing, which ECS Anywhere does not support"
    DockerMissing "docker-missing" Blocks "there is no Docker, and it may come from nowhere"
    DockerNotPackage "docker-not-package" Blocks "the Docker here did not come as a package, and the ECS agent's package demands one"
    DockerConflict "docker-conflict" Blocks "an installed package conflicts with the Docker to be installed"
    DockerJsonBroken "docker-json-broken" Blocks "`daemon.json` is not JSON, so Docker does not start"
    DockerNoBridge "docker-no-bridge" Blocks "Docker is told to use no bridge, or another one, and the ECS agent needs Docker's own"
    DockerHosts "docker-hosts" Warns "Docker's addresses are named in `daemon.json`, and mostly on its unit's command line too, with which it does not start"
    DockerNoIptables "docker-no-iptables" Warns "Docker is told to make no firewall rules, so containers reach nothing by themselves"
    DockerUsernsRemap "docker-userns-remap" Warns "Docker maps users to others, and tasks that need the host's own do not start"
    SsmAgentSnap "ssm-agent-snap" Blocks "the SSM agent is here as a snap, beside which its package refuses to be installed"
    OldVersion "old-version" Blocks "an agent is asked for, or would stay, in a version older than the least that is taken"
    OldCloudInit "old-cloud-init" Warns "cloud-init is older than 22.3, and its `clean` calls no scripts, so it takes no identity of the agents away; only `install` looks"
    SigningKeyEnds "signing-key-ends" Warns "the last key that this Landfall knows of the SSM agent's packages ends within 90 days, or has ended"
    WrongPackageFormat "wrong-package-format" Blocks "a package was named by its address, and it is not of the format that this release takes"
    NotInstalled "not-installed" Blocks "`register` was asked for, and the agents are not installed"
    OtherRegion "other-region" Blocks "the machine is registered in another region"
    OtherCluster "other-cluster" Blocks "the ECS agent belongs to another cluster than the one asked for"
    StaleAgentState "stale-agent-state" Blocks "the ECS agent's saved state is of an identity that is gone"
    BlankVault "blank-vault" Notes "the SSM agent's key files hold no identity"
    CopiedMachine "copied-machine" Blocks "this is a copy of the machine that was registered, or the very machine was changed beyond recognition"
    MachineIdOfHypervisor "machine-id-of-hypervisor" Warns "the machine-id is the hypervisor's id of this machine, and copies under one such id share it; until the machine is registered"
    ClonedIdentity "cloned-identity" Blocks "the identity here was made for another machine"
    ForeignCredentials "foreign-credentials" Warns "credentials of AWS lie in the agents' way that are neither Landfall's nor the SSM agent's"
    MetadataService "metadata-service" Warns "EC2's instance metadata service answers, from which the agents can take other credentials"
    ForeignFirewall "foreign-firewall" Warns "an nftables chain of somebody else refuses tasks their credentials; the remedy is the line to add, or the command of the manager whose chain it is"
    LateAttributes "late-attributes" Warns "attributes changed after the registration, which alone sends them"
    LateTags "late-tags" Warns "tags changed after the registration, which alone sends them"
    GpuUnsupported "gpu-unsupported" Blocks "GPUs cannot be used on this release, by its vendor's or AWS's word"
    GpuNoDriver "gpu-no-driver" Blocks "no NVIDIA driver is loaded"
    GpuNoToolkit "gpu-no-toolkit" Blocks "the NVIDIA container toolkit is missing"
    GpuNoRuntime "gpu-no-runtime" Blocks "Docker does not know the NVIDIA runtime"
    NoNameResolution "no-name-resolution" Blocks "no name at all could be resolved"
    NoIpv4 "no-ipv4" Blocks "the endpoints have addresses of IPv4 alone, and this machine has no way to those, only to those of IPv6"
    EndpointUnreachable "endpoint-unreachable" Blocks "an endpoint without which nothing can be installed or registered does not answer"
    SessionEndpointUnreachable "session-endpoint-unreachable" Warns "an endpoint for tasks and sessions does not answer; registering works without it. A note where it is `ec2messages` alone"
    UnknownAuthority "unknown-authority" Blocks "a certificate comes from an authority that this system does not know: none are installed, or TLS is intercepted"
    CertificateOutOfDate "certificate-out-of-date" Blocks "a certificate is outside its dates, by the clock of its own server too"
    SystemDrive "system-drive" Blocks "Windows is on another drive than C:, where the agents and Landfall have their places"
    ContainersUnknown "containers-unknown" Blocks "this Windows has no feature Containers"
    ReleaseQuirk "release-quirk" Warns "something is known of this release that may get in the way"
    RestartPending "restart-pending" Warns "Windows waits for a restart to finish an update"
    UnexplainedIdentity "unexplained-identity" Blocks "an identity lies in `C:\\ProgramData`, where every user may make folders, and no SSM agent is here that it could be of"
    KeptVersion "kept-version" Warns "another version or file was asked for of an agent that is here, and on Windows such an agent is kept"
    NoDomain "no-domain" Notes "the machine is joined to no domain, without which tasks have no gMSA and no share of FSx for Windows File Server"
    DomainUnreachable "domain-unreachable" Warns "the machine's domain does not answer for Kerberos, LDAP or SMB"
    ClockSkew "clock-skew" Blocks "the clock is further from AWS's than signatures may be"
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documentation;

    #[test]
    fn the_documentation_lists_every_code() {
        let row = |it: &Code| {
            format!("| [`{0}`](#{0}) | {1} | {2} |\n", it.name(), it.severity().verb(), it.meaning())
        };
        let rows: String = Code::ALL.iter().map(row).collect();
        let table = format!("| code | severity | meaning |\n|---|---|---|\n{rows}");
        documentation::holds("findings.md", "codes", &table);
    }

    #[test]
    fn the_documentation_has_a_cause_and_a_remedy_of_every_code_and_of_no_other() {
        let page = documentation::page("findings.md");
        let entries: Vec<&str> = page.split("\n### ").skip(1).collect();
        let codes: Vec<&str> = entries.iter().filter_map(|entry| entry.split('`').nth(1)).collect();
        assert_eq!(codes, Code::ALL.iter().map(|code| code.name()).collect::<Vec<_>>());
        for entry in entries {
            assert!(entry.contains("\n- Cause: ") && entry.contains("\n- Remedy: "), "{entry}");
        }
    }

    #[test]
    fn no_two_findings_share_a_code() {
        for (at, code) in Code::ALL.iter().enumerate() {
            assert!(Code::ALL[..at].iter().all(|it| it.name() != code.name()), "{}", code.name());
        }
    }
}
