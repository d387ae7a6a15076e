//! Words of a recipe that are checked while it is read, so that a wrong one is an error with its line.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text that is checked when it is read.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(&text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

word! {
    /// The name of a host: labels of letters, digits and hyphens.
    Hostname, |text| {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        held(text.len() <= 253 && text.split('.').all(label), text, "a host's name, such as edge-17")
    }
}

word! {
    /// A name of the tz database, such as `Europe/Berlin`.
    TimeZone, |text| {
        let part = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
        };
        held(text.split('/').all(part), text, "a name of the tz database, such as Europe/Berlin")
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self("Etc/UTC".into())
    }
}

word! {
    /// The name of a package.
    PackageName, |text| {
        let fits = text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._:~".contains(&b));
        held(fits, text, "the name of a package, such as chrony")
    }
}

word! {
    /// The name of a user or a group, as every Linux takes it.
    UserName, |text| {
        let fits = text.len() <= 32
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b));
        held(fits, text, "the name of a user or a group, such as ops")
    }
}

word! {
    /// A public SSH key, as it stands in `authorized_keys`.
    SshKey, |text| {
        let mut parts = text.split(' ');
        let kind = parts.next().is_some_and(|kind| kind.starts_with("ssh-") || kind.starts_with("ecdsa-")
            || kind.starts_with("sk-"));
        let key = parts.next().is_some_and(|key| key.starts_with("AAAA")
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)));
        if text.contains("PRIVATE KEY") {
            return Err("this is a private key: a recipe takes public ones".into());
        }
        held(kind && key && !text.contains(['\n', '\r', '\0']), text, "a public key, such as ssh-ed25519 AAAA... name")
    }
}

word! {
    /// A path in the image, from its root.
    AbsolutePath, |text| {
        let part = |part: &str| !part.is_empty() && part != "." && part != "..";
        let fits = text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(part));
        let printable = !text.chars().any(char::is_control);
        held(fits && printable, text, "a whole path in the image, such as /etc/issue")
    }
}

word! {
    /// Permissions in octal, such as `0644`.
    Mode, |text| {
        let fits = (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
        held(fits, text, "permissions in octal and in quotes, such as \"0644\"")
    }
}

impl Mode {
    /// As the kernel takes them.
    #[must_use]
    pub fn bits(&self) -> u16 {
        u16::from_str_radix(&self.0, 8).unwrap_or_default()
    }
}

impl Default for Mode {
    fn default() -> Self {
        Self("0644".into())
    }
}

word! {
    /// A digest: `sha256:` or `sha512:`, and hexadecimal figures.
    Digest, |text| {
        let figures = match text.split_once(':') {
            Some(("sha256", figures)) if figures.len() == 64 => figures,
            Some(("sha512", figures)) if figures.len() == 128 => figures,
            _ => "",
        };
        let fits = !figures.is_empty() && figures.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        held(fits, text, "a digest, such as sha256: and 64 figures in lower case")
    }
}

impl Digest {
    /// The algorithm's name and the figures.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or_default()
    }
}

word! {
    /// A size: a whole number, and `M`, `G` or `T` for the powers of 1024.
    Size, |text| {
        let bytes = text.len().checked_sub(1).and_then(|end| {
            let unit = match text.get(end..)? {
                "M" => 1 << 20,
                "G" => 1 << 30,
                "T" => 1 << 40,
                _ => return None,
            };
            text.get(..end).filter(|figures| figures.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|figures| figures.parse::<u64>().ok())?.checked_mul(unit)
        });
        let fits = bytes.is_some_and(|bytes| (1 << 20..=64 << 40).contains(&bytes));
        held(fits, text, "a size between 1M and 64T, such as 8G")
    }
}

impl Size {
    /// In bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let (figures, unit) = self.0.split_at(self.0.len() - 1);
        let unit: u64 = match unit {
            "M" => 1 << 20,
            "G" => 1 << 30,
            _ => 1 << 40,
        };
        figures.parse::<u64>().unwrap_or_default() * unit
    }

    /// Of so many mebibytes.
    #[must_use]
    pub fn of_mebibytes(mebibytes: u32) -> Self {
        Self(format!("{mebibytes}M"))
    }
}

impl Default for Size {
    fn default() -> Self {
        Self("8G".into())
    }
}

fn held(fits: bool, text: &str, wanted: &str) -> Result<(), String> {
    let shown: String = text.chars().take(60).collect();
    if fits { Ok(()) } else { Err(format!("'{}' is not {wanted}", shown.escape_debug())) }
}
