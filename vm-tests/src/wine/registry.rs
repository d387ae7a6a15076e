//! The registry of a machine, by `reg` as wine has it.

use super::Wine;
use crate::error::{Error, Result};

impl Wine {
    /// The data of a value, as `reg query` prints it: text as it is, a number as `0x1`. None where there is no such
    /// value.
    pub fn registry(&self, key: &str, name: &str) -> Result<Option<String>> {
        let output = self.run("reg", &["query", key, "/v", name])?;
        if output.status != 0 {
            return Ok(None);
        }
        // "    Name    REG_SZ    data", below the name of the key. A name may have spaces in it.
        let line = output.stdout.lines().find_map(|line| line.trim_start().strip_prefix(name));
        let data =
            line.and_then(|rest| rest.trim_start().split_once("    ")).map(|(_, data)| data.to_owned());
        data.map(Some).ok_or_else(|| Error::new(format!("reg query said something else: {}", output.stdout)))
    }

    /// Sets a value to a text.
    pub fn set_registry(&self, key: &str, name: &str, text: &str) -> Result<()> {
        self.must("reg", &["add", key, "/v", name, "/t", "REG_SZ", "/d", text, "/f"]).map(drop)
    }
}
