//! A vendor's image that knows the tests' world: booted once, and told by cloud-init.
//!
//! What is made of packages here is told offline, by writing into its ext4 root. A vendor's image may have any file
//! system, and cloud-init is what all of them have. What the boot left of a machine of its own is taken away again:
//! its id, its keys, and that cloud-init was there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use image_recipes::machine::Bus;
use image_recipes::recipe::Architecture;

use crate::cache;
use crate::error::{Result, While};
use crate::guest::machine::{Medium, Setup};
use crate::host_command;
use crate::introduction::{self, File};
use crate::machine_images;
use crate::packages::Packages;
use crate::simulator::{self, AUTHORITY};
use crate::system::System;
use crate::world::World;

/// cloud-init's own work, some of which is slow where the network has nothing.
const TO_PREPARE: Duration = Duration::from_secs(120);

const USER_DATA: &str =
    "#!/bin/sh\nset -e\nmkdir -p /run/world\nmount -o ro LABEL=WORLD /run/world\nsh -e /run/world/prepare\n";
const PREPARE: &str = include_str!("prepare.sh");

/// The image, prepared; made once for each image and world.
pub fn prepared(image: &Path, system: &System, setup: &Setup) -> Result<PathBuf> {
    let files = files(system)?;
    let archive = archive(&files)?;
    let place = image.as_os_str().as_encoded_bytes();
    let entry = cache::entry("machine-prepared", &[place, PREPARE.as_bytes(), &archive], |folder| {
        let base = folder.join("base.qcow2");
        host_command::run(
            "qemu-img",
            [Path::new("convert"), Path::new("-O"), Path::new("qcow2"), image, &base],
        )?;
        let told: [(&str, &[u8]); 2] =
            [("meta-data", b"instance-id: prepare\n"), ("user-data", USER_DATA.as_bytes())];
        let brought: [(&str, &[u8]); 2] = [("prepare", PREPARE.as_bytes()), ("files.tar", &archive)];
        let setup = setup.clone().with(Medium::with("CIDATA", Bus::Virtio, &told)?).with(Medium::with(
            "WORLD",
            Bus::Virtio,
            &brought,
        )?);
        let mut world = World::empty()?;
        let mut machine = world.machine(&base, setup)?;
        machine.power_on()?;
        machine.wait_until_off(TO_PREPARE)?;
        let (from, to) = (machine.disk(), folder.join(machine_images::IMAGE));
        host_command::run(
            "qemu-img",
            [Path::new("convert"), Path::new("-O"), Path::new("qcow2"), &from, &to],
        )?;
        Ok(fs::remove_file(base)?)
    })?;
    Ok(entry.join(machine_images::IMAGE))
}

fn files(system: &System) -> Result<Vec<File>> {
    let keys = tempfile::tempdir()?;
    Packages::of(system)?.copy_keys(keys.path())?;
    let mut files = introduction::files(system, &simulator::authority()?.join(AUTHORITY), keys.path())?;
    files.extend(machine_images::agent(Architecture::X86_64)?);
    Ok(files)
}

fn archive(files: &[File]) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for File { path, content, mode } in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(*mode);
        header.set_cksum();
        archive.append_data(&mut header, &path[1..], &content[..]).doing(|| format!("archiving {path}"))?;
    }
    archive.into_inner().doing(|| "archiving what an image is told")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_brought_each_file_with_its_permissions() {
        let files = [
            File { path: "/usr/local/sbin/agent".into(), content: b"agent".to_vec(), mode: 0o755 },
            File::new("/etc/hosts", "127.0.0.1 localhost\n"),
        ];
        let bytes = archive(&files).unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            (entry.path().unwrap().display().to_string(), entry.header().mode().unwrap(), entry.size())
        });
        let expected = [("usr/local/sbin/agent".to_owned(), 0o755, 5), ("etc/hosts".to_owned(), 0o644, 20)];
        assert_eq!(entries.collect::<Vec<_>>(), expected);
    }
}
