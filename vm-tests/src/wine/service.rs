//! The services of a machine, by `sc` as wine has it, which knows how to ask, but not how one is set up.

use super::Wine;
use crate::error::{Error, Result};

/// What `sc` ends with where there is no such service: the lowest eight bits of 1060.
const NO_SUCH_SERVICE: i32 = 36;

impl Wine {
    /// How it stands with a service, in Windows' words such as `RUNNING`. None where there is no such service.
    pub fn service(&self, name: &str) -> Result<Option<String>> {
        let output = self.run("sc", &["query", name])?;
        if output.status == NO_SUCH_SERVICE {
            return Ok(None);
        }
        // "        STATE              : 4  RUNNING"
        let line = output.stdout.lines().find(|line| line.trim_start().starts_with("STATE "));
        let state = line.and_then(|line| line.split_whitespace().last()).map(str::to_owned);
        state.map(Some).ok_or_else(|| Error::new(format!("sc query said something else: {}", output.stdout)))
    }
}
