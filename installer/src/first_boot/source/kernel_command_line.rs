//! The kernel command line: `landfall.seed=<base64>`. Everybody on the machine can read it, for as long as it runs.

use std::path::Path;

use landfall_contract::seed::{NAME, SIGNATURE};

use super::{Found, Source, text};
use crate::error::Result;
use crate::host::Host;
use crate::secret::Secret;

const PLACE: &str = "the kernel command line";

pub(super) fn look(host: &dyn Host, tell: &mut dyn FnMut(String)) -> Result<Option<Found>> {
    let content = host.read_head(Path::new("/proc/cmdline"), super::MOST)?.unwrap_or_default();
    let line = Secret::new(String::from_utf8_lossy(&content).into_owned());
    let named = |name: &str| {
        let word = |word: &str| word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        line.expose().split_ascii_whitespace().find_map(word).map(Secret::new)
    };
    let Some(seed) = named(NAME) else { return Ok(None) };
    tell(
        "warning: the seed is on the kernel command line, where everybody on this machine can read it".into(),
    );
    let signature = named(&format!("{NAME}{SIGNATURE}"));
    text::found(Source::KernelCommandLine, PLACE, &seed, signature.as_ref()).map(Some)
}
