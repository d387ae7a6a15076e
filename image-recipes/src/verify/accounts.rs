//! Users and groups of an image, out of its own `/etc/passwd`, `/etc/group` and `/etc/shadow`.

use landfall_contract::seal_list::Tree;

use crate::error::{Error, Result};

/// The accounts of an image.
#[derive(Debug, Default)]
pub struct Accounts {
    passwd: Vec<Vec<String>>,
    group: Vec<Vec<String>>,
    shadow: Vec<Vec<String>>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub uid: u32,
    /// Its first group's number.
    pub gid: u32,
    /// Its home.
    pub home: String,
}

impl Accounts {
    /// Reads them.
    ///
    /// # Errors
    /// When a file that is there cannot be read.
    pub fn read(tree: &dyn Tree<Error = Error>) -> Result<Self> {
        let lines = |path: &str| -> Result<Vec<Vec<String>>> {
            if tree.look(path)?.is_none() {
                return Ok(Vec::new());
            }
            let text = tree.read(path)?;
            let text = String::from_utf8_lossy(&text);
            Ok(text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect())
        };
        Ok(Self { passwd: lines("/etc/passwd")?, group: lines("/etc/group")?, shadow: lines("/etc/shadow")? })
    }

    /// A user by name.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<Account> {
        let line = find(&self.passwd, name)?;
        let number = |at: usize| line.get(at)?.parse().ok();
        Some(Account { uid: number(2)?, gid: number(3)?, home: line.get(5)?.clone() })
    }

    /// A group's number.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<u32> {
        find(&self.group, name)?.get(2)?.parse().ok()
    }

    /// Whether a user is in a group, by its first group or the group's list.
    #[must_use]
    pub fn is_in(&self, user: &str, group: &str) -> bool {
        let listed = find(&self.group, group)
            .and_then(|line| line.get(3))
            .is_some_and(|members| members.split(',').any(|member| member == user));
        listed || self.user(user).is_some_and(|it| self.group(group) == Some(it.gid))
    }

    /// Whether a user has a password: anything in shadow that some input could match.
    #[must_use]
    pub fn has_password(&self, user: &str) -> bool {
        let word = find(&self.shadow, user).and_then(|line| line.get(1));
        word.is_some_and(|word| !word.starts_with(['!', '*']))
    }
}

fn find<'a>(lines: &'a [Vec<String>], name: &str) -> Option<&'a Vec<String>> {
    lines.iter().find(|line| line.first().is_some_and(|first| first == name))
}
