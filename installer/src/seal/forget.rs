//! What identifies a machine inside of files that stay: keys of configuration files, and the receipt.
//!
//! The receipt itself stays, so that a clone can be taken back to what was there before Landfall came. That a
//! registration was made, and keys that stood in a file before, go out of it.

use std::ops::Range;
use std::path::Path;

use landfall_contract::seal_list::{Syntax, TRACES, Wanted, assigns};
use toml::Table;
use toml::de::DeTable;

use crate::durable;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::receipt::{Entry, Receipt};
use crate::step::{Before, Content, Step};

/// Takes identity out of the receipt; true where there was any.
///
/// # Errors
/// When the machine refuses.
pub fn forget_identity(host: &mut dyn Host) -> Result<bool> {
    let mut receipt = Receipt::read(host)?;
    let earlier = receipt.clone();
    receipt.entries.retain(|entry| !matches!(entry.change, Step::Register(_)));
    receipt.entries.iter_mut().for_each(scrub);
    if receipt == earlier {
        return Ok(false);
    }
    receipt.replace(host)?;
    Ok(true)
}

/// What a file held before may hold keys too. Where they cannot be told from the rest, none of it is put back:
/// nobody could take them out of the receipt by hand.
fn scrub(entry: &mut Entry) {
    let path = match &entry.change {
        Step::EnvFile(step) => step.path.as_path(),
        Step::WriteFile(step) => step.path.as_path(),
        _ => return,
    };
    let Before::File { content: Content::Text(text), .. } = &mut entry.replaced else { return };
    for (syntax, keys) in keys_of(path) {
        *text = without(text, syntax, keys).unwrap_or_default();
    }
}

/// The keys that must have no value in the file at a path.
fn keys_of(path: &Path) -> impl Iterator<Item = (Syntax, &'static [&'static str])> {
    TRACES.iter().filter_map(move |trace| match trace.wanted {
        Wanted::Unset(syntax, keys) if trace.places.iter().any(|place| Path::new(place) == path) => {
            Some((syntax, keys))
        }
        _ => None,
    })
}

/// Takes the lines that give these keys a value out of a file; all others stay as they are.
pub(super) fn unset(host: &mut dyn Host, path: &Path, syntax: Syntax, keys: &[&str]) -> Result<()> {
    let (Some(content), Some(stat)) = (host.read(path)?, host.stat(path)?) else { return Ok(()) };
    let Some(text) = without(&String::from_utf8_lossy(&content), syntax, keys) else {
        let (path, keys) = (path.display(), keys.join(" or "));
        return Err(Error::lasting(format!("{path} sets {keys} in a way that cannot be told from the rest"))
            .hint(format!("take {keys} out of {path} by hand, and run 'landfall seal' again")));
    };
    durable::write(host, path, text.as_bytes(), stat.mode)
}

/// The text without these keys; `None` where what is left would set one still, or would mean something else.
fn without(text: &str, syntax: Syntax, keys: &[&str]) -> Option<String> {
    let left = match (syntax, DeTable::parse(text)) {
        (Syntax::Toml, Ok(table)) => without_entries(text, table.get_ref(), keys)?,
        _ => text.split_inclusive('\n').filter(|line| !keys.iter().any(|key| assigns(line, key))).collect(),
    };
    let is_clean = !keys.iter().any(|key| syntax.sets(&left, key));
    is_clean.then_some(left)
}

/// Cuts whole lines out of TOML, from where a key begins to where its value ends.
fn without_entries(text: &str, table: &DeTable<'_>, keys: &[&str]) -> Option<String> {
    let entries = table.iter().filter(|(name, _)| keys.contains(&name.get_ref().as_ref()));
    let cuts = entries.map(|(name, value)| whole_lines(text, name.span().start, value.span().end));
    let mut cuts: Vec<Range<usize>> = cuts.collect::<Option<_>>()?;
    cuts.sort_by_key(|cut| cut.start);
    let mut left = text.to_owned();
    for cut in cuts.into_iter().rev() {
        left.replace_range(cut, "");
    }
    let mut rest: Table = text.parse().ok()?;
    rest.retain(|name, _| !keys.contains(&name));
    (left.parse() == Ok(rest)).then_some(left)
}

/// From the beginning of the line in which something begins, to the end of the one in which it ends.
fn whole_lines(text: &str, start: usize, end: usize) -> Option<Range<usize>> {
    text.get(start..end)?;
    let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::fresh;

    const FILE: &str = "/etc/landfall/config.toml";
    const KEYS: [&str; 2] = ["activation-id", "activation-code"];

    #[test]
    fn lines_that_set_a_key_go_and_all_others_stay_byte_for_byte() {
        let text = "# AWS_SECRET_ACCESS_KEY=x\nA=1\n  export AWS_SECRET_ACCESS_KEY = top\r\nAWS_SECRET_ACCESS_KEY=\nB=2";
        let left = "# AWS_SECRET_ACCESS_KEY=x\nA=1\nAWS_SECRET_ACCESS_KEY=\nB=2";
        assert_eq!(without(text, Syntax::Lines, &["AWS_SECRET_ACCESS_KEY"]).as_deref(), Some(left));
    }

    #[test]
    fn a_key_of_toml_goes_in_each_of_its_spellings_and_nothing_else_does() {
        for entry in [
            "activation-code = 'x'\n",
            "  \"activation-code\" = \"x\"  # from Monday\r\n",
            "\"activation\\u002dcode\" = \"x\"\n",
            "activation-code = \"\"\"\nregion = 'x'\n\"\"\"\nactivation-id = '''\nx'''\n",
            "activation-code = ['x',\n  'y', # and so on\n]\n",
            "activation-code = { x = 'x' }\n",
        ] {
            let (above, below) = ("# the image's\nregion = 'r'\n\n", "tag = [\n  'a=b',\n]");
            let left = without(&format!("{above}{entry}{below}"), Syntax::Toml, &KEYS);
            assert_eq!(left.as_deref(), Some(format!("{above}{below}").as_str()), "{entry}");
        }
        let left = without("region = 'r'\nactivation-id = 'x'", Syntax::Toml, &KEYS);
        assert_eq!(left.as_deref(), Some("region = 'r'\n"));
    }

    #[test]
    fn lines_go_from_what_is_no_toml_where_nothing_else_names_a_key() {
        let text = "region = not TOML\nactivation-code = x\n";
        assert_eq!(without(text, Syntax::Toml, &KEYS).as_deref(), Some("region = not TOML\n"));
    }

    #[test]
    fn what_cannot_be_taken_out_without_breaking_a_file_is_left_to_a_person() {
        for text in [
            "activation-code.x = 'x'\nregion = 'r'\nactivation-code.y = 'y'\n",
            "[activation-code]\nx = 'x'\n",
            "[nested]\nactivation-code = 'x'\n",
            "region = not TOML # activation-code\n",
            "{\"activation-code\": \"x\"}\n",
        ] {
            let mut fake = fresh();
            fake.put(FILE, text, 0o600);
            let error = unset(&mut fake, Path::new(FILE), Syntax::Toml, &KEYS).unwrap_err();
            assert!(error.hint.is_some_and(|hint| hint.contains("by hand")), "{text}");
            assert_eq!(fake.disk.text(FILE).as_deref(), Some(text));
        }
    }
}
