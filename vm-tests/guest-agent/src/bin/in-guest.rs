//! On the testing machine: `in-guest FOLDER SCRIPT [SECONDS]` runs a script in the machine whose sockets are in the
//! folder. It ends as the script does, and by a signal where that has no status to give, or no end in time.

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use guest_agent::bridge::{self, Ending};
use nix::sys::signal::{Signal, raise};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((folder, script, limit)) = asked(&arguments) else {
        eprintln!("usage: in-guest FOLDER SCRIPT [SECONDS]");
        return ExitCode::from(2);
    };
    if let Some(seconds) = limit {
        thread::spawn(move || end_after(seconds));
    }
    let ended = bridge::free_port(folder).and_then(|(machine, _lock)| {
        bridge::run(&machine, script, io::stdin(), &mut io::stdout(), &mut io::stderr())
    });
    match ended {
        Ok(Ending::Status(status)) => ExitCode::from(status),
        Ok(Ending::Gone) => {
            let _ = raise(Signal::SIGKILL);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn asked(arguments: &[String]) -> Option<(&Path, &str, Option<u64>)> {
    match arguments {
        [folder, script] => Some((Path::new(folder), script, None)),
        [folder, script, seconds] => Some((Path::new(folder), script, Some(seconds.parse().ok()?))),
        _ => None,
    }
}

/// The machine ends the script when nobody is at its port any more.
fn end_after(seconds: u64) {
    thread::sleep(Duration::from_secs(seconds));
    eprintln!("error: it has not ended after {seconds} s");
    let _ = raise(Signal::SIGKILL);
}
