//! A program that stands in for one of Windows' or of AWS': it does nothing of what that does but what it was told to.
//! It writes down what it was called with, and answers what it was told to answer to that: by words, a status, and files
//! and programs, as an installer leaves a service.
//!
//! It goes by the name of its file, such as `dism`, and keeps in a folder
//! - `dism.answers`, what it is told to answer, which a test writes,
//! - `dism.calls`, a line for each call of it,
//! - `dism.state`, the word that an answer left, where answers are for one state only,
//! - `dism.serves`, what it says to whoever asks it over HTTP while it is a service.
//!
//! What it has no answer for is an error, so a test that passes says that these were the calls, to the letter. Started
//! with one of [`AS_SERVICE`] alone, it is a service that only answers until it is stopped.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

/// Where it keeps its files on a machine with Windows.
pub const FOLDER: &str = r"C:\recorded";

/// The state that it begins with.
pub const AT_FIRST: &str = "at-first";

/// The argument that it has as a service: its own, and that of Docker's daemon.
pub const AS_SERVICE: [&str; 2] = ["--as-service", "--run-service"];

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

/// What a service says over HTTP at one place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serves {
    /// An address with its port, or the name of a pipe.
    pub at: String,
    /// What it says to each path.
    pub answers: BTreeMap<String, String>,
}

impl Serves {
    /// Reads one question, and answers it; to what it does not know, with 404.
    ///
    /// # Errors
    /// When the other side is gone.
    pub fn answer(&self, connection: &mut (impl Read + Write)) -> io::Result<()> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            connection.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head);
        let path = head.split_whitespace().nth(1).unwrap_or_default();
        let (status, body) = self.answers.get(path).map_or(("404 Not Found", ""), |body| ("200 OK", body));
        write!(
            connection,
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;
        connection.flush()
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

    /// Tells the program what to say over HTTP, the next time that it is started as a service.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn will_serve(&self, serves: &[Serves]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        fs::write(self.file("serves"), serde_json::to_vec_pretty(serves)?)
    }

    /// What it says over HTTP.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn serves(&self) -> io::Result<Vec<Serves>> {
        Ok(serde_json::from_str(&self.read("serves", "[]")?)?)
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
    fn a_question_is_answered_by_its_path() {
        let serves =
            Serves { at: "127.0.0.1:1".into(), answers: BTreeMap::from([("/version".into(), "{}".into())]) };
        let says = |path: &str| {
            let mut connection = Both {
                question: format!("GET {path} HTTP/1.0\r\nHost: x\r\n\r\n").into_bytes().into(),
                said: vec![],
            };
            serves.answer(&mut connection).unwrap();
            String::from_utf8(connection.said).unwrap()
        };
        assert!(says("/version").starts_with("HTTP/1.1 200 ") && says("/version").ends_with("\r\n\r\n{}"));
        assert!(says("/else").starts_with("HTTP/1.1 404 "));
    }

    /// The two directions of a connection.
    struct Both {
        question: std::collections::VecDeque<u8>,
        said: Vec<u8>,
    }

    impl Read for Both {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.question.read(into)
        }
    }

    impl Write for Both {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.said.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_program_that_was_told_nothing_answers_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let program = Record::of("powershell", &folder.path().join("not yet"));
        assert_eq!(program.call(&words("-File x.ps1")).unwrap(), None);
        assert_eq!(program.state().unwrap(), AT_FIRST);
    }
}
