//! A text that can be neither printed nor serialised, and is wiped after use.
//!
//! It has no `Display` and no `Serialize`; `Debug` says nothing. The one way to the text is
//! [`Secret::expose`], so that a search for that word finds every place where a secret leaves us.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// A secret text, such as an activation code.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Takes a file's content over, without a copy that stays behind.
    ///
    /// # Errors
    /// When it is not text.
    pub fn of_file(content: Vec<u8>, path: &Path) -> Result<Self> {
        String::from_utf8(content).map(Self::new).map_err(|e| {
            drop(Zeroizing::new(e.into_bytes()));
            Error::refused(format!("{} is not text", path.display()))
                .hint("it must be plain text in UTF-8: see that it is the file that was meant")
        })
    }

    /// The text itself: for the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(Self::new(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself_in_debug_output() {
        assert_eq!(format!("{:?}", Secret::new("open sesame".into())), "(secret)");
    }
}
