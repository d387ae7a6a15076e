//! What pages of `docs/` have of the code: compared, or written anew where `LANDFALL_ACCEPT=1` is set.

#![allow(clippy::disallowed_methods, reason = "tests read and write the documentation")]

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Two tests may write parts of one page.
static WRITING: Mutex<()> = Mutex::new(());

fn path(page: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page)
}

/// All of a page.
pub(crate) fn page(page: &str) -> String {
    std::fs::read_to_string(path(page)).unwrap()
}

/// Between the marks of this name stands exactly this.
pub(crate) fn holds(name: &str, mark: &str, content: &str) {
    let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let text = page(name);
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- end of {mark} -->\n"));
    let (above, rest) = text.split_once(&begin).expect("its beginning is marked");
    let (_, below) = rest.split_once(&end).expect("its end is marked");
    let right = format!("{above}{begin}{content}{end}{below}");
    if std::env::var("LANDFALL_ACCEPT").is_ok_and(|accept| accept == "1") {
        std::fs::write(path(name), right).unwrap();
        return;
    }
    assert!(text == right, "docs/{name} differs: LANDFALL_ACCEPT=1 cargo test -p landfall documentation");
}
