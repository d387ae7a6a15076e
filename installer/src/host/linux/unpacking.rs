//! Taking a few files out of a package: dpkg-deb undoes the compression, whatever it is, and what it
//! prints is read as it comes, so that no program is ever whole in memory.

use std::fs::{OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::{Command as Process, Stdio};

use tar::{Archive, Entry};

use super::arguments::SEARCH_PATH;
use crate::elf::HEAD;
use crate::error::{Error, Result, While};
use crate::host::Unpack;

const CHUNK: usize = 256 * 1024;

/// Unpacks, and returns the beginning of each file.
pub(super) fn unpack(unpack: &Unpack) -> Result<Vec<Vec<u8>>> {
    let mut child = Process::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(&unpack.package)
        .env_clear()
        .env("PATH", SEARCH_PATH)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .while_doing(|| "running dpkg-deb".into())?;
    let printed = child.stdout.take().ok_or_else(|| Error::bug("dpkg-deb has no output"))?;
    let heads = members(Archive::new(printed), unpack);
    // With the reading end of its output gone, dpkg-deb ends where it is.
    let output = child.wait_with_output().while_doing(|| "waiting for dpkg-deb".into())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let whole =
        heads.and_then(|heads| heads.into_iter().collect::<Option<Vec<_>>>().ok_or_else(|| missing(unpack)));
    whole.map_err(|e| match said.trim() {
        "" => e,
        said => e.while_doing(format!("dpkg-deb said: {said}")),
    })
}

/// Reads no further than to the last file that is wanted.
fn members(mut archive: Archive<impl Read>, unpack: &Unpack) -> Result<Vec<Option<Vec<u8>>>> {
    let mut heads = vec![None; unpack.members.len()];
    for entry in archive.entries().while_doing(|| "reading the package".into())? {
        if heads.iter().all(Option::is_some) {
            break;
        }
        let mut entry = entry.while_doing(|| "reading the package".into())?;
        let path = entry.path().while_doing(|| "reading the package".into())?;
        let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
        let wanted = unpack.members.iter().position(|(member, _)| Path::new(member) == path);
        if let Some(at) = wanted.filter(|_| entry.header().entry_type().is_file()) {
            let target = &unpack.members[at].1;
            heads[at] = Some(
                written(&mut entry, target, unpack.mode)
                    .while_doing(|| format!("writing {}", target.display()))?,
            );
        }
    }
    Ok(heads)
}

fn written(entry: &mut Entry<impl Read>, target: &Path, mode: u32) -> std::io::Result<Vec<u8>> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(target)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    let mut head = Vec::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        let count = entry.read(&mut buffer)?;
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
