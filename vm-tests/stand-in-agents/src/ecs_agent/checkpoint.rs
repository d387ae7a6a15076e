//! `agent.db`: the cluster and the ARN, so that a restart is the same container instance.
//!
//! JSON here; the real file is a bolt database, which nobody outside the agent reads.

use crate::log::Log;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// What is kept between two starts.
#[derive(Serialize, Deserialize, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    /// The cluster's name.
    pub cluster: String,
    /// The container instance.
    pub container_instance_arn: String,
}

/// Reads it; `None` when there is none.
pub fn read(folder: &Path) -> Option<Checkpoint> {
    serde_json::from_slice(&fs::read(folder.join("agent.db")).ok()?).ok()
}

/// Writes it; a failure is logged and survived, the next start then registers anew.
pub fn write(folder: &Path, cluster: &str, arn: &str, log: &Log) {
    let checkpoint = Checkpoint { cluster: cluster.into(), container_instance_arn: arn.into() };
    let written = serde_json::to_vec(&checkpoint)
        .map_err(|error| error.to_string())
        .and_then(|data| fs::write(folder.join("agent.db"), data).map_err(|error| error.to_string()));
    if let Err(why) = written {
        log.error(&format!("could not save agent state: {why}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::ecs(&folder.path().join("log"));
        assert_eq!(read(folder.path()), None);
        write(folder.path(), "c", "arn", &log);
        let expected = Checkpoint { cluster: "c".into(), container_instance_arn: "arn".into() };
        assert_eq!(read(folder.path()), Some(expected));
    }
}
