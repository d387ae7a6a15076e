//! How os-release names a release, and whether an os-release does.

use serde::Deserialize;

use crate::OsRelease;

/// The fields of `/etc/os-release` that name a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Identity {
    /// `ID`: any of these.
    pub ids: Vec<String>,
    /// `VERSION_ID`: any of these patterns. `9.*` is 9 and everything below it, `#` is a figure, `*` is
    /// anything, and the empty text is a system that has none.
    pub versions: Vec<String>,
    /// Words of which `NAME` must have one, where two systems share the rest.
    #[serde(default)]
    pub names: Vec<String>,
    /// `VERSION_CODENAME`, by which derivatives name their parent.
    pub codename: Option<String>,
    /// `VARIANT_ID`s of what shares the rest and is another system, such as one with a read-only root.
    #[serde(default)]
    pub other_variants: Vec<String>,
    /// `PLATFORM_ID`; a derivative must have the same, since some claim a release that they are not made from.
    pub platform_id: Option<String>,
    /// `ID`s of derivatives that name their parent in no other way; where the parent has no version, in any.
    #[serde(default)]
    pub like: Vec<String>,
}

impl Identity {
    /// Whether this is the release itself.
    pub(crate) fn is(&self, os: &OsRelease) -> bool {
        self.ids.contains(&os.id)
            && self.has_version(&os.version_id)
            && self.has_name(&os.name)
            && !self.other_variants.contains(&os.variant_id)
    }

    pub(crate) fn has_version(&self, version: &str) -> bool {
        self.versions.iter().any(|pattern| matches(pattern, version))
    }

    fn has_name(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|word| name.contains(word.as_str()))
    }
}

fn matches(pattern: &str, version: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    if let Some(major) = pattern.strip_suffix(".*") {
        return version.strip_prefix(major).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    }
    pattern.len() == version.len()
        && pattern.bytes().zip(version.bytes()).all(|(want, byte)| match want {
            b'#' => byte.is_ascii_digit(),
            want => want == byte,
        })
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_names_a_version_and_what_is_below_it() {
        for (pattern, version) in [
            ("12", "12"),
            ("9.*", "9"),
            ("9.*", "9.4"),
            ("9.*", "9.1.0.1"),
            ("20######", "20261120"),
            ("", ""),
            ("*", ""),
        ] {
            assert!(matches(pattern, version), "{pattern} {version}");
        }
        for (pattern, version) in [
            ("12", "12.1"),
            ("9.*", "90"),
            ("9.*", ""),
            ("20######", "2026112"),
            ("20######", "2026x120"),
            ("", "1"),
        ] {
            assert!(!matches(pattern, version), "{pattern} {version}");
        }
    }
}
