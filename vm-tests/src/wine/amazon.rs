//! What Windows and AWS bring to a machine on the way to the cluster, as recorded programs behind real downloads: the
//! feature Containers, the archive and the installer in S3, AWS's module for PowerShell, and both agents.
//!
//! The downloads, the signature of the installer, the services, the pipe and the port are real, as wine has them. What
//! the programs do is what a test says that they do: nobody of AWS's has ever seen it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use recorded_program::{AS_SERVICE, AT_FIRST, Answer, Serves};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::Wine;
use crate::error::{Result, While};
use crate::host_command;
use crate::programs;
use crate::simulator::AUTHORITY;
use crate::world::World;

/// Where all of it is.
pub const REGION: &str = "us-east-1";
/// Who signs the installer of the SSM agent.
pub const PUBLISHER: &str = "Amazon Web Services, Inc.";
/// The activation that registers.
pub const ID: &str = "2b1e6e4c-5f0a-4c57-9c1e-7d4a52f2c6aa";
/// Its code.
pub const CODE: &str = "CodeOfTheTests12345X";
/// Who the machine is then.
pub const INSTANCE: &str = "mi-0123456789abcdef0";

/// States of the feature Containers, besides the first.
pub const PENDING: &str = "pending";
/// It is there.
pub const ENABLED: &str = "enabled";
const LEAVING: &str = "leaving";

/// DISM, by the name under which its calls are kept.
pub const DISM: &str = "dism";
/// The installer of the SSM agent.
pub const SETUP: &str = "amazonssmagentsetup";
/// The SSM agent.
pub const SSM: &str = "amazon-ssm-agent";
const ECS: &str = "amazon-ecs-agent";

const SSM_PROGRAM: &str = r"C:\Program Files\Amazon\SSM\amazon-ssm-agent.exe";
const ECS_PROGRAM: &str = r"C:\Program Files\Amazon\ECS\amazon-ecs-agent.exe";
const ENVIRONMENT: &str = r"HKLM\System\CurrentControlSet\Control\Session Manager\Environment";

/// Puts all of it where it belongs, on a machine that is for this cluster; this publisher signs the installer.
pub fn bring(world: &World, machine: &Wine, cluster: &str, publisher: &str) -> Result<()> {
    objects(world, publisher)?;
    fixtures(machine)?;
    machine.stand_in("windows/system32/dism.exe", &dism())?;
    machine.stand_in("windows/system32/WindowsPowerShell/v1.0/powershell.exe", &powershell(cluster))?;
    machine.record(SETUP)?.will_answer(&setup())?;
    machine.record(SSM)?.will_answer(&[registers()])?;
    joins(machine, cluster)?;
    let docker = json!({"Version": "25.0.6", "Components": [{"Name": "Engine"}]});
    machine.record("dockerd")?.will_serve(&[serves(r"\\.\pipe\docker_engine", "/version", &docker)])?;
    Ok(())
}

/// The ECS agent takes part in this cluster, the next time that it starts.
pub fn joins(machine: &Wine, cluster: &str) -> Result<()> {
    let arn = format!("arn:aws:ecs:{REGION}:123456789012:container-instance/{cluster}/0123456789abcdef");
    let says = json!({"Cluster": cluster, "ContainerInstanceArn": arn, "Version": "Amazon ECS Agent - v1.99.0 (*a8b3e7d3)"});
    Ok(machine.record(ECS)?.will_serve(&[serves("127.0.0.1:51678", "/v1/metadata", &says)])?)
}

/// The scripts that PowerShell was given, in short: what each was for.
pub fn scripts(machine: &Wine) -> Result<Vec<&'static str>> {
    let kinds = ["Add-ECSExecArtifacts", "Initialize-ECSAgent", "Remove-ECSAgentInstallation"];
    let calls = machine.record("powershell")?.calls()?;
    let kind = |call: &Vec<String>| {
        let script = call.last().map(String::as_str).unwrap_or_default();
        kinds.into_iter().find(|it| script.contains(it)).unwrap_or("something else")
    };
    Ok(calls.iter().map(kind).collect())
}

fn serves(at: &str, path: &str, says: &serde_json::Value) -> Serves {
    Serves { at: at.into(), answers: BTreeMap::from([(path.into(), says.to_string())]) }
}

/// What S3 has.
fn objects(world: &World, publisher: &str) -> Result<()> {
    let program = fs::read(programs::recorded_program()?)?;
    let folder = world.objects().join(format!("amazon-ecs-agent-{REGION}"));
    fs::create_dir_all(&folder)?;
    let name = "ECSAnywhereWindowsArtifacts.zip";
    let archive = folder.join(name);
    let mut zip = ZipWriter::new(File::create(&archive)?);
    for (member, content) in [
        ("ECSTools/ECSTools.psd1", &b"# a module\r\n"[..]),
        ("ECSTools/ECSTools.psm1", b"# its functions\r\n"),
        ("Exec/Add-ECSExecArtifacts.ps1", b"# a script\r\n"),
        ("DockerCE/docker.exe", &program),
        ("DockerCE/dockerd.exe", &program),
    ] {
        zip.start_file(member, SimpleFileOptions::default()).doing(|| format!("adding {member}"))?;
        zip.write_all(content)?;
    }
    zip.finish().doing(|| "finishing the archive")?;
    let sum = hex::encode(Sha256::digest(fs::read(&archive)?));
    fs::write(folder.join(format!("{name}.sha256")), format!("{sum}\r\n"))?;
    let installer = installer(world);
    fs::create_dir_all(installer.parent().unwrap_or(&installer))?;
    sign(world, publisher, &installer)
}

fn installer(world: &World) -> PathBuf {
    let key = format!("amazon-ssm-{REGION}/latest/windows_amd64/AmazonSSMAgentSetup.exe");
    world.objects().join(key)
}

/// The SHA-256 of the SSM agent's installer, as S3 has it.
pub fn sum_of_setup(world: &World) -> Result<String> {
    Ok(hex::encode(Sha256::digest(fs::read(installer(world))?)))
}

/// The recorded program, signed by somebody whom the world's authority knows by this name.
fn sign(world: &World, publisher: &str, signed: &Path) -> Result<()> {
    let folder = TempDir::new()?;
    let path = |name: &str| folder.path().join(name);
    let authority = world.simulator()?.state();
    let of_authority = |name: &str| authority.join(name);
    let openssl = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(folder.path());
        command
    };
    let subject = format!("/O={publisher}/CN={publisher}");
    let mut request =
        openssl(&["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "request"]);
    host_command::finish(request.args(["-subj", &subject]))?;
    fs::write(path("purpose"), "keyUsage = critical, digitalSignature\nextendedKeyUsage = codeSigning\n")?;
    let mut certificate = openssl(&["x509", "-req", "-in", "request", "-out", "certificate", "-days", "1"]);
    certificate.args(["-set_serial", "1", "-extfile", "purpose"]);
    certificate.arg("-CA").arg(of_authority(AUTHORITY)).arg("-CAkey").arg(of_authority("ca-key.pem"));
    host_command::finish(&mut certificate)?;
    let mut sign = Command::new("osslsigncode");
    sign.args(["sign", "-h", "sha256", "-certs"]).arg(path("certificate")).arg("-key").arg(path("key"));
    sign.arg("-in").arg(programs::recorded_program()?).arg("-out").arg(signed);
    host_command::finish(&mut sign).map(drop)
}

/// What the installer and the agent copy from.
fn fixtures(machine: &Wine) -> Result<()> {
    machine.copy_in(&programs::recorded_program()?, "recorded/agent.exe")?;
    // Each Windows has these; wine has no PowerShell, and no profile of the system's own.
    for folder in ["Program Files/WindowsPowerShell/Modules", "windows/system32/config/systemprofile"] {
        fs::create_dir_all(machine.file(folder)?)?;
    }
    let vault = machine.file("recorded/vault")?;
    fs::create_dir_all(&vault)?;
    let key = json!({
        "instanceID": INSTANCE, "region": REGION, "privateKey": "a key", "privateKeyType": "Rsa",
        "privateKeyCreatedDate": "2026-11-22",
    });
    let note = json!({"InstanceId": INSTANCE, "CredentialsExpiresAt": "2099-01-01T00:00:00Z"});
    for (name, content) in [
        ("RegistrationKey", key.to_string()),
        ("InstanceFingerprint", json!({"fingerprint": "a print"}).to_string()),
        ("Manifest", "{}".to_owned()),
        ("identity_config.json", note.to_string()),
        ("credentials", "[default]\naws_access_key_id = ASIATEST\n".to_owned()),
    ] {
        fs::write(vault.join(name), content)?;
    }
    Ok(())
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The feature comes, and goes, with the next start of Windows.
fn dism() -> Vec<Answer> {
    let online = ["/English", "/Online"];
    let feature = "/FeatureName:Containers";
    let state = |state: &str, shown: &str| Answer {
        arguments: words(&[&online[..], &["/Get-FeatureInfo", feature]].concat()),
        state: Some(state.into()),
        prints: format!("Feature Name : Containers\nState : {shown}\n"),
        ..Answer::default()
    };
    let change = |told: &[&str], becomes: &str| Answer {
        arguments: words(&[&online[..], told].concat()),
        status: 3010,
        becomes: Some(becomes.into()),
        ..Answer::default()
    };
    vec![
        state(AT_FIRST, "Disabled"),
        state(PENDING, "Enable Pending"),
        state(ENABLED, "Enabled"),
        state(LEAVING, "Disable Pending"),
        change(&["/Enable-Feature", feature, "/All", "/NoRestart", "/Quiet"], PENDING),
        change(&["/Disable-Feature", feature, "/NoRestart", "/Quiet"], LEAVING),
    ]
}

/// A service whose program is there, made and started.
fn serve(name: &str, program: &str) -> Vec<Vec<String>> {
    let line = format!("\"{program}\" {}", AS_SERVICE[0]);
    vec![words(&["sc", "create", name, "binPath=", &line, "start=", "auto"]), words(&["sc", "start", name])]
}

/// A service that rests, and its program, away.
fn clear(name: &str, program: &str) -> Vec<Vec<String>> {
    vec![words(&["sc", "delete", name]), words(&["cmd", "/c", "del", program])]
}

fn copy_of_agent(to: &str) -> (PathBuf, PathBuf) {
    (r"C:\recorded\agent.exe".into(), to.into())
}

fn setup() -> Vec<Answer> {
    let log = r"C:\Program Files\Landfall\state\ssm-agent-setup.log";
    vec![
        Answer {
            arguments: words(&["/q", "/norestart", "/log", log]),
            copies: vec![copy_of_agent(SSM_PROGRAM)],
            runs: serve("AmazonSSMAgent", SSM_PROGRAM),
            ..Answer::default()
        },
        Answer {
            arguments: words(&["/uninstall", "/q", "/norestart", "/log", log]),
            runs: clear("AmazonSSMAgent", SSM_PROGRAM),
            ..Answer::default()
        },
    ]
}

/// The credentials come with the identity here; of a real agent they come once it runs.
fn registers() -> Answer {
    let store = r"C:\ProgramData\Amazon\SSM";
    let copy = |name: &str, to: String| (format!(r"C:\recorded\vault\{name}").into(), to.into());
    Answer {
        arguments: words(&["-register", "-id", ID, "-region", REGION, "-code", CODE]),
        copies: vec![
            copy("RegistrationKey", format!(r"{store}\InstanceData\Vault\Store\RegistrationKey")),
            copy("InstanceFingerprint", format!(r"{store}\InstanceData\Vault\Store\InstanceFingerprint")),
            copy("Manifest", format!(r"{store}\InstanceData\Vault\Manifest")),
            copy("identity_config.json", format!(r"{store}\runtimeconfig\identity_config.json")),
            copy("credentials", r"C:\Windows\System32\config\systemprofile\.aws\credentials".into()),
        ],
        ..Answer::default()
    }
}

fn powershell(cluster: &str) -> Vec<Answer> {
    let module = r"Import-Module 'C:\Program Files\WindowsPowerShell\Modules\ECSTools\ECSTools.psd1'";
    let says = |script: String| {
        let script = format!("$ErrorActionPreference = 'Stop'; {script}");
        let options = ["-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-Command"];
        words(&[&options[..], &[&script]].concat())
    };
    let gather = r"& 'C:\Program Files\Landfall\state\Add-ECSExecArtifacts.ps1' -SourcePath 'C:\Program Files\Amazon\SSM' -DestinationDirectory 'C:\ProgramData\Amazon\ECS' -Compress -IncludeVersion -ArchiveName 'execute-command-binaries.zip'";
    let network = "$env:AWS_EC2_METADATA_DISABLED = 'true'; [Net.ServicePointManager]::SecurityProtocol = 'Tls12'; \
         if ($env:https_proxy) { [Net.WebRequest]::DefaultWebProxy = New-Object Net.WebProxy($env:https_proxy, $true) }";
    let initialize = format!(
        r#"{network}; {module}; Initialize-ECSAgent -ExternalInstance -EnableTaskIAMRole -AWSDefaultRegion '{REGION}' -OverrideSourceRegion '{REGION}' -OverrideSourceBucket 'amazon-ecs-agent-{REGION}' -Version 'latest' -Cluster '{cluster}' -LoggingDrivers '["json-file","awslogs"]'"#
    );
    let variable = words(&["reg", "add", ENVIRONMENT, "/v", "ECS_ENABLE_TASK_ENI", "/d", "false", "/f"]);
    vec![
        Answer {
            arguments: says(gather.to_owned()),
            copies: vec![copy_of_agent(r"C:\ProgramData\Amazon\ECS\execute-command-binaries.zip")],
            ..Answer::default()
        },
        Answer {
            arguments: says(initialize),
            copies: vec![copy_of_agent(ECS_PROGRAM)],
            runs: [vec![variable], serve("AmazonECS", ECS_PROGRAM)].concat(),
            ..Answer::default()
        },
        Answer {
            arguments: says(format!("{module}; Remove-ECSAgentInstallation")),
            runs: clear("AmazonECS", ECS_PROGRAM),
            ..Answer::default()
        },
    ]
}
