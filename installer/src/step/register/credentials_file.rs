//! Sections of an AWS credentials file: giving `[default]` back and keeping everybody else's.
//!
//! The SSM agent writes `[default]` and leaves other profiles be, though it may align and space them
//! anew. Whatever an operator added since Landfall came is theirs. Works on bytes: what is not
//! understood is passed on as it is, never decoded and never judged.

/// The file without what the agent wrote: `[default]` is that of `earlier` again, or gone. Where
/// nothing else changed since, the very bytes of `earlier`.
pub(super) fn taken_back(now: &[u8], earlier: &[u8]) -> Vec<u8> {
    if now.trim_ascii().is_empty() || others(now) == others(earlier) {
        return earlier.to_vec();
    }
    let mut default: Vec<u8> =
        sections(earlier).iter().filter(|section| is_default(section)).flat_map(|it| ended(it)).collect();
    let mut text = Vec::new();
    for section in sections(now) {
        if is_default(&section) {
            text.append(&mut default);
        } else {
            text.extend(ended(&section));
        }
    }
    text.append(&mut default);
    text.trim_ascii_start().to_vec()
}

/// The lines that belong together: a header with what follows it. The first may have no header. Comments
/// right above a header are about it.
fn sections(text: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut sections: Vec<Vec<&[u8]>> = vec![Vec::new()];
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let last = sections.len() - 1;
        if header(line).is_some() {
            let about = sections[last].iter().rev().take_while(|line| is_comment(line)).count();
            let above = sections[last].len() - about;
            let comments = sections[last].split_off(above);
            sections.push(comments);
        }
        if let Some(section) = sections.last_mut() {
            section.push(line);
        }
    }
    sections
}

/// What stands outside of `[default]`, however it is spaced.
fn others(text: &[u8]) -> Vec<(&[u8], &[u8])> {
    let lines = sections(text).into_iter().filter(|section| !is_default(section)).flatten();
    lines.map(key_and_value).filter(|line| *line != (&b""[..], &b""[..])).collect()
}

fn key_and_value(line: &[u8]) -> (&[u8], &[u8]) {
    let at = line.iter().position(|byte| *byte == b'=').unwrap_or(line.len());
    let (key, value) = line.split_at(at);
    (key.trim_ascii(), value.strip_prefix(b"=").unwrap_or_default().trim_ascii())
}

fn is_default(section: &[&[u8]]) -> bool {
    section.iter().any(|line| header(line) == Some(b"default"))
}

fn header(line: &[u8]) -> Option<&[u8]> {
    Some(line.trim_ascii().strip_prefix(b"[")?.strip_suffix(b"]")?.trim_ascii())
}

fn is_comment(line: &[u8]) -> bool {
    matches!(line.trim_ascii().first(), Some(b'#' | b';'))
}

/// The section's bytes, ending in a line's end, so that another may follow.
fn ended(section: &[&[u8]]) -> Vec<u8> {
    let mut text = section.concat();
    if text.last().is_some_and(|last| *last != b'\n') {
        text.push(b'\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(now: &str, earlier: &str) -> String {
        String::from_utf8(taken_back(now.as_bytes(), earlier.as_bytes())).unwrap()
    }

    const AGENTS: &str = "[default]\naws_access_key_id     = role\naws_session_token = t\n";

    #[test]
    fn nothing_is_left_where_nothing_was_and_nothing_came() {
        assert_eq!(back(AGENTS, ""), "");
    }

    #[test]
    fn the_old_default_comes_back_to_the_byte() {
        let earlier = "# mine\n[ default ]\naws_access_key_id=operator";
        assert_eq!(back(AGENTS, earlier), earlier);
    }

    #[test]
    fn a_profile_that_came_since_stays() {
        let now = format!("{AGENTS}\n# for backups\n[backup]\naws_access_key_id = other\n");
        assert_eq!(back(&now, ""), "# for backups\n[backup]\naws_access_key_id = other\n");
        assert_eq!(
            back(&now, "[default]\na = 1"),
            "[default]\na = 1\n# for backups\n[backup]\naws_access_key_id = other\n"
        );
    }

    #[test]
    fn a_profile_that_went_since_stays_away() {
        let earlier = "[default]\na = 1\n[old]\nb = 2\n[kept]\nc = 3\n";
        assert_eq!(back(&format!("{AGENTS}[kept]\nc = 3\n"), earlier), "[default]\na = 1\n[kept]\nc = 3\n");
    }

    #[test]
    fn profiles_that_the_agent_only_spaced_anew_are_as_they_were() {
        let earlier = "[backup]\naws_access_key_id=other\naws_secret_access_key=x==\n";
        let now =
            format!("{AGENTS}\n[backup]\naws_access_key_id     = other\naws_secret_access_key = x==\n\n");
        assert_eq!(back(&now, earlier), earlier);
    }

    #[test]
    fn a_default_that_is_gone_comes_back_beside_what_came_since() {
        assert_eq!(back("[new]\nb = 2", "[default]\na = 1\n"), "[new]\nb = 2\n[default]\na = 1\n");
    }

    #[test]
    fn an_emptied_file_is_what_it_was() {
        assert_eq!(back("\n", "[default]\na = 1\n[old]\n"), "[default]\na = 1\n[old]\n");
    }

    #[test]
    fn what_is_no_text_is_passed_on() {
        let now = b"[default]\na = 1\n[caf\xe9]\nb = \xff\n";
        assert_eq!(taken_back(now, b""), b"[caf\xe9]\nb = \xff\n");
    }
}
