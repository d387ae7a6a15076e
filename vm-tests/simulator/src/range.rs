//! The Range header (RFC 9110, section 14): one range of bytes. Several ranges at once are answered whole,
//! which the standard allows.

/// Which part of a file is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// From the first byte, this many.
    Bytes {
        start: u64,
        length: u64,
    },
    /// Outside of the file.
    Unsatisfiable,
}

/// Reads a Range header against a file's size.
pub fn part(header: Option<&str>, size: u64) -> Part {
    let Some((first, last)) = header.and_then(single) else { return Part::Whole };
    let (start, end) = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(start), Ok(last)) if last < start => return Part::Whole,
        (Ok(start), Ok(last)) => (start, size.min(last.saturating_add(1))),
        (Ok(start), Err(_)) if last.is_empty() => (start, size),
        (Err(_), Ok(0)) if first.is_empty() => return Part::Unsatisfiable,
        (Err(_), Ok(suffix)) if first.is_empty() => (size.saturating_sub(suffix), size),
        _ => return Part::Whole,
    };
    match end.checked_sub(start) {
        Some(length) if length > 0 => Part::Bytes { start, length },
        _ => Part::Unsatisfiable,
    }
}

fn single(header: &str) -> Option<(&str, &str)> {
    let ranges = header.strip_prefix("bytes=")?;
    let (first, last) = ranges.split_once('-')?;
    (!ranges.contains(',')).then_some((first.trim(), last.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_file() {
        let bytes = |start, length| Part::Bytes { start, length };
        for (header, expected) in [
            ("bytes=0-0", bytes(0, 1)),
            ("bytes=2-", bytes(2, 8)),
            ("bytes=2-99", bytes(2, 8)),
            ("bytes=-3", bytes(7, 3)),
            ("bytes=-99", bytes(0, 10)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=5-4", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("lines=1-2", Part::Whole),
        ] {
            assert_eq!(part(Some(header), 10), expected, "{header}");
        }
        assert_eq!(part(None, 10), Part::Whole);
    }
}
