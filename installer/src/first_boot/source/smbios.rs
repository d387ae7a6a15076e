//! Strings of SMBIOS type 11, which the hypervisor sets: `qemu -smbios type=11,value=landfall.seed=<base64>`.
//!
//! The table is read here and not by systemd, which knows such strings only since version 252. It comes from
//! whoever made the machine, so no length in it is believed.

use std::path::Path;

use landfall_contract::seed::{NAME, SIGNATURE};

use super::{Found, MOST, Source, text};
use crate::error::Result;
use crate::host::Host;
use crate::secret::Secret;

const TABLE: &str = "/sys/firmware/dmi/tables/DMI";
const PLACE: &str = "SMBIOS type 11";
const OEM_STRINGS: u8 = 11;
/// Type, length, handle.
const HEADER: usize = 4;

pub(super) fn look(host: &dyn Host) -> Result<Option<Found>> {
    let Some(table) = host.read_head(Path::new(TABLE), MOST)? else { return Ok(None) };
    let strings = oem_strings(&table);
    let named = |name: &str| {
        let prefixes = ["", "io.systemd.credential:", "io.systemd.credential.binary:"];
        let value = |string: &&[u8]| {
            let text = std::str::from_utf8(string).ok()?;
            let value = |prefix: &&str| text.strip_prefix(*prefix)?.strip_prefix(name)?.strip_prefix('=');
            prefixes.iter().find_map(value).map(|value| Secret::new(value.to_owned()))
        };
        strings.iter().find_map(value)
    };
    let Some(seed) = named(NAME) else { return Ok(None) };
    let signature = named(&format!("{NAME}{SIGNATURE}"));
    text::found(Source::Smbios, PLACE, &seed, signature.as_ref()).map(Some)
}

/// The strings of all structures of type 11: each structure is a header, fields, and texts that end with a zero,
/// the last with two.
fn oem_strings(table: &[u8]) -> Vec<&[u8]> {
    let mut strings = Vec::new();
    let mut rest = table;
    while let [kind, length, ..] = *rest {
        let length = usize::from(length);
        let Some(texts) = rest.get(length..).filter(|_| length >= HEADER) else { break };
        let end = texts.windows(2).position(|pair| pair == [0, 0]).unwrap_or(texts.len());
        if kind == OEM_STRINGS {
            strings.extend(texts[..end].split(|byte| *byte == 0).filter(|text| !text.is_empty()));
        }
        rest = texts.get(end + 2..).unwrap_or_default();
    }
    strings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(kind: u8, fields: &[u8], texts: &[&str]) -> Vec<u8> {
        let length = u8::try_from(HEADER + fields.len()).unwrap();
        let mut bytes = vec![kind, length, 0, 0];
        bytes.extend(fields);
        texts.iter().for_each(|text| bytes.extend([text.as_bytes(), b"\0"].concat()));
        bytes.extend(if texts.is_empty() { &b"\0\0"[..] } else { b"\0" });
        bytes
    }

    #[test]
    fn only_strings_of_type_11_are_taken_whatever_stands_around_them() {
        let table = [
            structure(0, &[1, 2], &["SeaBIOS"]),
            structure(4, &[0; 40], &[]),
            structure(11, &[2], &["one", "two"]),
            structure(1, &[], &["landfall.seed=no"]),
            structure(11, &[1], &["three"]),
            structure(127, &[], &[]),
        ]
        .concat();
        assert_eq!(oem_strings(&table), [&b"one"[..], b"two", b"three"]);
    }

    #[test]
    fn a_table_that_is_cut_or_lies_about_lengths_ends_the_reading() {
        let table = [structure(11, &[1], &["a string"]), structure(11, &[1], &["another"])].concat();
        for end in 0..table.len() {
            assert!(oem_strings(&table[..end]).len() <= 2);
        }
        for lie in [0, 3, 255] {
            let mut lying = table.clone();
            lying[1] = lie;
            oem_strings(&lying);
        }
    }
}
