//! What a proof is of: the day and the commit that was tried.

use std::ffi::OsStr;
use std::sync::OnceLock;

use super::list::folder;
use crate::error::{Result, While};
use crate::host_command;
use crate::programs::workspace;

/// Follows a commit that files differed from.
const CHANGED: &str = " with changes";

static BEGUN_AT: OnceLock<String> = OnceLock::new();

/// Remembers the commit before anything is built and run: somebody may commit meanwhile.
pub(crate) fn begin() -> Result<()> {
    if folder().is_some() && BEGUN_AT.get().is_none() {
        // Where two tests begin at once, either's answer will do.
        let _ = BEGUN_AT.set(commit().doing(|| "looking what is tried")?);
    }
    Ok(())
}

/// The day, in UTC.
pub(crate) fn today() -> Result<String> {
    Ok(host_command::run("date", ["-u", "+%F"])?.trim().to_owned())
}

/// The commit that this run tries.
pub(crate) fn tried_commit() -> Result<String> {
    Ok(tried(BEGUN_AT.get(), &commit()?))
}

/// What was tried, where the commit at the beginning and the one at the end are not the same.
fn tried(begun: Option<&String>, ended: &str) -> String {
    match begun {
        Some(begun) if begun != ended => format!("{}{CHANGED}", begun.trim_end_matches(CHANGED)),
        _ => ended.to_owned(),
    }
}

fn commit() -> Result<String> {
    let git = |arguments: &[&str]| {
        let place = workspace();
        let all = [OsStr::new("-C"), place.as_os_str()].into_iter().chain(arguments.iter().map(OsStr::new));
        host_command::run("git", all)
    };
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changes = git(&["status", "--porcelain"])?;
    Ok(format!("{}{}", commit.trim(), if changes.is_empty() { "" } else { CHANGED }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_came_while_a_test_ran_is_not_what_was_tried() {
        let begun = |commit: &str| Some(commit.to_owned());
        assert_eq!(tried(begun("a").as_ref(), "a"), "a");
        assert_eq!(tried(begun("a").as_ref(), "b"), "a with changes");
        assert_eq!(tried(begun("a with changes").as_ref(), "b"), "a with changes");
        assert_eq!(tried(None, "b"), "b");
    }
}
