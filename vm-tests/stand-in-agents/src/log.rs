//! Log lines in the two forms of the agents, to standard output and appended to a file.
//!
//! A log that cannot be written never stops an agent: the real ones go on as well.

use crate::clock;
use jiff::Timestamp;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// How grave a line is.
#[derive(Clone, Copy, PartialEq)]
pub enum Level {
    /// Progress.
    Info,
    /// Something odd that does not stop the work.
    Warn,
    /// Something that failed.
    Error,
}

/// How a line looks.
#[derive(Clone, Copy)]
pub enum Form {
    /// `2026-11-22 17:29:34.4012 INFO message`
    Ssm,
    /// `level=info time=2026-11-22T17:58:04Z msg="message"`
    Ecs,
}

/// Where one program's lines go.
#[derive(Clone)]
pub struct Log {
    form: Form,
    all: PathBuf,
    errors: Option<PathBuf>,
}

impl Log {
    /// The SSM agent's log: everything in one file, errors in a second one as well.
    pub fn ssm(folder: &Path) -> Self {
        create_folder(folder, 0o700);
        create_folder(&folder.join("audits"), 0o700);
        let log = Log {
            form: Form::Ssm,
            all: folder.join("amazon-ssm-agent.log"),
            errors: Some(folder.join("errors.log")),
        };
        append(&log.all, "");
        append(&folder.join("errors.log"), "");
        log
    }

    /// A log of the ECS family.
    pub fn ecs(file: &Path) -> Self {
        if let Some(folder) = file.parent() {
            create_folder(folder, 0o755);
        }
        Log { form: Form::Ecs, all: file.to_owned(), errors: None }
    }

    /// Writes a line of progress.
    pub fn info(&self, message: &str) {
        self.line(Level::Info, message);
    }

    /// Writes a line about something odd.
    pub fn warn(&self, message: &str) {
        self.line(Level::Warn, message);
    }

    /// Writes a line about something that failed.
    pub fn error(&self, message: &str) {
        self.line(Level::Error, message);
    }

    fn line(&self, level: Level, message: &str) {
        let line = rendered(self.form, level, message, Timestamp::now());
        // Standard output may be closed; that is no reason to panic.
        let _ = std::io::stdout().write_all(line.as_bytes());
        append(&self.all, &line);
        if level == Level::Error
            && let Some(errors) = &self.errors
        {
            append(errors, &line);
        }
    }
}

fn rendered(form: Form, level: Level, message: &str, now: Timestamp) -> String {
    let word = match level {
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
    };
    match form {
        Form::Ssm => format!("{} {word} {message}\n", clock::ssm_log_notation(now)),
        Form::Ecs => {
            format!("level={} time={} msg={message:?}\n", word.to_lowercase(), clock::rfc3339(now))
        }
    }
}

fn create_folder(folder: &Path, mode: u32) {
    let _ = fs::DirBuilder::new().recursive(true).mode(mode).create(folder);
}

fn append(file: &Path, line: &str) {
    if let Ok(mut file) = OpenOptions::new().append(true).create(true).mode(0o600).open(file) {
        let _ = file.write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_stand_in_both_files_of_the_ssm_agent() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::ssm(&folder.path().join("ssm"));
        log.info("fine");
        log.error("broken");
        let read = |name: &str| fs::read_to_string(folder.path().join("ssm").join(name)).unwrap();
        assert!(read("amazon-ssm-agent.log").contains("INFO fine"));
        assert!(read("errors.log").ends_with("ERROR broken\n"));
        assert!(!read("errors.log").contains("fine"));
    }

    #[test]
    fn an_ecs_line_has_level_time_and_message() {
        let now: Timestamp = "2026-11-22T17:58:04Z".parse().unwrap();
        let line = rendered(Form::Ecs, Level::Error, "no docker", now);
        assert_eq!(line, "level=error time=2026-11-22T17:58:04Z msg=\"no docker\"\n");
    }
}
