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
use crate::introduction::{self, File};
use crate::machine_images::{self, FORGET};
use crate::packages::Packages;
use crate::simulator::{self, AUTHORITY};
use crate::system::System;
use crate::world::World;

/// cloud-init's own work, some of which is slow where the network has nothing.
const TO_PREPARE: Duration = Duration::from_secs(120);

const USER_DATA: &str =
    "#!/bin/sh\nset -e\nmkdir -p /run/world\nmount -o ro LABEL=WORLD /run/world\nsh -e /run/world/prepare\n";
const PREPARE: &str = include_str!("prepare.sh");

/// The image, prepared; made once for each image and world. Where the machine is on the network outside, its own package
/// sources stay.
pub fn prepared(image: &Path, system: &System, setup: &Setup) -> Result<PathBuf> {
    let archive = archive(&files(system, setup.outward)?)?;
    let mut brought: Vec<(&str, &[u8])> =
        vec![("prepare", PREPARE.as_bytes()), ("forget", FORGET.as_bytes()), ("files.tar", &archive)];
    if setup.outward {
        brought.push(("outward", b""));
    }
    let place = image.as_os_str().as_encoded_bytes();
    let all = brought.iter().flat_map(|(name, content)| [name.as_bytes(), content]);
    let ingredients: Vec<&[u8]> = [place].into_iter().chain(all).collect();
    let entry =
        cache::entry("machine-prepared", &ingredients, |folder| boot_once(image, setup, &brought, folder))?;
    Ok(entry.join(machine_images::IMAGE))
}

/// Boots a copy of it that is told by cloud-init, and keeps that as it is when it goes off.
fn boot_once(image: &Path, setup: &Setup, brought: &[(&str, &[u8])], folder: &Path) -> Result<()> {
    let base = folder.join("base.qcow2");
    machine_images::convert(image, "qcow2", &base)?;
    let told: [(&str, &[u8]); 2] =
        [("meta-data", b"instance-id: prepare\n"), ("user-data", USER_DATA.as_bytes())];
    let setup = setup.clone().with(Medium::with("CIDATA", Bus::Virtio, &told)?).with(Medium::with(
        "WORLD",
        Bus::Virtio,
        brought,
    )?);
    let mut world = World::empty()?;
    let mut machine = world.machine(&base, setup)?;
    machine.power_on()?;
    machine.wait_until_off(TO_PREPARE)?;
    machine_images::convert(&machine.disk(), "qcow2", &folder.join(machine_images::IMAGE))?;
    Ok(fs::remove_file(base)?)
}

fn files(system: &System, outward: bool) -> Result<Vec<File>> {
    let keys = tempfile::tempdir()?;
    Packages::of(system)?.copy_keys(keys.path())?;
    let authority = simulator::authority()?.join(AUTHORITY);
    let mut files = match outward {
        false => introduction::files(system, &authority, keys.path())?,
        true => introduction::names_and_trust(&authority, keys.path())?,
    };
    files.push(machine_images::releases::mirror_for_all()?);
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
