//! The program itself: answers as whatever its file is called.

use std::env;
use std::io::{self, Error};
use std::path::Path;

use recorded_program::{AS_SERVICE, FOLDER, Record, Serves, UNEXPECTED};

#[cfg(windows)]
mod pipe;
#[cfg(windows)]
mod service;

fn main() -> io::Result<()> {
    let program = env::current_exe()?;
    let name = program.file_stem().ok_or_else(|| Error::other("this program has no name"))?;
    let name = name.to_string_lossy().to_lowercase();
    let arguments: Vec<String> = env::args_os().skip(1).map(|it| it.to_string_lossy().into_owned()).collect();
    let record = Record::of(&name, Path::new(FOLDER));
    if AS_SERVICE.iter().any(|it| arguments == [*it]) {
        return as_service(record.serves()?);
    }
    let status = match record.call(&arguments)? {
        Some(answer) => {
            answer.act()?;
            print!("{}", answer.prints);
            answer.status
        }
        None => {
            eprintln!("{name}, which is recorded, has no answer to {arguments:?}");
            UNEXPECTED
        }
    };
    // One of Windows' has 32 bits, and such as 3010 means something.
    std::process::exit(status)
}

#[cfg(windows)]
fn as_service(serves: Vec<Serves>) -> io::Result<()> {
    service::run(serves)
}

#[cfg(not(windows))]
fn as_service(_: Vec<Serves>) -> io::Result<()> {
    Err(Error::other("there are services of this kind on Windows alone"))
}
