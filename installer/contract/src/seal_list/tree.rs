//! A file tree to look at: the least that the list needs to know.

/// A file tree, from its root. Links on the way to a path are followed inside the tree; the last name is not.
pub trait Tree {
    /// Why the tree could not be read.
    type Error;

    /// The names in a folder; none where there is no folder.
    ///
    /// # Errors
    /// When the tree cannot be read.
    fn list(&self, folder: &str) -> Result<Vec<String>, Self::Error>;

    /// What stands at a path; `None` where nothing does.
    ///
    /// # Errors
    /// When the tree cannot be read.
    fn look(&self, path: &str) -> Result<Option<Entry>, Self::Error>;

    /// The content of a file that is there.
    ///
    /// # Errors
    /// When the tree cannot be read.
    fn read(&self, path: &str) -> Result<Vec<u8>, Self::Error>;
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Bytes, where it is a file.
    pub size: u64,
}

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A socket, a pipe, a device.
    Other,
}

impl Kind {
    /// With its article.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Link => "a link",
            Self::Other => "a socket or device",
        }
    }
}
