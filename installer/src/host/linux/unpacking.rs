//! Taking a few files out of a package: the package manager's own tool undoes the compression, whatever it is,
//! and what it prints is read as it comes, so that no program is ever whole in memory.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::{ChildStdout, Command as Process, Stdio};

use distro_matrix::Format;
use tar::Archive;

use super::arguments::SEARCH_PATH;
use crate::elf::HEAD;
use crate::error::{Error, Result, While};
use crate::host::Unpack;

const CHUNK: usize = 256 * 1024;
/// The bits of a mode that say what kind of file it is, and those of a plain one.
const KIND: u32 = 0o170_000;
const PLAIN: u32 = 0o100_000;

/// Unpacks, and returns the beginning of each file.
pub(super) fn unpack(unpack: &Unpack) -> Result<Vec<Vec<u8>>> {
    let (program, arguments): (_, &[&str]) = match unpack.format {
        Format::Deb => ("dpkg-deb", &["--fsys-tarfile"]),
        Format::Rpm => ("rpm2cpio", &[]),
    };
    let mut child = Process::new(program)
        .args(arguments)
        .arg(&unpack.package)
        .env_clear()
        .env("PATH", SEARCH_PATH)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .while_doing(|| format!("running {program}"))?;
    let printed = child.stdout.take().ok_or_else(|| Error::bug("a piped program has no output"))?;
    let mut taking = Taking { unpack, heads: vec![None; unpack.members.len()] };
    let read = match unpack.format {
        Format::Deb => taking.read_tar(printed),
        Format::Rpm => taking.read_cpio(printed),
    };
    // With the reading end of its output gone, the program ends where it is.
    let output = child.wait_with_output().while_doing(|| format!("waiting for {program}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let whole = read.while_doing(|| "reading the package".into()).and_then(|()| taking.whole());
    whole.map_err(|e| match said.trim() {
        "" => e,
        said => e.while_doing(format!("{program} said: {said}")),
    })
}

/// The files that were found so far, each with its beginning.
struct Taking<'a> {
    unpack: &'a Unpack,
    heads: Vec<Option<Vec<u8>>>,
}

/// Each reads no further than to the last file that is wanted.
impl Taking<'_> {
    fn read_tar(&mut self, printed: ChildStdout) -> io::Result<()> {
        for entry in Archive::new(printed).entries()? {
            if self.is_done() {
                break;
            }
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            if entry.header().entry_type().is_file() {
                self.take(&path, &mut entry)?;
            }
        }
        Ok(())
    }

    fn read_cpio(&mut self, mut printed: ChildStdout) -> io::Result<()> {
        while !self.is_done() {
            let mut entry = cpio::NewcReader::new(printed)?;
            if entry.entry().is_trailer() {
                break;
            }
            let path = Path::new(entry.entry().name()).to_owned();
            if entry.entry().mode() & KIND == PLAIN {
                self.take(&path, &mut entry)?;
            }
            printed = entry.finish()?;
        }
        Ok(())
    }

    fn take(&mut self, path: &Path, content: &mut impl Read) -> io::Result<()> {
        let path = path.strip_prefix("./").unwrap_or(path);
        let wanted = self.unpack.members.iter().position(|(member, _)| Path::new(member) == path);
        if let Some(at) = wanted {
            self.heads[at] = Some(written(content, &self.unpack.members[at].1, self.unpack.mode)?);
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.heads.iter().all(Option::is_some)
    }

    fn whole(self) -> Result<Vec<Vec<u8>>> {
        self.heads.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| missing(self.unpack))
    }
}

fn written(content: &mut impl Read, target: &Path, mode: u32) -> io::Result<Vec<u8>> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(target)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    let mut head = Vec::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = content.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        file.write_all(&buffer[..count])?;
        let room = HEAD.saturating_sub(head.len()).min(count);
        head.extend_from_slice(&buffer[..room]);
    }
    file.sync_all()?;
    Ok(head)
}

fn missing(unpack: &Unpack) -> Error {
    let names: Vec<&str> = unpack.members.iter().map(|(member, _)| member.as_str()).collect();
    Error::failed(format!("the package does not hold all of {}", names.join(", ")))
        .hint("choose another version with --exec-version")
}
