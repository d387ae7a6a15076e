//! What the machine says on its second serial port while it becomes an image.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The report's file in the machine's folder.
pub const FILE: &str = "report";

/// Something that it said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// It begins a step.
    Step(String),
    /// It begins to tell of itself: the lines up to [`Line::Told`] are its answer.
    Tells(String),
    /// It has told.
    Told,
    /// It is sealed, verified, and powers off.
    Sealed,
    /// A step failed, and it powers off.
    Failed(String),
    /// What a program printed.
    Other(String),
}

impl Line {
    fn of(text: &str) -> Self {
        let text = text.trim_end_matches('\r');
        match text.strip_prefix("@bake ").map(|word| word.split_once(' ').unwrap_or((word, ""))) {
            Some(("step", what)) => Self::Step(what.into()),
            Some(("tells", what)) => Self::Tells(what.into()),
            Some(("told", "")) => Self::Told,
            Some(("sealed", "")) => Self::Sealed,
            Some(("failed", what)) => Self::Failed(what.into()),
            _ => Self::Other(text.into()),
        }
    }
}

/// The report as it grows.
#[derive(Debug, Default)]
pub struct Report {
    file: Option<File>,
    unfinished: String,
}

impl Report {
    /// The lines that came since the last look.
    pub fn more(&mut self, folder: &Path) -> Vec<Line> {
        if self.file.is_none() {
            self.file = File::open(folder.join(FILE)).ok();
        }
        let mut bytes = Vec::new();
        if let Some(file) = &mut self.file {
            // What cannot be read now comes with the next look.
            let _ = file.read_to_end(&mut bytes);
        }
        self.unfinished.push_str(&String::from_utf8_lossy(&bytes));
        let Some(end) = self.unfinished.rfind('\n') else { return Vec::new() };
        let rest = self.unfinished.split_off(end + 1);
        let whole = std::mem::replace(&mut self.unfinished, rest);
        whole.lines().map(Line::of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_waits_for_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut report = Report::default();
        assert_eq!(report.more(folder.path()), []);
        std::fs::write(folder.path().join(FILE), "@bake step landfall install\r\ndone   gates\r\n@bake sea")
            .unwrap();
        let other = Line::Other("done   gates".into());
        assert_eq!(report.more(folder.path()), [Line::Step("landfall install".into()), other]);
        use std::io::Write;
        let mut file = File::options().append(true).open(folder.path().join(FILE)).unwrap();
        file.write_all(b"led\r\n").unwrap();
        assert_eq!(report.more(folder.path()), [Line::Sealed]);
    }

    #[test]
    fn what_a_program_prints_is_never_taken_for_the_end() {
        assert_eq!(Line::of("x @bake sealed"), Line::Other("x @bake sealed".into()));
        assert_eq!(Line::of("@bake sealed now"), Line::Other("@bake sealed now".into()));
    }
}
