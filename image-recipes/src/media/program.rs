//! This program itself, as the live system gets it: only a static one runs there.

use crate::error::{Error, Result, While};

/// Where it is.
const OWN: &str = "/proc/self/exe";

/// An ELF's program headers, and the one that names a dynamic linker.
const INTERPRETER: u32 = 3;

/// This program's bytes.
///
/// # Errors
/// When it cannot be read.
pub fn own() -> Result<Vec<u8>> {
    std::fs::read(OWN).while_doing(|| "reading this program itself".into())
}

/// Refuses to go on where this program would not run in the live system.
///
/// # Errors
/// That refusal.
pub fn demand_static() -> Result<()> {
    match is_static(&own()?) {
        // Tests are never static, and never put themselves anywhere.
        true => Ok(()),
        false => Err(Error::refused(
            "this landfall-image is not a static program, and goes onto the medium itself",
        )
        .hint("run the one that scripts/build landfall-image makes")),
    }
}

fn is_static(elf: &[u8]) -> bool {
    let u16_at = |at: usize| elf.get(at..at + 2).and_then(|it| it.try_into().ok()).map(u16::from_le_bytes);
    let u32_at = |at: usize| elf.get(at..at + 4).and_then(|it| it.try_into().ok()).map(u32::from_le_bytes);
    let u64_at = |at: usize| elf.get(at..at + 8).and_then(|it| it.try_into().ok()).map(u64::from_le_bytes);
    let (Some(table), Some(length), Some(count)) = (u64_at(32), u16_at(54), u16_at(56)) else { return false };
    let place = |index: u16| usize::try_from(table + u64::from(length) * u64::from(index)).ok();
    elf.starts_with(b"\x7fELF\x02\x01")
        && (0..count).all(|index| place(index).and_then(u32_at).is_some_and(|kind| kind != INTERPRETER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_program_and_what_is_no_program_are_not_static() {
        // Tests are built for this machine, with its libraries.
        assert!(!is_static(&own().unwrap()));
        assert!(!is_static(b"#!/bin/sh\n") && !is_static(b""));
    }

    #[test]
    fn a_program_without_a_linker_is_static() {
        let mut elf = vec![0; 64 + 2 * 56];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (elf[32], elf[54], elf[56]) = (64, 56, 2);
        (elf[64], elf[64 + 56]) = (1, 1);
        assert!(is_static(&elf));
        elf[64 + 56] = 3;
        assert!(!is_static(&elf));
    }
}
