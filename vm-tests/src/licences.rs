//! Whether every dependency may be combined with Apache-2.0 in one program.
//!
//! The allowed licences stand in `licences.toml`. A package's SPDX expression is fulfilled when one
//! side of each OR and both sides of each AND are allowed.

use serde::Deserialize;

use crate::error::{Error, Result, While};
use crate::host_command;
use crate::programs;

#[derive(Deserialize)]
struct Policy {
    allowed: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

/// Checks all packages that cargo would build; returns how many there are.
pub fn check() -> Result<usize> {
    let folder = programs::workspace();
    let policy = std::fs::read_to_string(folder.join("vm-tests/licences.toml"))?;
    let policy: Policy = toml::from_str(&policy).doing(|| "reading licences.toml")?;
    let manifest = folder.join("Cargo.toml").display().to_string();
    let metadata = host_command::run(
        "cargo",
        ["metadata", "--locked", "--format-version", "1", "--manifest-path", &manifest],
    )?;
    let packages = serde_json::from_str::<Metadata>(&metadata).doing(|| "reading cargo's metadata")?.packages;
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| {
            !package.license.as_deref().is_some_and(|licence| fulfilled(licence, &policy.allowed))
        })
        .map(|Package { name, version, license }| format!("{name} {version}: {license:?}"))
        .collect();
    match refused.is_empty() {
        true => Ok(packages.len()),
        false => Err(Error::new(format!("licences that are not allowed:\n{}", refused.join("\n")))),
    }
}

/// Whether the expression can be fulfilled; a slash is how older packages write OR.
fn fulfilled(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    any_side(&mut words, allowed) && words.is_empty()
}

fn any_side(words: &mut Vec<&str>, allowed: &[String]) -> bool {
    let mut result = all_sides(words, allowed);
    while words.pop_if(|word| *word == "OR").is_some() {
        result |= all_sides(words, allowed);
    }
    result
}

fn all_sides(words: &mut Vec<&str>, allowed: &[String]) -> bool {
    let mut result = single(words, allowed);
    while words.pop_if(|word| *word == "AND").is_some() {
        result &= single(words, allowed);
    }
    result
}

fn single(words: &mut Vec<&str>, allowed: &[String]) -> bool {
    let Some(word) = words.pop() else { return false };
    if word == "(" {
        let inside = any_side(words, allowed);
        return words.pop() == Some(")") && inside;
    }
    let mut licence = word.to_owned();
    if words.pop_if(|word| *word == "WITH").is_some() {
        licence = format!("{licence} WITH {}", words.pop().unwrap_or(""));
    }
    allowed.contains(&licence)
}

#[cfg(test)]
mod tests {
    use super::fulfilled;

    #[test]
    fn one_side_of_or_and_both_sides_of_and_must_be_allowed() {
        let allowed = ["MIT", "Zlib", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        for good in [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/Apache-2.0",
            "(MIT OR X) AND Zlib",
            "Apache-2.0 WITH LLVM-exception OR X",
        ] {
            assert!(fulfilled(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR X) AND Y", "Apache-2.0", "MIT Zlib"] {
            assert!(!fulfilled(bad, &allowed), "{bad}");
        }
    }
}
