//! From text to a recipe; what is wrong is said with its line, and with what was probably meant.

use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::{FileSystem, ImageFile, Kernel, Origin, Recipe, Source};
use crate::error::{Error, Result};

/// A recipe is a page of text; whatever is bigger is something else.
const LIMIT: u64 = 1 << 20;

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    /// When it cannot be read, or is not one: with the line, and a hint.
    pub fn read(path: &Path) -> Result<Self> {
        let text = text(path)?;
        let mut recipe = Self::parse(&text, &path.display().to_string())?;
        recipe.origin = Origin { path: path.to_owned(), text };
        Ok(recipe)
    }

    /// Reads a recipe's text; `name` is what errors call it.
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        let recipe: Self = parse(text, name)?;
        recipe.check().map_err(|e| Error { what: format!("{name}: {}", e.what), ..e })?;
        Ok(recipe)
    }

    /// What no single key can tell.
    fn check(&self) -> Result<()> {
        let from_packages = matches!(self.base.source(self.architecture)?, Source::Packages(_));
        for (key, is_chosen) in [
            ("kernel", self.kernel != Kernel::default()),
            ("filesystem", self.filesystem != FileSystem::default()),
        ] {
            if is_chosen && !from_packages {
                return Err(Error::refused(format!(
                    "'{key}' is for a base that is made from packages: an image has its own"
                ))
                .hint("leave it out, or write base = { release = \"...\", from = \"packages\" }"));
            }
        }
        self.files.iter().try_for_each(one_content)?;
        no_two_alike("file", self.files.iter().map(|file| file.path.as_str()))?;
        no_two_alike("user", self.users.iter().map(|user| user.name.as_str()))?;
        if self.outputs.is_empty() {
            return Err(Error::refused("no output is asked for").hint("leave 'outputs' out for a qcow2"));
        }
        if self.docker.values().any(has_a_date) {
            return Err(Error::refused("a date has no place in Docker's options").hint("write it in quotes"));
        }
        let ours = self.files.iter().find(|file| OURS.contains(&file.path.as_str()));
        ours.map_or(Ok(()), |file| {
            Err(Error::refused(format!("{} is written from another part of the recipe", file.path))
                .hint("write it as the table [landfall], [policy] or [docker]"))
        })
    }
}

/// Reads a file of one of a recipe's tables, with the same errors.
///
/// # Errors
/// When it cannot be read, or is not one.
pub fn file<T: DeserializeOwned>(path: &Path) -> Result<T> {
    parse(&text(path)?, &path.display().to_string())
}

fn parse<T: DeserializeOwned>(text: &str, name: &str) -> Result<T> {
    toml::from_str(text).map_err(|e| explained(name, text, &e))
}

fn text(path: &Path) -> Result<String> {
    let named = |what: String| Error::refused(format!("{}: {what}", path.display()));
    let size = std::fs::metadata(path).map_err(|e| named(e.to_string()))?.len();
    if size > LIMIT {
        return Err(named(format!("{size} bytes are no recipe")));
    }
    std::fs::read_to_string(path).map_err(|e| named(e.to_string()))
}

/// Files that tables of the recipe are written to.
const OURS: [&str; 3] = ["/etc/landfall/config.toml", "/etc/landfall/policy.toml", "/etc/docker/daemon.json"];

fn one_content(file: &ImageFile) -> Result<()> {
    match (&file.content, &file.source) {
        (Some(_), Some(_)) => Err(Error::refused(format!("{} has both 'content' and 'source'", file.path))),
        (None, None) => Err(Error::refused(format!("{} has neither 'content' nor 'source'", file.path))),
        _ => Ok(()),
    }
}

fn no_two_alike<'a>(kind: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::refused(format!("the {kind} {name} is there twice")));
        }
    }
    Ok(())
}

/// How the crate toml hands a date to a type that knows none.
fn has_a_date(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Object(map) => {
            map.keys().any(|key| key.starts_with("$__toml")) || map.values().any(has_a_date)
        }
        serde_json::Value::Array(list) => list.iter().any(has_a_date),
        _ => false,
    }
}

fn explained(name: &str, text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map_or(String::new(), |span| format!(":{}", line_of(text, &span)));
    let said = error.message();
    let Some((kind, key, known)) = unknown(said) else {
        return Error::refused(format!("{name}{line}: {said}"));
    };
    if key == "skip-registration" {
        return Error::refused(format!("{name}{line}: '{key}' would keep every clone from registering"))
            .hint("leave it out: baking registers nothing");
    }
    if key.starts_with("activation") {
        return Error::refused(format!(
            "{name}{line}: an image holds no activation: '{key}' would be in every clone"
        ))
        .hint("give each clone its own at first boot: see 'landfall-image seed --help'");
    }
    let error = Error::refused(format!("{name}{line}: there is no {kind} '{key}' here"));
    match nearest(&key, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean '{near}'?")),
        None => error.hint(format!("what can stand here: {}", known.join(", "))),
    }
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    1 + text.as_bytes().iter().take(span.start).filter(|&&byte| byte == b'\n').count()
}

/// The key or value that serde does not know, and those that it does.
fn unknown(message: &str) -> Option<(&'static str, String, Vec<String>)> {
    let (kind, rest) = match message.strip_prefix("unknown field ") {
        Some(rest) => ("key", rest),
        None => ("value", message.strip_prefix("unknown variant ")?),
    };
    let mut quoted = rest.split('`').skip(1).step_by(2).map(str::to_owned);
    let key = quoted.next()?;
    Some((kind, key, quoted.collect()))
}

/// What was probably meant: the word that is the fewest edits away, when those are few.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (edits(word, candidate), candidate))
        .min()
        .filter(|(edits, candidate)| *edits <= candidate.len().max(word.len()) / 3)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
