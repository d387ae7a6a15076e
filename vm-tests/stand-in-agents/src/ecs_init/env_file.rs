//! `/var/lib/ecs/ecs.config` and `/etc/ecs/ecs.config`, the way ecs-init reads them for the container.
//!
//! Plain `KEY=VALUE` lines, the later file wins, and quotes stay part of the value: systemd would strip
//! them, ecs-init does not. A line without `=` is skipped.

use std::collections::BTreeMap;

/// The variables of the files that are there.
pub fn read(files: &[&str]) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for file in files {
        variables.extend(variables_in(&std::fs::read_to_string(file).unwrap_or_default()));
    }
    variables
}

fn variables_in(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_wins_and_quotes_stay() {
        let text = "# comment\nECS_CLUSTER=one\n\nECS_CLUSTER=\"two\"\nnonsense\nECS_TAGS={\"a\":\"b=c\"}\n";
        let variables = variables_in(text);
        assert_eq!(variables["ECS_CLUSTER"], "\"two\"");
        assert_eq!(variables["ECS_TAGS"], "{\"a\":\"b=c\"}");
        assert_eq!(variables.len(), 2);
    }
}
