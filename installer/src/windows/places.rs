//! Where things are on Windows.
//!
//! Landfall's state is beside its program and not in `C:\ProgramData`: there every user may make folders, also one
//! that Landfall would take for its own the first time it looks.

use std::path::Path;

use crate::registration::Store;

/// Where all of it is: both agents have these paths built in but for the drive.
pub const DRIVE: &str = "C:";
/// Landfall's own folder.
pub const LANDFALL: &str = "C:/Program Files/Landfall";
/// Its program.
pub const PROGRAM: &str = "C:/Program Files/Landfall/landfall.exe";
/// Its state, closed to everybody but the system and administrators.
pub const STATE: &str = "C:/Program Files/Landfall/state";
/// Where its receipt is.
pub const RECEIPT: &str = "C:/Program Files/Landfall/state/receipt.json";
/// What says that this machine has its identity.
pub const MARKER: &str = "C:/Program Files/Landfall/state/registered";
/// The note that a registration is under way.
pub const ATTEMPT: &str = "C:/Program Files/Landfall/state/registering";
/// The identity that was here before a try to register.
pub const VAULT_ASIDE: &str = "C:/Program Files/Landfall/state/vault-before";
/// An operator's credentials of before a registration.
pub const CREDENTIALS_ASIDE: &str = "C:/Program Files/Landfall/state/credentials-before";
/// The choices to go on with after a restart.
pub const RESUME: &str = "C:/Program Files/Landfall/state/resume.toml";
/// What says that the next start is a first boot.
pub const SEALED: &str = "C:/Program Files/Landfall/state/sealed";
/// How the last run of the service ended.
pub const LOG: &str = "C:/Program Files/Landfall/state/landfall.log";
/// Where a seed is looked for, besides at the root of other drives.
pub const SEED: &str = "C:/Program Files/Landfall/landfall.toml";
/// What `sysprep` is given.
pub const UNATTEND: &str = "C:/Program Files/Landfall/state/unattend.xml";
/// Where downloads arrive.
pub const DOWNLOADS: &str = "C:/Program Files/Landfall/state/downloads";
/// The installer of the SSM agent, kept because it is what takes the agent away again.
pub const SSM_SETUP: &str = "C:/Program Files/Landfall/state/AmazonSSMAgentSetup.exe";
/// Options when no other file is named.
pub const CONFIGURATION: &str = "C:/Program Files/Landfall/config.toml";
/// What keeps two runs apart; in a folder that is always there.
pub const LOCK: &str = "C:/Windows/landfall.lock";

/// Where the program goes that takes itself back.
pub const TAKEN_BACK: &str = "C:/Windows/Temp/landfall-taken-back.exe";

/// Docker's folder, as AWS's script has it.
pub const DOCKER: &str = "C:/Program Files/Docker";
/// The folder of AWS's module for PowerShell.
pub const ECS_TOOLS: &str = "C:/Program Files/WindowsPowerShell/Modules/ECSTools";
/// The script that gathers what ECS Exec needs.
pub const EXEC_SCRIPT: &str = "C:/Program Files/Landfall/state/Add-ECSExecArtifacts.ps1";
/// What that script makes.
pub const EXEC_ARCHIVE: &str = "C:/ProgramData/Amazon/ECS/execute-command-binaries.zip";
/// The SSM agent's programs.
pub const SSM: &str = "C:/Program Files/Amazon/SSM";
/// The SSM agent's program, which registers.
pub const SSM_AGENT: &str = "C:/Program Files/Amazon/SSM/amazon-ssm-agent.exe";
/// The ECS agent's saved state.
pub const ECS_DATA: &str = "C:/ProgramData/Amazon/ECS/data";
/// Where all of Amazon's programs are, those too that are none of ours.
pub const OF_THE_VENDOR: [&str; 2] = ["C:/Program Files/Amazon", "C:/ProgramData/Amazon"];
/// The folders in there that the agents fill, none of which their installers ever take away.
pub const OF_THE_AGENTS: [&str; 4] = [
    "C:/Program Files/Amazon/ECS",
    "C:/Program Files/Amazon/SSM",
    "C:/ProgramData/Amazon/SSM",
    "C:/ProgramData/Amazon/ECS",
];
/// The SSM agent's log.
pub const SSM_LOG: &str = "C:/ProgramData/Amazon/SSM/Logs/amazon-ssm-agent.log";
/// The ECS agent's log.
pub const ECS_LOG: &str = "C:/ProgramData/Amazon/ECS/log/ecs-agent.log";
/// Where an identity is.
pub const STORE: Store = Store {
    vault: "C:/ProgramData/Amazon/SSM/InstanceData/Vault",
    identity: "C:/ProgramData/Amazon/SSM/runtimeconfig/identity_config.json",
    credentials: "C:/Windows/System32/config/systemprofile/.aws/credentials",
};

/// Where the SSM agent keeps what is of its instance: besides the Vault a note, and a folder by the instance's name.
pub const SSM_INSTANCE: &str = "C:/ProgramData/Amazon/SSM/InstanceData";
/// That note.
pub const SSM_NOTE: &str = "C:/ProgramData/Amazon/SSM/InstanceData/registration";

/// The key of every machine's variables.
pub const ENVIRONMENT: &str = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment";
/// The key of what Windows calls itself.
pub const VERSION: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
/// The key of what kind of Windows it is.
pub const PRODUCT: &str = r"SYSTEM\CurrentControlSet\Control\ProductOptions";
/// The key of the network's settings, the suffix of its names among them.
pub const TCPIP: &str = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters";
/// The key that says whether Windows sets itself up.
pub const SETUP: &str = r"SYSTEM\Setup";
/// The key that is there while Windows waits for a restart.
pub const RESTART_PENDING: &str =
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending";

/// Landfall's own service.
pub const OWN_SERVICE: &str = "Landfall";
/// Docker's.
pub const DOCKER_SERVICE: &str = "docker";
/// The SSM agent's.
pub const SSM_SERVICE: &str = "AmazonSSMAgent";
/// The ECS agent's.
pub const ECS_SERVICE: &str = "AmazonECS";

/// A path as people and command lines of Windows have it.
#[must_use]
pub fn shown(path: &Path) -> String {
    path.display().to_string().replace('/', r"\")
}
