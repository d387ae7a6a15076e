//! Which of two package versions is the older one, by the rules of Debian's policy (section 5.6.12).

use std::cmp::Ordering;

/// Compares two whole versions: epoch, upstream version, revision.
#[must_use]
pub fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (Parts::of(one), Parts::of(other));
    one.epoch
        .cmp(&other.epoch)
        .then_with(|| compare_part(one.upstream, other.upstream))
        .then_with(|| compare_part(one.revision, other.revision))
}

/// Compares an installed version with one that people write, which mostly has no revision: then the
/// revision does not count.
#[must_use]
pub fn compare_with_asked(installed: &str, asked: &str) -> Ordering {
    match installed.rsplit_once('-') {
        Some((without_revision, _)) if !asked.contains('-') => compare(without_revision, asked),
        _ => compare(installed, asked),
    }
}

struct Parts<'a> {
    epoch: u32,
    upstream: &'a str,
    revision: &'a str,
}

impl<'a> Parts<'a> {
    fn of(version: &'a str) -> Self {
        let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        Self { epoch: epoch.parse().unwrap_or(0), upstream, revision }
    }
}

/// By turns a stretch without figures, letter by letter, and a number.
fn compare_part(mut one: &str, mut other: &str) -> Ordering {
    while !(one.is_empty() && other.is_empty()) {
        let (words, numbers);
        ([words, numbers], one, other) = {
            let (word_one, rest_one) = split(one, |byte| !byte.is_ascii_digit());
            let (word_other, rest_other) = split(other, |byte| !byte.is_ascii_digit());
            let (number_one, rest_one) = split(rest_one, |byte| byte.is_ascii_digit());
            let (number_other, rest_other) = split(rest_other, |byte| byte.is_ascii_digit());
            let orders = [compare_words(word_one, word_other), compare_numbers(number_one, number_other)];
            (orders, rest_one, rest_other)
        };
        let order = words.then(numbers);
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

fn split(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len()))
}

/// A tilde comes before the end, the end before letters, letters before everything else.
fn compare_words(one: &str, other: &str) -> Ordering {
    let weight = |word: &str, at: usize| match word.as_bytes().get(at) {
        Some(b'~') => 0,
        None => 1,
        Some(byte) if byte.is_ascii_alphabetic() => 2 + u32::from(*byte),
        Some(byte) => 1000 + u32::from(*byte),
    };
    (0..one.len().max(other.len()))
        .map(|at| weight(one, at).cmp(&weight(other, at)))
        .fold(Ordering::Equal, Ordering::then)
}

/// Without leading zeros the longer number is the larger one, however long it is.
fn compare_numbers(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        let ascending = [
            "0.9~rc1",
            "0.9",
            "0.9-1",
            "0.9-2",
            "0.9-10",
            "0.9a",
            "0.9+b",
            "0.10",
            "1.80.0-1",
            "1.105.1-1",
            "1.105.1-1.1",
            "3.1.1208.0",
            "3.3.0.0-1",
            "3.3.4108.0-1",
            "1:0.1",
        ];
        for (at, one) in ascending.iter().enumerate() {
            for (with, other) in ascending.iter().enumerate() {
                assert_eq!(compare(one, other), at.cmp(&with), "{one} and {other}");
            }
        }
        assert_eq!(compare("1.05", "1.5"), Ordering::Equal);
    }

    #[test]
    fn a_revision_counts_only_where_it_was_asked_for() {
        assert_eq!(compare_with_asked("1.105.1-1", "1.105.1"), Ordering::Equal);
        assert_eq!(compare_with_asked("1.105.1-1", "1.105.1-2"), Ordering::Less);
        assert_eq!(compare_with_asked("1.105.1-1", "1.104.0"), Ordering::Greater);
        assert_eq!(compare_with_asked("1.105.1-1", "1.106.0"), Ordering::Less);
    }
}
