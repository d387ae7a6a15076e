//! Where a recipe was read, and what it is told apart by.

use std::path::{Path, PathBuf};

/// Where a recipe was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

impl Origin {
    /// The file's name without its ending: what outputs are called.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_stem().map_or_else(|| "image".into(), |stem| stem.to_string_lossy().into_owned())
    }

    /// A path as the recipe says it, seen from here.
    #[must_use]
    pub fn beside(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}
