//! Whether GPUs can be used, where that was asked for: before an activation is used up.

use distro_matrix::Distro;

use super::{Code, Finding};
use crate::config::Config;
use crate::facts::{DAEMON_JSON, Facts};
use crate::plan::Goal;

pub(super) fn findings(facts: &Facts, config: &Config, distro: &Distro, goal: Goal) -> Vec<Finding> {
    if !config.gpu {
        return Vec::new();
    }
    if let Some(reason) = distro.gpu.as_ref().and_then(|gpu| gpu.refused.as_ref()) {
        return vec![Finding::new(
            Code::GpuUnsupported,
            format!("GPUs cannot be used on {}: {reason}", distro.name),
            "use a release where they can be, or leave --enable-gpu out",
        )];
    }
    let mut found = Vec::new();
    let mut add = |missing: bool, code, sentence: String, remedy: &str| {
        if missing {
            found.push(Finding::new(code, sentence, remedy));
        }
    };
    let driver = facts.gpu.driver && facts.gpu.nvidia_smi;
    add(
        // An image may be baked where there is no GPU.
        !driver && goal != Goal::Install,
        Code::GpuNoDriver,
        "no NVIDIA driver is loaded, or nvidia-smi is missing".into(),
        "install the driver, and reboot where it asks for that; then 'nvidia-smi' must list the GPUs",
    );
    add(
        !facts.gpu.toolkit,
        Code::GpuNoToolkit,
        "the NVIDIA container toolkit is missing: there is no nvidia-container-runtime".into(),
        "install nvidia-container-toolkit from NVIDIA's repository",
    );
    add(
        !facts.docker_configuration.nvidia_runtime,
        Code::GpuNoRuntime,
        format!("Docker does not know the NVIDIA runtime: {DAEMON_JSON} names none"),
        "'nvidia-ctk runtime configure --runtime=docker', then restart Docker where it runs",
    );
    found
}
