//! How each program that Landfall runs on Windows is called. Always by its whole path: what a search would find first
//! is decided by others.

use super::door::{Feature, Initialize, Program};
use super::places::{ECS_TOOLS, EXEC_SCRIPT, SSM, SSM_AGENT, STATE, shown};
use crate::secret::Secret;
use std::path::Path;

/// DISM.
pub const DISM: &str = "C:/Windows/System32/dism.exe";
const POWERSHELL: &str = "C:/Windows/System32/WindowsPowerShell/v1.0/powershell.exe";
const SYSPREP: &str = "C:/Windows/System32/Sysprep/sysprep.exe";
/// What closes a folder to everybody but the system and administrators.
pub const ICACLS: &str = "C:/Windows/System32/icacls.exe";

/// A program and what it is told.
#[derive(Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Where it is.
    pub program: String,
    /// Its arguments; a code is among those of one program, which takes it in no other way.
    pub arguments: Vec<Secret>,
}

impl Invocation {
    /// How a program is called.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        match program {
            Program::EnableFeature(name) => {
                dism(&["/Enable-Feature", &feature(name), "/All", "/NoRestart", "/Quiet"])
            }
            Program::DisableFeature(name) => {
                dism(&["/Disable-Feature", &feature(name), "/NoRestart", "/Quiet"])
            }
            Program::InstallSsmAgent { setup } => setup_of(setup, &["/q", "/norestart"]),
            Program::UninstallSsmAgent { setup } => setup_of(setup, &["/uninstall", "/q", "/norestart"]),
            Program::RegisterAgent { id, code, region, replace } => {
                let mut call = plain(SSM_AGENT, &["-register", "-id", id, "-region", region, "-code"]);
                call.arguments.push(code.clone());
                call.arguments.extend(replace.then(|| Secret::new("-y".into())));
                call
            }
            Program::GatherExecArtifacts => powershell(&format!(
                r"& '{}' -SourcePath '{}' -DestinationDirectory 'C:\ProgramData\Amazon\ECS' -Compress -IncludeVersion -ArchiveName 'execute-command-binaries.zip'",
                shown(Path::new(EXEC_SCRIPT)),
                shown(Path::new(SSM))
            )),
            Program::InitializeEcsAgent(told) => powershell(&initialize(told)),
            Program::RemoveEcsAgent => powershell(&with_ecs_tools("Remove-ECSAgentInstallation")),
            Program::Sysprep { unattend } => plain(
                SYSPREP,
                &["/generalize", "/oobe", "/shutdown", "/quiet", &format!("/unattend:{}", shown(unattend))],
            ),
        }
    }

    /// How DISM is asked about a feature.
    #[must_use]
    pub fn feature_info(name: &str) -> Self {
        dism(&["/Get-FeatureInfo", &feature(name)])
    }

    /// How a folder is closed to everybody but the system and administrators, by their numbers: their names are
    /// other ones in each language.
    #[must_use]
    pub fn close_folder(folder: &Path) -> Self {
        let full = |who: &str| format!("*{who}:(OI)(CI)F");
        plain(
            ICACLS,
            &[&shown(folder), "/inheritance:r", "/grant:r", &full("S-1-5-18"), &full("S-1-5-32-544"), "/Q"],
        )
    }
}

/// What DISM says of a feature, in English, which it is asked for.
#[must_use]
pub fn feature_state(said: &str) -> Feature {
    let state = said.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "State").then(|| value.trim())
    });
    match state {
        Some("Enabled") => Feature::Enabled,
        Some("Enable Pending") => Feature::EnablePending,
        Some("Disabled" | "Disabled with Payload Removed") => Feature::Disabled,
        Some("Disable Pending") => Feature::DisablePending,
        _ => Feature::Unknown,
    }
}

/// Whether DISM failed because it knows no such feature, which is an answer: every other failure is one.
#[must_use]
pub fn is_of_no_feature(said: &str) -> bool {
    said.contains("0x800f080c") || said.contains("is unknown")
}

fn initialize(told: &Initialize) -> String {
    let mut words = vec![
        "Initialize-ECSAgent -ExternalInstance -EnableTaskIAMRole".to_owned(),
        format!("-AWSDefaultRegion {}", quoted(&told.region)),
        format!("-OverrideSourceRegion {}", quoted(&told.region)),
        format!("-OverrideSourceBucket {}", quoted(&format!("amazon-ecs-agent-{}", told.region))),
        format!("-Version {}", quoted(&told.version)),
        format!("-Cluster {}", quoted(&told.cluster)),
        format!("-LoggingDrivers {}", quoted(r#"["json-file","awslogs"]"#)),
    ];
    words.extend(told.endpoint.as_ref().map(|endpoint| format!("-ECSEndpoint {}", quoted(endpoint))));
    format!("{NETWORK}; {}", with_ecs_tools(&words.join(" ")))
}

/// Windows PowerShell takes neither TLS 1.2 by itself on every release, nor a proxy from the variables; and off EC2 what
/// AWS brings for it must not wait for EC2's metadata service.
const NETWORK: &str = "$env:AWS_EC2_METADATA_DISABLED = 'true'; \
    [Net.ServicePointManager]::SecurityProtocol = 'Tls12'; \
    if ($env:https_proxy) { [Net.WebRequest]::DefaultWebProxy = New-Object Net.WebProxy($env:https_proxy, $true) }";

/// A command of AWS's module, from the place that Landfall puts it in: by its name alone PowerShell would take the
/// first of that name in the folders of whoever runs it.
fn with_ecs_tools(command: &str) -> String {
    let module = shown(&Path::new(ECS_TOOLS).join("ECSTools.psd1"));
    format!("Import-Module {}; {command}", quoted(&module))
}

/// A text that PowerShell takes as it is: nothing in it is worked out.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn powershell(script: &str) -> Invocation {
    // Without it, a command that fails goes on to the next, and the end is a success.
    let script = format!("$ErrorActionPreference = 'Stop'; {script}");
    plain(
        POWERSHELL,
        &["-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-Command", &script],
    )
}

fn dism(arguments: &[&str]) -> Invocation {
    plain(DISM, &[&["/English", "/Online"], arguments].concat())
}

fn feature(name: &str) -> String {
    format!("/FeatureName:{name}")
}

fn setup_of(setup: &Path, arguments: &[&str]) -> Invocation {
    let log = shown(&Path::new(STATE).join("ssm-agent-setup.log"));
    plain(&setup.display().to_string(), &[arguments, &["/log", &log]].concat())
}

fn plain(program: &str, arguments: &[&str]) -> Invocation {
    let arguments = arguments.iter().map(|it| Secret::new((*it).to_owned())).collect();
    Invocation { program: program.to_owned(), arguments }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn call(program: &Program) -> Vec<String> {
        let Invocation { program, arguments } = Invocation::of(program);
        [program].into_iter().chain(arguments.iter().map(|it| it.expose().to_owned())).collect()
    }

    #[test]
    fn powershell_works_nothing_out_of_what_somebody_chose() {
        let told = Initialize {
            region: "us-east-1".into(),
            cluster: "it's; Remove-Item C:\\ $(x)".into(),
            version: "latest".into(),
            endpoint: None,
        };
        let call = call(&Program::InitializeEcsAgent(told));
        let script = call.last().unwrap();
        assert!(script.contains("-Cluster 'it''s; Remove-Item C:\\ $(x)'"), "{script}");
        let module = r"'C:\Program Files\WindowsPowerShell\Modules\ECSTools\ECSTools.psd1'";
        let start = format!(
            "$ErrorActionPreference = 'Stop'; {NETWORK}; Import-Module {module}; Initialize-ECSAgent "
        );
        assert!(script.starts_with(&start), "{script}");
        assert!(script.contains("-ExternalInstance -EnableTaskIAMRole"), "{script}");
    }

    /// What a real program is called with is what somebody read and accepted here.
    #[test]
    fn each_program_is_called_in_these_words() {
        let setup = PathBuf::from("C:/x/setup.exe");
        let register = |replace| Program::RegisterAgent {
            id: "ID".into(),
            code: Secret::new("CODE".into()),
            region: "REGION".into(),
            replace,
        };
        let log = r"/log C:\Program Files\Landfall\state\ssm-agent-setup.log";
        for (program, words) in [
            (
                Program::EnableFeature("F".into()),
                "/English /Online /Enable-Feature /FeatureName:F /All /NoRestart /Quiet".to_owned(),
            ),
            (
                Program::DisableFeature("F".into()),
                "/English /Online /Disable-Feature /FeatureName:F /NoRestart /Quiet".into(),
            ),
            (Program::InstallSsmAgent { setup: setup.clone() }, format!("/q /norestart {log}")),
            (Program::UninstallSsmAgent { setup }, format!("/uninstall /q /norestart {log}")),
            (register(false), "-register -id ID -region REGION -code CODE".into()),
            (register(true), "-register -id ID -region REGION -code CODE -y".into()),
            (
                Program::Sysprep { unattend: PathBuf::from("C:/x/unattend.xml") },
                r"/generalize /oobe /shutdown /quiet /unattend:C:\x\unattend.xml".into(),
            ),
        ] {
            assert_eq!(call(&program)[1..].join(" "), words);
        }
        let closed = Invocation::close_folder(Path::new("C:/x"));
        let closed: Vec<&str> = closed.arguments.iter().map(Secret::expose).collect();
        assert_eq!(
            closed.join(" "),
            r"C:\x /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F /Q"
        );
    }

    #[test]
    fn every_program_is_called_by_its_whole_path() {
        for program in [
            Program::EnableFeature("Containers".into()),
            Program::InstallSsmAgent { setup: PathBuf::from("C:/x/setup.exe") },
            Program::RemoveEcsAgent,
            Program::Sysprep { unattend: PathBuf::from("C:/x/unattend.xml") },
        ] {
            assert!(call(&program)[0].starts_with("C:/"), "{program:?}");
        }
    }

    #[test]
    fn dism_is_asked_and_understood_in_english() {
        let asked = Invocation::feature_info("Containers");
        let asked: Vec<&str> = asked.arguments.iter().map(Secret::expose).collect();
        assert_eq!(asked, ["/English", "/Online", "/Get-FeatureInfo", "/FeatureName:Containers"]);
        let said = |state: &str| {
            feature_state(&format!(
                "Deployment Image Servicing\r\nVersion: 10.0\r\n\r\nFeature Name : Containers\r\nState : {state}\r\n"
            ))
        };
        assert_eq!(said("Enabled"), Feature::Enabled);
        assert_eq!(said("Enable Pending"), Feature::EnablePending);
        assert_eq!(said("Disabled with Payload Removed"), Feature::Disabled);
        assert_eq!(feature_state("Error: 0x800f080c"), Feature::Unknown);
        assert!(is_of_no_feature("Error: 0x800f080c\r\n\r\nFeature name Containers is unknown.\r\n"));
        assert!(!is_of_no_feature("Error: 740\r\n\r\nElevated permissions are required to run DISM.\r\n"));
    }

    #[test]
    fn the_code_of_an_activation_is_shown_by_no_print() {
        let program = Program::RegisterAgent {
            id: "an-id".into(),
            code: Secret::new("TheCodeTheCodeTheCode".into()),
            region: "us-east-1".into(),
            replace: true,
        };
        assert!(call(&program).contains(&"TheCodeTheCodeTheCode".to_owned()));
        assert!(!format!("{:?}", Invocation::of(&program)).contains("TheCode"));
    }
}
