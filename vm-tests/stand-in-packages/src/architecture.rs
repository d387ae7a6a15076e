//! What packages are for: their names and their fields say it.

/// An architecture, in dpkg's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Architecture {
    /// 64-bit Intel and AMD.
    #[default]
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

impl Architecture {
    /// As dpkg and Docker call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}
