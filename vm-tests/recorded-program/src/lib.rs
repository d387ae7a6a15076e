//! A program that stands in for one of Windows' or of AWS': it does nothing of what that does but what it was told to.
//! It writes down what it was called with, and answers what it was told to answer to that: by words, a status, and files
//! and programs, as an installer leaves a service.
//!
//! It goes by the name of its file, such as `dism`, and keeps in a folder
//! - `dism.answers`, what it is told to answer, which a test writes,
//! - `dism.calls`, a line for each call of it,
//! - `dism.state`, the word that an answer left, where answers are for one state only.
//!
//! What it has no answer for is an error, so a test that passes says that these were the calls, to the letter. Started
//! with [`AS_SERVICE`] alone, it is a service that does nothing until it is stopped.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

/// Where it keeps its files on a machine with Windows.
pub const FOLDER: &str = r"C:\recorded";

/// The state that it begins with.
pub const AT_FIRST: &str = "at-first";

/// The argument that it has as a service.
pub const AS_SERVICE: &str = "--as-service";

/// What it ends with where it has no answer, as `dism` does for what it does not know.
pub const UNEXPECTED: i32 = 87;

/// What to answer to one call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// The arguments of the call, all of them.
    pub arguments: Vec<String>,
    /// The state that this is the answer in; any where none is named.
    pub state: Option<String>,
    /// Files that it copies first, each from one path to another; folders on the way are made.
    pub copies: Vec<(PathBuf, PathBuf)>,
    /// Programs that it runs then, one after the other, each with its arguments; where one fails, so does this one.
    pub runs: Vec<Vec<String>>,
    /// What it prints.
    pub prints: String,
    /// What it ends with.
    pub status: i32,
    /// The state that it is in from then on; the same where none is named.
    pub becomes: Option<String>,
}

impl Answer {
    /// Does what is to be done before it ends.
    ///
    /// # Errors
    /// When a file cannot be copied, or a program failed.
    pub fn act(&self) -> io::Result<()> {
        for (from, to) in &self.copies {
            fs::create_dir_all(to.parent().unwrap_or(to))?;
            fs::copy(from, to)?;
        }
        for line in &self.runs {
            let (program, arguments) = line.split_first().ok_or(ErrorKind::InvalidInput)?;
            let output = Command::new(program).args(arguments).stdin(Stdio::null()).output()?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                return Err(io::Error::other(format!("{line:?} ended with {}: {said}", output.status)));
            }
        }
        Ok(())
    }
}

/// The files of one program.
#[derive(Debug)]
pub struct Record {
    folder: PathBuf,
    name: String,
}

impl Record {
    /// Of the program `name`, in this folder.
    #[must_use]
    pub fn of(name: &str, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), name: name.to_owned() }
    }

    /// Tells the program what to answer from now on.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn will_answer(&self, answers: &[Answer]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        fs::write(self.file("answers"), serde_json::to_vec_pretty(answers)?)
    }

    /// The arguments of each call up to now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn calls(&self) -> io::Result<Vec<Vec<String>>> {
        let lines = self.read("calls", "")?;
        lines.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// The state that it is in.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn state(&self) -> io::Result<String> {
        self.read("state", AT_FIRST)
    }

    /// Puts it into a state, as by something that happened to the machine.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_state(&self, state: &str) -> io::Result<()> {
        fs::write(self.file("state"), state)
    }

    /// Writes the call down, and returns the answer to it; none where it is not expected.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn call(&self, arguments: &[String]) -> io::Result<Option<Answer>> {
        fs::create_dir_all(&self.folder)?;
        let mut calls = OpenOptions::new().create(true).append(true).open(self.file("calls"))?;
        writeln!(calls, "{}", serde_json::to_string(arguments)?)?;
        let state = self.state()?;
        let answers: Vec<Answer> = serde_json::from_str(&self.read("answers", "[]")?)?;
        let fits = |it: &Answer| it.arguments == arguments && it.state.as_ref().is_none_or(|it| *it == state);
        let answer = answers.into_iter().find(fits);
        if let Some(state) = answer.as_ref().and_then(|it| it.becomes.as_ref()) {
            self.set_state(state)?;
        }
        Ok(answer)
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }

    fn read(&self, ending: &str, otherwise: &str) -> io::Result<String> {
        match fs::read_to_string(self.file(ending)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(otherwise.to_owned()),
            read => read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_call_is_answered_by_its_state_and_to_the_letter_and_each_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let program = Record::of("dism", folder.path());
        let enable = Answer {
            arguments: words("/enable"),
            status: 3010,
            becomes: Some("pending".into()),
            ..Answer::default()
        };
        let ask = |state: &str| Answer {
            arguments: words("/ask"),
            state: Some(state.into()),
            prints: state.into(),
            ..Answer::default()
        };
        program.will_answer(&[ask(AT_FIRST), ask("pending"), enable.clone()]).unwrap();
        let says = |line: &str| program.call(&words(line)).unwrap().map(|it| it.prints);
        assert_eq!(says("/ask").as_deref(), Some(AT_FIRST));
        assert_eq!(says("/ask /quiet"), None);
        assert_eq!(program.call(&words("/enable")).unwrap(), Some(enable));
        assert_eq!(says("/ask").as_deref(), Some("pending"));
        assert_eq!(program.calls().unwrap(), ["/ask", "/ask /quiet", "/enable", "/ask"].map(words));
    }

    #[test]
    fn an_answer_leaves_files_and_runs_programs_and_fails_where_one_of_those_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("from"), "what it installs").unwrap();
        let copies = vec![(path("from"), path("far/away/to"))];
        let run = |program: &str| Answer {
            copies: copies.clone(),
            runs: vec![vec![program.into()]],
            ..Answer::default()
        };
        run("true").act().unwrap();
        assert_eq!(fs::read_to_string(path("far/away/to")).unwrap(), "what it installs");
        assert!(run("false").act().unwrap_err().to_string().contains("ended with"));
    }

    #[test]
    fn a_program_that_was_told_nothing_answers_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let program = Record::of("powershell", &folder.path().join("not yet"));
        assert_eq!(program.call(&words("-File x.ps1")).unwrap(), None);
        assert_eq!(program.state().unwrap(), AT_FIRST);
    }
}
