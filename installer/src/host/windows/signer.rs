//! Who signed a program, by the authorities that Windows trusts for programs.

use std::fs;
use std::path::Path;

use jiff::Timestamp;

use super::roots;
use crate::error::{Result, While};
use crate::signature::authenticode::{self, Policy};

/// Which of these organisations did.
pub(super) fn of(program: &Path, publishers: &[&str]) -> Result<String> {
    let content = fs::read(program).while_doing(|| format!("reading {}", program.display()))?;
    let verified = || {
        let policy = Policy { roots: &roots::for_programs(), publishers };
        authenticode::verify(&content, &policy, Timestamp::now())
    };
    let signed = verified().or_else(|_| {
        roots::complete(&authenticode::certificates(&content).unwrap_or_default());
        verified()
    });
    Ok(signed?.publisher)
}
