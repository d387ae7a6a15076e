//! Whether a program is linked statically, and for which machine: as much of the ELF format as tells that.
//!
//! ECS Exec's programs run inside any container image, so one that asks for an interpreter would run
//! in few of them. Two tables of fixed layout are read here, for 64-bit little-endian files alone, which
//! is all that the agents exist for; a crate for object files would be larger than what calls it.

/// How a program finds its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linkage {
    /// All of it is in the file.
    Static,
    /// It asks for an interpreter (`PT_INTERP`), which loads the rest.
    Dynamic,
    /// This is no program that can be told about: a script, or a file that was cut off.
    Unknown,
}

/// As many bytes of a program as hold both tables, in every program seen so far.
pub const HEAD: usize = 4096;

const CLASS_64: u8 = 2;
const LITTLE_ENDIAN: u8 = 1;
const PT_INTERP: u32 = 3;

/// Looks at the beginning of a program.
#[must_use]
pub fn linkage(head: &[u8]) -> Linkage {
    let is_elf = head.starts_with(b"\x7fELF") && head.get(4..6) == Some(&[CLASS_64, LITTLE_ENDIAN]);
    let table = (|| {
        let offset = usize::try_from(u64::from_le_bytes(field(head, 32)?)).ok()?;
        let (size, count) = (u16::from_le_bytes(field(head, 54)?), u16::from_le_bytes(field(head, 56)?));
        (0..usize::from(count))
            .map(|at| field(head, offset.checked_add(at * usize::from(size))?).map(u32::from_le_bytes))
            .collect::<Option<Vec<u32>>>()
    })();
    match table.filter(|_| is_elf) {
        None => Linkage::Unknown,
        Some(kinds) if kinds.is_empty() => Linkage::Unknown,
        Some(kinds) if kinds.contains(&PT_INTERP) => Linkage::Dynamic,
        Some(_) => Linkage::Static,
    }
}

/// The machine that a program is for, as `uname -m` would name it; nothing where this is none that is told here.
#[must_use]
pub fn machine(head: &[u8]) -> Option<&'static str> {
    let (class, order) = (*head.get(4)?, *head.get(5)?);
    let number = field(head, 18).filter(|_| head.starts_with(b"\x7fELF"))?;
    let number = if order == LITTLE_ENDIAN { u16::from_le_bytes(number) } else { u16::from_be_bytes(number) };
    // The numbers of <elf.h>.
    match (number, class == CLASS_64) {
        (62, true) => Some("x86_64"),
        (183, true) => Some("aarch64"),
        (243, true) => Some("riscv64"),
        (22, true) => Some("s390x"),
        (21, true) if order == LITTLE_ENDIAN => Some("ppc64le"),
        (3, false) => Some("i686"),
        (40, false) => Some("armv7l"),
        _ => None,
    }
}

fn field<const N: usize>(head: &[u8], at: usize) -> Option<[u8; N]> {
    head.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// The beginning of a program with these segments.
#[cfg(test)]
pub(crate) fn program(segments: &[u32]) -> Vec<u8> {
    let mut head = vec![0; 64];
    head[..6].copy_from_slice(b"\x7fELF\x02\x01");
    head[32] = 64;
    head[54] = 56;
    head[56] = u8::try_from(segments.len()).expect("a few segments");
    for kind in segments {
        head.extend(kind.to_le_bytes());
        head.extend([0; 52]);
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_an_interpreter_is_dynamic() {
        assert_eq!(linkage(&program(&[6, PT_INTERP, 1])), Linkage::Dynamic);
        assert_eq!(linkage(&program(&[6, 1, 1])), Linkage::Static);
    }

    #[test]
    fn what_cannot_be_told_is_not_static() {
        let whole = program(&[1, 1]);
        let mut far = whole.clone();
        far[32..40].copy_from_slice(&u64::MAX.to_le_bytes());
        let mut narrow = whole.clone();
        narrow[4] = 1;
        for head in [&b"#!/bin/sh\n"[..], b"", &whole[..100], &far, &narrow, &program(&[])] {
            assert_eq!(linkage(head), Linkage::Unknown, "{head:?}");
        }
    }

    #[test]
    fn the_machine_of_a_program_is_told() {
        let of = |class: u8, number: u16| {
            let mut head = program(&[1]);
            head[4] = class;
            head[18..20].copy_from_slice(&number.to_le_bytes());
            machine(&head)
        };
        assert_eq!((of(2, 62), of(2, 183)), (Some("x86_64"), Some("aarch64")));
        assert_eq!((of(1, 40), of(1, 3), of(1, 62)), (Some("armv7l"), Some("i686"), None));
        assert_eq!(
            (machine(b""), machine(b"#!/bin/sh -e and so on"), machine(b"\x7fELF")),
            (None, None, None)
        );
    }

    /// The program that runs this test is linked to its system's library.
    #[test]
    #[allow(clippy::disallowed_methods, reason = "the test's own program is looked at")]
    fn a_real_program_is_told() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let expected = if cfg!(target_env = "musl") { Linkage::Static } else { Linkage::Dynamic };
        assert_eq!(linkage(&own[..HEAD]), expected);
        assert_eq!(machine(&own[..HEAD]), Some(std::env::consts::ARCH));
    }
}
