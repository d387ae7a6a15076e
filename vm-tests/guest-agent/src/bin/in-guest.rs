//! On the testing machine: `in-guest FOLDER SCRIPT` runs a script in the machine whose sockets are in the folder. It
//! ends as the script does, and by a signal where that has no status to give.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use guest_agent::bridge::{self, Ending};
use nix::sys::signal::{Signal, raise};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, script] = arguments.as_slice() else {
        eprintln!("usage: in-guest FOLDER SCRIPT");
        return ExitCode::from(2);
    };
    let folder = PathBuf::from(folder);
    let ended = bridge::free_port(&folder).and_then(|(machine, _lock)| {
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
