//! os-release: what a system says that it is, by the rules of os-release(5) and no others.
//!
//! A file that could mean one thing to us and another to a shell is broken, and says of which line: nothing is
//! ever expanded, a quote ends on its line, and what is larger than any os-release is not read to its end. What was
//! understood of a broken file is kept, so that it can be shown; nothing is decided by it.
//!
//! A line that is no assignment is passed over, as systemd does.

use std::collections::BTreeMap;
use std::path::Path;

use distro_matrix::OsRelease;
use serde::Serialize;

use crate::host::Host;

/// Where it is, the first that is there.
const PLACES: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];
const MOST: usize = 64 << 10;

/// What an os-release tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Told {
    /// What it says.
    pub os: OsRelease,
    /// What keeps that system's files from being changed, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable: Option<String>,
    /// Why it is not to be relied on, where it is broken.
    #[serde(rename = "os_release_broken", skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

impl Told {
    /// What this machine's tells.
    #[must_use]
    pub fn here(host: &dyn Host) -> Self {
        PLACES.iter().find_map(|place| Self::at(host, Path::new(place))).unwrap_or_else(|| {
            Self::without(format!("there is no os-release, neither {} nor {}", PLACES[0], PLACES[1]))
        })
    }

    /// What a file tells.
    #[must_use]
    pub fn of_file(host: &dyn Host, path: &Path) -> Self {
        Self::at(host, path).unwrap_or_else(|| Self::without(format!("there is no file {}", path.display())))
    }

    fn at(host: &dyn Host, path: &Path) -> Option<Self> {
        match host.read_head(path, MOST + 1) {
            Ok(content) => Some(Self::parse(&path.display().to_string(), &content?)),
            Err(e) => Some(Self::without(format!("{} cannot be read: {}", path.display(), e.what))),
        }
    }

    fn without(broken: String) -> Self {
        Self { broken: Some(broken), ..Self::default() }
    }

    fn parse(file: &str, content: &[u8]) -> Self {
        if content.len() > MOST {
            return Self::without(format!(
                "{file} has more than {} KiB, which no os-release has",
                MOST >> 10
            ));
        }
        let text = String::from_utf8_lossy(content);
        let mut values = BTreeMap::new();
        let mut flaw = flaw_of_the_whole(&text);
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let Some((key, raw)) = assignment(line) else { continue };
            match value(raw) {
                Ok(value) => drop(values.insert(key, printable(&value))),
                Err(why) => flaw = flaw.or(Some(format!("line {number} {why}"))),
            }
        }
        let mut take = |key| values.remove(key).unwrap_or_default();
        let (ubuntu, debian) = (take("UBUNTU_CODENAME"), take("DEBIAN_CODENAME"));
        let os = OsRelease {
            id: take("ID"),
            version_id: take("VERSION_ID"),
            name: take("NAME"),
            pretty_name: take("PRETTY_NAME"),
            codename: take("VERSION_CODENAME"),
            parent_codename: if ubuntu.is_empty() { debian } else { ubuntu },
            id_like: take("ID_LIKE").split_whitespace().map(str::to_owned).collect(),
            platform_id: take("PLATFORM_ID"),
            variant_id: take("VARIANT_ID"),
        };
        let immutable = Some("ostree".to_owned()).filter(|_| !take("OSTREE_VERSION").is_empty());
        let broken = flaw.or_else(|| flaw_of_the_id(&os.id)).map(|flaw| format!("{file} is broken: {flaw}"));
        Self { os, immutable, broken }
    }
}

fn flaw_of_the_whole(text: &str) -> Option<String> {
    let flaw = match text {
        text if text.trim().is_empty() => "it is empty",
        text if text.contains('\0') => "it is binary, not text",
        text if text.contains('\r') => "its lines end as those of Windows do (CRLF)",
        _ => return None,
    };
    Some(flaw.into())
}

fn flaw_of_the_id(id: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    match id {
        "" => Some("it has no ID".into()),
        id if id.bytes().all(is_plain) => None,
        _ => Some("its ID is not of small letters, figures, '.', '_' and '-' alone".into()),
    }
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let (key, raw) = line.trim().split_once('=')?;
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name =
        !key.is_empty() && key.bytes().all(is_fine) && !key.starts_with(|it: char| it.is_ascii_digit());
    is_name.then_some((key, raw))
}

/// A value as a shell would have it, where a shell would do nothing but take it.
fn value(raw: &str) -> Result<String, &'static str> {
    let quote = raw.chars().next().filter(|first| matches!(first, '"' | '\''));
    let mut rest = raw.chars();
    rest.by_ref().take(quote.iter().count()).for_each(drop);
    let mut value = String::new();
    while let Some(next) = rest.next() {
        match (quote, next) {
            (Some(quote), next) if next == quote => {
                let behind = rest.as_str();
                let is_comment = behind.trim_start().starts_with('#') && !behind.starts_with('#');
                return if behind.is_empty() || is_comment {
                    Ok(value)
                } else {
                    Err("goes on behind its quotes")
                };
            }
            (Some('\''), next) => value.push(next),
            (_, '$' | '`') => return Err("asks a shell to work its value out"),
            (quote, '\\') => match rest.next() {
                Some(escaped @ ('$' | '"' | '\\' | '`')) => value.push(escaped),
                Some(other) if quote.is_some() => value.extend(['\\', other]),
                Some(other) => value.push(other),
                None => return Err("ends in a backslash"),
            },
            (None, '"' | '\'') => return Err("has a quote inside a value"),
            (None, ';' | '&' | '|' | '<' | '>') => return Err("has more than a value for a shell"),
            (None, '#') if value.ends_with(char::is_whitespace) => break,
            (_, next) => value.push(next),
        }
    }
    match quote {
        Some(_) => Err("has a quote that is not closed"),
        None => Ok(value.trim_end().to_owned()),
    }
}

/// Terminals take some characters for commands.
fn printable(value: &str) -> String {
    value.chars().map(|it| if it.is_control() { char::REPLACEMENT_CHARACTER } else { it }).collect()
}

#[cfg(test)]
mod tests;
