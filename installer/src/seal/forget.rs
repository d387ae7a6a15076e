//! What identifies a machine inside of files that stay: keys of configuration files, and the receipt.
//!
//! The receipt itself stays, so that a clone can be taken back to what was there before Landfall came. That a
//! registration was made, and keys that stood in a file before, go out of it.

use std::path::Path;

use landfall_contract::seal_list::{TRACES, Wanted, assigns};

use crate::durable;
use crate::error::Result;
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

/// What a file held before may hold keys too.
fn scrub(entry: &mut Entry) {
    let path = match &entry.change {
        Step::EnvFile(step) => step.path.as_path(),
        Step::WriteFile(step) => step.path.as_path(),
        _ => return,
    };
    let Before::File { content: Content::Text(text), .. } = &mut entry.replaced else { return };
    for keys in keys_of(path) {
        *text = without(text, keys);
    }
}

/// The keys that must have no value in the file at a path.
fn keys_of(path: &Path) -> impl Iterator<Item = &'static [&'static str]> {
    TRACES.iter().filter_map(move |trace| match trace.wanted {
        Wanted::Unset(keys) if trace.places.iter().any(|place| Path::new(place) == path) => Some(keys),
        _ => None,
    })
}

/// Takes the lines that give these keys a value out of a file; all others stay as they are.
pub(super) fn unset(host: &mut dyn Host, path: &Path, keys: &[&str]) -> Result<()> {
    let (Some(content), Some(stat)) = (host.read(path)?, host.stat(path)?) else { return Ok(()) };
    let text = without(&String::from_utf8_lossy(&content), keys);
    durable::write(host, path, text.as_bytes(), stat.mode)
}

fn without(text: &str, keys: &[&str]) -> String {
    text.split_inclusive('\n').filter(|line| !keys.iter().any(|key| assigns(line, key))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_set_a_key_go_and_all_others_stay_byte_for_byte() {
        let text = "# AWS_SECRET_ACCESS_KEY=x\nA=1\n  export AWS_SECRET_ACCESS_KEY = top\r\nAWS_SECRET_ACCESS_KEY=\nB=2";
        let left = "# AWS_SECRET_ACCESS_KEY=x\nA=1\nAWS_SECRET_ACCESS_KEY=\nB=2";
        assert_eq!(without(text, &["AWS_SECRET_ACCESS_KEY"]), left);
    }
}
