//! QEMU's control protocol: one JSON object a line, over a socket in the machine's folder.
//!
//! Only what is needed here: a command and its answer. Events are read over; whether the machine still runs, its
//! process tells.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::{Error, Result, While};

/// An answer comes at once, or the machine is stuck.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
pub struct Qmp {
    reader: BufReader<UnixStream>,
}

impl Qmp {
    /// Connects, once the socket is there.
    ///
    /// # Errors
    /// When nothing answers there.
    pub fn connect(socket: &Path) -> Result<Self> {
        Self::connect_while(socket, || true)
    }

    /// The same, for as long as there is somebody who may still answer.
    ///
    /// # Errors
    /// When nothing answers there.
    pub fn connect_while(socket: &Path, mut alive: impl FnMut() -> bool) -> Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(e) if Instant::now() > deadline || !alive() => {
                    return Err(Error::failed(e.to_string()))
                        .while_doing(|| "reaching QEMU's control socket".into());
                }
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        let mut qmp = Self { reader: BufReader::new(stream) };
        qmp.wait_at_most(PATIENCE)?;
        qmp.object()?;
        qmp.ask("qmp_capabilities", json!({}))?;
        Ok(qmp)
    }

    /// The same for a command that takes its time.
    ///
    /// # Errors
    /// As [`Qmp::ask`].
    pub fn ask_patiently(&mut self, command: &str, arguments: Value, patience: Duration) -> Result<Value> {
        self.wait_at_most(patience)?;
        let answer = self.ask(command, arguments);
        self.wait_at_most(PATIENCE)?;
        answer
    }

    fn wait_at_most(&mut self, patience: Duration) -> Result<()> {
        let stream = self.reader.get_mut();
        stream.set_read_timeout(Some(patience)).while_doing(|| "setting up QEMU's control socket".into())
    }

    /// Gives a command, and waits for its answer.
    ///
    /// # Errors
    /// When QEMU refuses it, or does not answer.
    pub fn ask(&mut self, command: &str, arguments: Value) -> Result<Value> {
        let request = json!({"execute": command, "arguments": arguments});
        let doing = || format!("telling QEMU to {command}");
        self.reader.get_mut().write_all(format!("{request}\n").as_bytes()).while_doing(doing)?;
        loop {
            let mut answer = self.object().while_doing(doing)?;
            if let Some(error) = answer.get("error") {
                return Err(Error::failed(format!(
                    "QEMU refused: {}",
                    error["desc"].as_str().unwrap_or("no reason")
                )))
                .while_doing(doing);
            }
            if let Some(value) = answer.get_mut("return") {
                return Ok(value.take());
            }
        }
    }

    fn object(&mut self) -> Result<Value> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).while_doing(|| "reading QEMU's answer".into())?;
        if read == 0 {
            return Err(Error::failed("QEMU closed its control socket"));
        }
        serde_json::from_str(&line).while_doing(|| "reading QEMU's answer".into())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn answering(lines: &'static [&'static str]) -> (tempfile::TempDir, Result<Value>) {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("qmp.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"{\"QMP\": {}}\n").unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut said = String::new();
            reader.read_line(&mut said).unwrap();
            stream.write_all(b"{\"return\": {}}\n").unwrap();
            reader.read_line(&mut said).unwrap();
            lines.iter().for_each(|line| writeln!(stream, "{line}").unwrap());
        });
        let answer = Qmp::connect(&socket).and_then(|mut qmp| qmp.ask("query-status", json!({})));
        server.join().unwrap();
        (folder, answer)
    }

    #[test]
    fn events_before_an_answer_are_read_over() {
        let (_folder, answer) =
            answering(&[r#"{"event": "RESUME"}"#, r#"{"return": {"status": "running"}}"#]);
        assert_eq!(answer.unwrap()["status"], "running");
    }

    #[test]
    fn a_refusal_is_an_error_with_its_reason() {
        let (_folder, answer) =
            answering(&[r#"{"error": {"class": "GenericError", "desc": "no such device"}}"#]);
        let error = answer.unwrap_err();
        assert_eq!(error.what, "QEMU refused: no such device");
        assert_eq!(error.doing, ["telling QEMU to query-status"]);
    }

    #[test]
    fn a_machine_that_ended_is_said() {
        let (_folder, answer) = answering(&[]);
        assert_eq!(answer.unwrap_err().what, "QEMU closed its control socket");
    }
}
