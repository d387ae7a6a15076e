//! A machine in somebody's terminal: `vm-tests run --interactive`.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use vm_tests::error::{Error, Result};
use vm_tests::guest::can_run;
use vm_tests::machine_proofs;

/// Emulated, a boot takes a minute, and the image may have to be made before it.
const TO_BOOT: Duration = Duration::from_secs(1800);

/// For QEMU's end, and what is cleared away then.
const TO_END: Duration = Duration::from_secs(60);

/// QEMU's own keys for the end of a machine whose console is a terminal: Ctrl-A, then x.
const THE_END: &[u8] = b"\x01x";

/// `vm-tests` and what it starts, machines too: all of them end with this.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        if let (Ok(None), Ok(id)) = (self.0.try_wait(), i32::try_from(self.0.id())) {
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
            let _ = self.0.wait();
        }
    }
}

#[test]
#[ignore = "in scripts/test --full: it only tries the tests' own means"]
fn a_machine_is_looked_at_in_a_terminal_until_somebody_ends_it() -> Result<()> {
    if !can_run() {
        return Ok(());
    }
    let started = Instant::now();
    let mut run = Command::new(env!("CARGO_BIN_EXE_vm-tests"));
    run.args(["run", "--filter", "debian-12/x86_64/bios/up", "--interactive"]).process_group(0);
    let mut run = Group(run.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
    let (Some(mut keyboard), Some(screen)) = (run.0.stdin.take(), run.0.stdout.take()) else {
        return Err(Error::new("no keyboard or no screen"));
    };
    let shown = shown(screen);
    let mut all = String::new();
    while !all.contains("login:") {
        let left = TO_BOOT.saturating_sub(started.elapsed());
        let more = shown.recv_timeout(left).map_err(|_| Error::new(format!("no login: {all}")))?;
        all.push_str(&more);
    }
    keyboard.write_all(THE_END)?;
    assert!(ended(&mut run.0)?.success(), "{all}");
    all.extend(shown.iter());
    assert!(all.contains("ran        debian-12/x86_64/bios/up"), "{all}");
    // What is said of a machine that commands are run in.
    assert!(!all.contains("commands can be run"), "{all}");
    machine_proofs::record(started.elapsed())
}

fn ended(run: &mut Child) -> Result<ExitStatus> {
    let deadline = Instant::now() + TO_END;
    loop {
        match run.try_wait()? {
            Some(status) => return Ok(status),
            None if Instant::now() > deadline => return Err(Error::new("the machine does not end")),
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// What comes on the screen, as it comes.
fn shown(mut screen: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(read @ 1..) = screen.read(&mut piece) {
            if send.send(String::from_utf8_lossy(&piece[..read]).into_owned()).is_err() {
                return;
            }
        }
    });
    receive
}
