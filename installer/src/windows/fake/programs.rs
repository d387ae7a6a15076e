//! What the programs do that Landfall runs on Windows.

use std::path::Path;

use super::Fake;
use super::door::place;
use crate::host::Output;
use crate::host::fake::{ACTIVATION_CODE, ACTIVATION_ID};
use crate::windows::door::{Feature, Program, Recovery, Service, Start, Value};
use crate::windows::places::{
    ECS_SERVICE, ECS_TOOLS, ENVIRONMENT, EXEC_ARCHIVE, EXEC_SCRIPT, SSM, SSM_AGENT, SSM_NOTE, SSM_SERVICE,
    STORE,
};

const RESTART: i32 = 3010;

impl Fake {
    pub(super) fn act(&mut self, program: &Program) -> Output {
        match program {
            Program::EnableFeature(_) => self.dism(Feature::Enabled, Feature::EnablePending),
            Program::DisableFeature(_) => self.dism(Feature::Disabled, Feature::DisablePending),
            Program::InstallSsmAgent { setup } => self.install_ssm_agent(setup),
            Program::UninstallSsmAgent { setup } => self.uninstall_ssm_agent(setup),
            Program::RegisterAgent { id, code, region, .. } => self.register(id, code.expose(), region),
            Program::GatherExecArtifacts => self.gather(),
            Program::InitializeEcsAgent(told) => self.initialize(&told.cluster),
            Program::RemoveEcsAgent => self.remove_ecs_agent(),
            Program::Sysprep { unattend } => match self.disk.node(unattend) {
                Some(_) => Output::default(),
                None => refuse("there is no answer file"),
            },
        }
    }

    fn dism(&mut self, at_once: Feature, later: Feature) -> Output {
        self.containers = if self.at_once { at_once } else { later };
        Output { code: if self.at_once { 0 } else { RESTART }, ..Output::default() }
    }

    /// It starts its service at once, as the real one does.
    fn install_ssm_agent(&mut self, setup: &Path) -> Output {
        assert!(self.disk.node(setup).is_some(), "the installer is not there");
        self.bring_ssm_agent();
        Output::default()
    }

    pub(super) fn bring_ssm_agent(&mut self) {
        self.scribble(Path::new(SSM_AGENT), "an agent");
        self.scribble(&Path::new(SSM).join("amazon-ssm-agent.json.template"), "{}");
        self.disk.settle();
        let service = Service {
            start: Start::Automatic,
            running: false,
            recovery: Some(Recovery::default()),
            command: SSM_AGENT.to_owned(),
        };
        self.make_service(SSM_SERVICE, service);
        self.running.insert(SSM_SERVICE.into());
    }

    fn uninstall_ssm_agent(&mut self, setup: &Path) -> Output {
        assert!(self.disk.node(setup).is_some(), "the installer is not there");
        if self.keeps_ssm_agent {
            return Output::default();
        }
        self.running.remove(SSM_SERVICE);
        self.drop_service(SSM_SERVICE);
        for name in ["amazon-ssm-agent.exe", "amazon-ssm-agent.json.template"] {
            self.sweep(&Path::new(SSM).join(name));
        }
        self.disk.settle();
        Output::default()
    }

    fn register(&mut self, id: &str, code: &str, region: &str) -> Output {
        if self.disk.node(Path::new(SSM_AGENT)).is_none() {
            return refuse("the agent is not there");
        }
        self.write_key("", region);
        if (id, code) != (ACTIVATION_ID, ACTIVATION_CODE) {
            return refuse("ERROR Registration failed. InvalidActivation\n\tstatus code: 400");
        }
        self.registrations += 1;
        self.write_identity(&format!("mi-{:017x}", self.registrations), region);
        Output::default()
    }

    fn write_key(&mut self, instance: &str, region: &str) {
        let key = format!(
            r#"{{"instanceID":"{instance}","region":"{region}","privateKey":"a key","privateKeyCreatedDate":"2026-11-22"}}"#
        );
        self.scribble(&Path::new(STORE.vault).join("Store/RegistrationKey"), &key);
    }

    pub(super) fn write_identity(&mut self, instance: &str, region: &str) {
        let vault = Path::new(STORE.vault);
        self.write_key(instance, region);
        self.scribble(&vault.join("Store/InstanceFingerprint"), r#"{"fingerprint":"a print"}"#);
        self.scribble(&vault.join("Manifest"), "{}");
        let note = Path::new(SSM_NOTE);
        self.scribble(note, &format!(r#"{{"ManagedInstanceID":"{instance}"}}"#));
        // It is the agent's alone, and nobody reads it again.
        let _ = self.disk.sync(note);
    }

    fn gather(&mut self) -> Output {
        if self.disk.node(Path::new(EXEC_SCRIPT)).is_none() || self.disk.node(Path::new(SSM_AGENT)).is_none()
        {
            return refuse("something is not there");
        }
        self.scribble(Path::new(EXEC_ARCHIVE), "an archive");
        self.disk.settle();
        Output::default()
    }

    fn initialize(&mut self, cluster: &str) -> Output {
        if self.disk.node(&Path::new(ECS_TOOLS).join("ECSTools.psm1")).is_none() || self.offline {
            return refuse("the module is not there, or nobody answers");
        }
        self.scribble(Path::new("C:/Program Files/Amazon/ECS/amazon-ecs-agent.exe"), "an agent");
        self.disk.settle();
        let variables = self.registry.entry(ENVIRONMENT.into()).or_default();
        for (name, value) in [("ECS_ENABLE_TASK_ENI", "false"), ("ECS_CLUSTER", cluster)] {
            place(variables, name, Some(&Value::Text(value.into())));
        }
        let service = Service {
            start: Start::Manual,
            running: false,
            recovery: Some(Recovery::default()),
            command: "the agent".into(),
        };
        self.make_service(ECS_SERVICE, service);
        self.run_service(ECS_SERVICE);
        Output::default()
    }

    fn remove_ecs_agent(&mut self) -> Output {
        self.running.remove(ECS_SERVICE);
        self.drop_service(ECS_SERVICE);
        self.sweep(Path::new("C:/Program Files/Amazon/ECS/amazon-ecs-agent.exe"));
        Output::default()
    }
}

fn refuse(why: &str) -> Output {
    Output { code: 1, stdout: String::new(), stderr: why.to_owned() }
}
