//! Cells that are not run: `skips.toml`, each with its reason and the day on which somebody has to look again.

use std::fs;

use serde::Deserialize;

use super::{Cell, matches};
use crate::error::{Error, Result, While};
use crate::programs::workspace;

const FILE: &str = "vm-tests/skips.toml";

/// Why cells are not run, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Skip {
    /// Which, as `--filter` takes it.
    pub cells: String,
    /// Why.
    pub because: String,
    /// The last day of it, `YYYY-MM-DD`.
    pub until: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    skip: Vec<Skip>,
}

/// All of them.
pub fn all() -> Result<Vec<Skip>> {
    let text = fs::read_to_string(workspace().join(FILE)).doing(|| format!("reading {FILE}"))?;
    Ok(toml::from_str::<List>(&text).doing(|| format!("reading {FILE}"))?.skip)
}

/// The skip that a cell falls under on this day. One that has ended skips nothing: it is an error until it is looked
/// at.
pub fn of<'a>(cell: &Cell, skips: &'a [Skip], today: &str) -> Result<Option<&'a Skip>> {
    let name = cell.to_string();
    match skips.iter().find(|it| matches(&it.cells, &name)) {
        Some(skip) if skip.until.as_str() < today => Err(Error::new(format!(
            "{name} was skipped until {}, because {}\nhint: see whether that is still so, and change {FILE}",
            skip.until, skip.because
        ))),
        found => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix;

    #[test]
    fn each_skip_is_of_some_cell_and_has_a_reason_and_a_day() {
        let cells: Vec<String> = matrix::cells().iter().map(Cell::to_string).collect();
        for Skip { cells: pattern, because, until } in all().unwrap() {
            assert!(cells.iter().any(|name| matches(&pattern, name)), "{pattern} is no cell");
            assert!(because.split(' ').count() > 3, "{pattern}: {because}");
            let digits = until.bytes().filter(u8::is_ascii_digit).count();
            assert!(until.len() == 10 && digits == 8, "{pattern}: {until}");
        }
    }

    #[test]
    fn a_skip_holds_to_its_last_day_and_is_an_error_from_then_on() {
        let cell = matrix::named("debian-12/x86_64/bios/up").unwrap();
        let skip = |cells: &str| Skip {
            cells: cells.into(),
            because: "the moon is full".into(),
            until: "2026-12-31".into(),
        };
        let (this, other) = (skip("debian-12/*/bios"), skip("debian-13"));
        let skips = [other, this.clone()];
        assert_eq!(of(&cell, &skips, "2026-12-31").unwrap(), Some(&this));
        assert_eq!(of(&cell, &skips[..1], "2026-12-31").unwrap(), None);
        let ended = of(&cell, &skips, "2027-01-01").unwrap_err().to_string();
        assert!(ended.contains("until 2026-12-31, because the moon is full"), "{ended}");
    }
}
