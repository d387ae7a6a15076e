//! One command in the guest: started, fed, listened to, and ended with all that it started.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::frame::{self, Kind};

/// All that a command finds in its environment, as in a fresh root login without a terminal.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ("HOME", "/root"),
    ("LANG", "C.UTF-8"),
    ("USER", "root"),
];

/// Pieces of input that wait for a command to read them.
const WAITING: usize = 16;

/// A command that runs, or is about to.
pub(crate) struct Session {
    script: Vec<u8>,
    answers: Answers,
    running: Arc<Mutex<Option<Pid>>>,
    input: Option<SyncSender<Vec<u8>>>,
}

/// The way back to the host, shared by all that have something to say.
#[derive(Clone)]
struct Answers {
    port: Arc<Mutex<File>>,
    over: Arc<AtomicBool>,
}

impl Answers {
    fn send(&self, kind: Kind, content: &[u8]) -> io::Result<()> {
        let mut port = locked(&self.port);
        // Asked under the lock: nothing of an old command comes after the new one's number.
        match self.over.load(Ordering::SeqCst) {
            true => Err(io::ErrorKind::BrokenPipe.into()),
            false => frame::write(&mut *port, kind, content),
        }
    }
}

impl Session {
    /// A session that the host began with this number; from here on the host listens.
    pub(crate) fn begin(port: Arc<Mutex<File>>, number: &[u8]) -> io::Result<Self> {
        locked(&port).write_all(number)?;
        let answers = Answers { port, over: Arc::default() };
        Ok(Self { script: Vec::new(), answers, running: Arc::default(), input: None })
    }

    pub(crate) fn add_script(&mut self, piece: &[u8]) {
        self.script.extend_from_slice(piece);
    }

    pub(crate) fn run(&mut self) {
        let started = Command::new("/bin/sh")
            .arg("-c")
            .arg(OsStr::from_bytes(&self.script))
            .env_clear()
            .envs(ENVIRONMENT)
            .current_dir("/root")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        match started {
            Ok(child) => self.attend(child),
            Err(error) => {
                let _ = self.answers.send(Kind::Errors, format!("/bin/sh: {error}\n").as_bytes());
                let _ = self.answers.send(Kind::Exit, &[127]);
            }
        }
    }

    fn attend(&mut self, mut child: Child) {
        *locked(&self.running) = i32::try_from(child.id()).ok().map(Pid::from_raw);
        if let Some(stdin) = child.stdin.take() {
            let (sender, pieces) = sync_channel(WAITING);
            self.input = Some(sender);
            thread::spawn(move || feed(stdin, &pieces));
        }
        let output = child.stdout.take().map(|pipe| self.listen(Kind::Output, pipe));
        let errors = child.stderr.take().map(|pipe| self.listen(Kind::Errors, pipe));
        let (answers, running) = (self.answers.clone(), self.running.clone());
        thread::spawn(move || {
            let status = child.wait();
            // As with pipes: it has not ended for the host while something that it started may still speak.
            for listener in output.into_iter().chain(errors) {
                let _ = listener.join();
            }
            // What it left in the background, and made silent, lives on.
            *locked(&running) = None;
            let code = status.ok().and_then(|status| status.code());
            let code: Vec<u8> = code.map(|code| code as u8).into_iter().collect();
            let _ = answers.send(Kind::Exit, &code);
        });
    }

    fn listen(&self, kind: Kind, mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<()> {
        let answers = self.answers.clone();
        thread::spawn(move || {
            let mut piece = [0; frame::LONGEST];
            while let Ok(length @ 1..) = pipe.read(&mut piece) {
                if answers.send(kind, &piece[..length]).is_err() {
                    break;
                }
            }
        })
    }

    /// Hands on a piece of input, and waits while the command does not read, for as long as somebody is at the port.
    pub(crate) fn add_input(&mut self, mut piece: Vec<u8>, is_there: impl Fn() -> bool) {
        while let Some(input) = &self.input {
            match input.try_send(piece) {
                Ok(()) => return,
                Err(TrySendError::Full(back)) if is_there() => piece = back,
                // Nobody is at the port any more, or the command has closed its input, which is its own affair.
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => return self.input = None,
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.answers.over.store(true, Ordering::SeqCst);
        if let Some(group) = *locked(&self.running) {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

fn feed(mut stdin: ChildStdin, pieces: &Receiver<Vec<u8>>) {
    while let Ok(piece) = pieces.recv() {
        if stdin.write_all(&piece).is_err() {
            return;
        }
    }
}

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
