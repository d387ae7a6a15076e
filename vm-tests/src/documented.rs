//! The documentation names tests as proof: each of them must be there.

use std::fs;
use std::path::Path;

use crate::error::Result;
use crate::programs::workspace;

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

/// All Rust text of the workspace.
fn sources(folder: &Path, text: &mut String) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            sources(&path, text)?;
        } else if name.ends_with(".rs") {
            text.push_str(&fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

#[test]
fn every_test_that_the_documentation_names_is_there() -> Result<()> {
    let mut text = String::new();
    sources(&workspace(), &mut text)?;
    let mut names = 0;
    for page in ["official-script.md", "security.md"] {
        let content = fs::read_to_string(workspace().join("docs").join(page))?;
        let missing: Vec<&str> =
            named(&content).into_iter().filter(|name| !text.contains(&format!("fn {name}("))).collect();
        assert!(missing.is_empty(), "{page} names tests that are not there: {missing:#?}");
        names += named(&content).len();
    }
    assert!(names > 20, "only {names} names were found");
    Ok(())
}

#[test]
fn a_name_is_found_in_the_last_column_of_a_table_alone() {
    let page = "see `not_a_row_at_all`\n| `other_column_of_it` | x | `the_name_of_a_test`, `ecs.config` |\n";
    assert_eq!(named(page), ["the_name_of_a_test"]);
}
