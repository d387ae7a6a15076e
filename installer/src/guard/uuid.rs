//! The id that the board's or the hypervisor's firmware gives a machine: SMBIOS' product UUID.
//!
//! The same id is shown in two byte orders: SMBIOS 2.6 settled that its first three fields are little endian,
//! and older firmware, kernels and hypervisors show them the other way round. An id that whole series of boards
//! share names no machine.

/// What boards have whose maker set none, besides a figure repeated throughout.
const PLACEHOLDER: &str = "03000200040005000006000700080009";

/// The id as 32 small figures, where it is one that names a machine.
pub(super) fn naming(uuid: &str) -> Option<String> {
    let figures: String =
        uuid.trim().chars().filter(|it| *it != '-').map(|it| it.to_ascii_lowercase()).collect();
    let whole = figures.len() == 32 && figures.bytes().all(|it| it.is_ascii_hexdigit());
    let first = figures.chars().next()?;
    let placeholder = figures.chars().all(|it| it == first) || are_one(&figures, PLACEHOLDER);
    (whole && !placeholder).then_some(figures)
}

/// Whether two ids are one, in either byte order. Both as 32 small figures.
pub(super) fn are_one(this: &str, other: &str) -> bool {
    this == other || turned(this).is_some_and(|turned| turned == other)
}

/// The first three fields with their bytes the other way round.
fn turned(figures: &str) -> Option<String> {
    let mut turned = String::new();
    for field in [0..8, 8..12, 12..16] {
        let bytes: Vec<&str> = field.clone().step_by(2).filter_map(|at| figures.get(at..at + 2)).collect();
        turned.extend(bytes.into_iter().rev());
    }
    turned.push_str(figures.get(16..)?);
    Some(turned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_in_both_byte_orders_and_in_both_cases() {
        let id = naming("4C4C4544-0032-3510-8053-B6C04F4D4E32").unwrap();
        assert_eq!(id, "4c4c4544003235108053b6c04f4d4e32");
        assert!(are_one(&id, &naming("44454c4c-3200-1035-8053-b6c04f4d4e32").unwrap()));
        assert!(!are_one(&id, &naming("44454c4c-3200-1035-8053-b6c04f4d4e33").unwrap()));
    }

    #[test]
    fn an_id_that_many_boards_share_names_none() {
        for id in [
            "00000000-0000-0000-0000-000000000000",
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "03000200-0400-0500-0006-000700080009",
            "00020003-0004-0005-0006-000700080009",
            "Not Settable",
            "",
            "4c4c4544-0032-3510-8053",
            "ÿ4c4c454400323510805b6c04f4d4e3z",
        ] {
            assert_eq!(naming(id), None, "{id}");
        }
    }
}
