//! A real Windows machine.

/// A real Windows machine.
#[derive(Debug, Default)]
pub struct RealWindows;

impl RealWindows {
    /// Opens the door.
    #[must_use]
    pub fn open() -> Self {
        Self
    }
}
