//! Documents and proofs name tests: each of them must be there.

use std::fs;
use std::path::Path;

use crate::error::Result;
use crate::programs::workspace;

/// All Rust text of the workspace, to look for tests in.
pub(crate) struct Sources(String);

impl Sources {
    pub(crate) fn read() -> Result<Self> {
        let mut text = String::new();
        gather(&workspace(), &mut text)?;
        Ok(Self(text))
    }

    /// Whether there is a test of this name.
    pub(crate) fn have_test(&self, name: &str) -> bool {
        self.0.contains(&format!("fn {name}("))
    }
}

fn gather(folder: &Path, text: &mut String) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            gather(&path, text)?;
        } else if name.ends_with(".rs") {
            text.push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test names in the last columns of tables: in backticks, in small letters, of three words or more.
    fn named(page: &str) -> Vec<&str> {
        let rows = page.lines().filter(|line| line.starts_with("| ") && line.ends_with('|'));
        let column = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
        let is_name = |word: &&str| {
            word.matches('_').count() >= 2
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        column.flat_map(|column| column.split('`').skip(1).step_by(2)).filter(is_name).collect()
    }

    #[test]
    fn every_test_that_the_documentation_names_is_there() -> Result<()> {
        let sources = Sources::read()?;
        let mut names = 0;
        for page in ["official-script.md", "security.md"] {
            let content = fs::read_to_string(workspace().join("docs").join(page))?;
            let missing: Vec<&str> =
                named(&content).into_iter().filter(|name| !sources.have_test(name)).collect();
            assert!(missing.is_empty(), "{page} names tests that are not there: {missing:#?}");
            names += named(&content).len();
        }
        assert!(names > 20, "only {names} names were found");
        Ok(())
    }

    #[test]
    fn a_name_is_found_in_the_last_column_of_a_table_alone() {
        let page =
            "see `not_a_row_at_all`\n| `other_column_of_it` | x | `the_name_of_a_test`, `ecs.config` |\n";
        assert_eq!(named(page), ["the_name_of_a_test"]);
    }
}
