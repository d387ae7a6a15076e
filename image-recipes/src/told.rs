//! What a machine told of itself, sealed and before it powered off. It counts where nobody can look: what rpm keeps in
//! its own database, and everything on a root file system that is not read from outside.

use std::collections::{BTreeMap, BTreeSet};

use crate::contents::Contents;
use crate::error::{Error, Result};
use crate::packages::Packages;

/// Each answer by its name, as the machine printed it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    answers: BTreeMap<String, String>,
}

impl Told {
    /// One more line of an answer, which begins with its first.
    pub fn line(&mut self, name: &str, line: &str) {
        let answer = self.answers.entry(name.to_owned()).or_default();
        answer.push_str(line);
        answer.push('\n');
    }

    /// An answer, which may be empty, has begun.
    pub fn begin(&mut self, name: &str) {
        self.answers.insert(name.to_owned(), String::new());
    }

    /// Its system and packages.
    ///
    /// # Errors
    /// When it did not tell, or its package manager said something else.
    pub fn contents(&self) -> Result<Contents> {
        Ok(Contents::of(self.answer("os-release")?, self.packages()?))
    }

    /// Its packages.
    ///
    /// # Errors
    /// As [`Told::contents`].
    pub fn packages(&self) -> Result<Packages> {
        Packages::of_guest(self.answer("packages")?)
    }

    /// Who may log in by which keys: users' names, and lines of their `authorized_keys`.
    ///
    /// # Errors
    /// When it did not tell.
    pub fn keys(&self) -> Result<BTreeSet<(String, String)>> {
        let lines = self.answer("keys")?.lines().filter_map(|line| line.split_once('\t'));
        let counts = |line: &str| !line.is_empty() && !line.starts_with('#');
        Ok(lines
            .map(|(user, line)| (user.to_owned(), line.trim().to_owned()))
            .filter(|(_, line)| counts(line))
            .collect())
    }

    /// The units that others want or require.
    ///
    /// # Errors
    /// When it did not tell.
    pub fn units(&self) -> Result<BTreeSet<String>> {
        Ok(self.answer("units")?.lines().map(str::to_owned).collect())
    }

    fn answer(&self, name: &str) -> Result<&str> {
        self.answers.get(name).map(String::as_str).ok_or_else(|| {
            Error::failed(format!("the machine did not tell its {name} before it powered off"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_told_is_an_error_and_nothing_told_is_an_answer() {
        let mut told = Told::default();
        assert!(told.keys().unwrap_err().what.contains("did not tell its keys"));
        told.begin("keys");
        assert!(told.keys().unwrap().is_empty());
    }

    #[test]
    fn a_keys_comment_is_no_key() {
        let mut told = Told::default();
        for line in ["ops\t# ops' own", "ops\t", "ops\tssh-ed25519 AAAA ops", "no user"] {
            told.line("keys", line);
        }
        assert_eq!(told.keys().unwrap(), BTreeSet::from([("ops".into(), "ssh-ed25519 AAAA ops".into())]));
    }
}
