//! What a container needs to use an NVIDIA GPU: the driver and the container toolkit.
//! Whether Docker knows the toolkit is part of Docker's configuration.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Sight;
use crate::error::Result;
use crate::host::Host;

/// What is here for GPUs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gpu {
    /// Whether the driver's module is loaded.
    pub driver: bool,
    /// Whether the driver's own program is here.
    pub nvidia_smi: bool,
    /// Whether the container toolkit is here.
    pub toolkit: bool,
}

impl Gpu {
    pub(super) fn look(host: &dyn Host, sight: &mut Sight) -> Result<Self> {
        Ok(Self {
            driver: sight.of(host.stat(Path::new("/proc/driver/nvidia/version")))?.is_some(),
            nvidia_smi: host.which("nvidia-smi").is_some(),
            toolkit: host.which("nvidia-container-runtime").is_some(),
        })
    }
}
