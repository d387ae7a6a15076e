//! Files that a recipe puts into an image.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AbsolutePath, Mode, UserName};

/// A file. Exactly one of `content` and `source` says what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ImageFile {
    /// Where it goes in the image.
    pub path: AbsolutePath,
    /// What is in it, as it stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The file that it is a copy of, as a path from the recipe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PathBuf>,
    /// Permissions, in octal and in quotes.
    #[serde(default)]
    pub mode: Mode,
    /// Whose it is: a user, or `user:group`.
    #[serde(default)]
    pub owner: Owner,
}

/// Whose a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Owner {
    /// The user.
    pub user: UserName,
    /// The group; of the user's name where only that is given.
    pub group: UserName,
}

impl Default for Owner {
    fn default() -> Self {
        Self::root()
    }
}

impl Owner {
    /// root:root.
    #[must_use]
    pub fn root() -> Self {
        let root = || UserName::try_from("root".to_owned()).expect("a name");
        Self { user: root(), group: root() }
    }
}

impl TryFrom<String> for Owner {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (user, group) = text.split_once(':').unwrap_or((&text, &text));
        Ok(Self { user: user.to_owned().try_into()?, group: group.to_owned().try_into()? })
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        format!("{}:{}", owner.user, owner.group)
    }
}
