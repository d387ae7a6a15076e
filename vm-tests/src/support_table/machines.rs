//! `docs/vm-matrix.md`: each scenario on emulated machines, and when it last ran.

use std::fs;
use std::path::Path;

use crate::error::{Result, While};
use crate::machine_proofs::MachineProof;
use crate::programs::workspace;

/// A scenario as its source has it.
#[derive(Debug, PartialEq, Eq)]
struct Scenario {
    name: String,
    /// Why it is not in each run, where it is not.
    full_tier: Option<String>,
}

/// The table.
pub(super) fn table(proofs: &[MachineProof]) -> Result<String> {
    let scenarios = scenarios()?;
    let mut table = String::from(
        "| scenario | in each run | last ran | commit | seconds | by |\n|---|---|---|---|---|---|\n",
    );
    for Scenario { name, full_tier } in &scenarios {
        let in_each_run = full_tier.as_ref().map_or("yes".to_owned(), |why| format!("no: {why}"));
        let ran = match proofs.iter().find(|proof| proof.test == *name) {
            None => "**never** | | |".to_owned(),
            Some(it) => {
                let by = format!("QEMU {}, {}", it.qemu, it.accelerator);
                format!("{} | `{}` | {} | {by}", it.date, it.commit, it.seconds)
            }
        };
        table += &format!("| {} | {in_each_run} | {ran} |\n", name.replace('_', " "));
    }
    let ran = scenarios.iter().filter(|it| proofs.iter().any(|proof| proof.test == it.name)).count();
    Ok(format!("{ran} of {} scenarios have run.\n\n{table}", scenarios.len()))
}

fn scenarios() -> Result<Vec<Scenario>> {
    scenarios_below(&workspace().join("vm-tests/tests/machines"))
}

fn scenarios_below(folder: &Path) -> Result<Vec<Scenario>> {
    let mut paths: Vec<_> = fs::read_dir(folder)?.map(|it| Ok(it?.path())).collect::<Result<_>>()?;
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            all.extend(scenarios_below(&path)?);
            continue;
        }
        let text = fs::read_to_string(&path).doing(|| format!("reading {}", path.display()))?;
        all.extend(scenarios_in(&text));
    }
    Ok(all)
}

fn scenarios_in(text: &str) -> Vec<Scenario> {
    let after = text.split("#[test]\n").skip(1);
    let scenario = |text: &str| {
        let (ignored, rest) = match text.strip_prefix("#[ignore = \"in scripts/test --full: ") {
            Some(rest) => rest.split_once("\"]\n").map(|(why, rest)| (Some(why.to_owned()), rest))?,
            None => (None, text),
        };
        let name = rest.strip_prefix("fn ")?.split('(').next()?;
        Some(Scenario { name: name.to_owned(), full_tier: ignored })
    };
    after.filter_map(scenario).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_found_with_what_keeps_them_out_of_each_run() {
        let text = "#[test]\nfn one_of_them() -> Result<()> {\n}\n\n#[test]\n\
                    #[ignore = \"in scripts/test --full: dear\"]\nfn other(_: u8) {}\n";
        let named = |name: &str, why: Option<&str>| Scenario {
            name: name.to_owned(),
            full_tier: why.map(str::to_owned),
        };
        assert_eq!(scenarios_in(text), [named("one_of_them", None), named("other", Some("dear"))]);
    }

    #[test]
    fn each_scenario_is_in_the_table_and_one_that_never_ran_says_so() -> Result<()> {
        let table = table(&[])?;
        let scenarios = scenarios()?;
        assert!(table.starts_with(&format!("0 of {} ", scenarios.len())), "{table}");
        assert_eq!(table.matches("**never**").count(), scenarios.len());
        assert!(table.contains("| two clones of one image get two identities | yes |"), "{table}");
        Ok(())
    }
}
