use std::path::Path;

use super::*;
use crate::live::choice::Choice;
use crate::live::order::{From, Order};
use crate::live::samples::{IMAGE_BYTES, packed};
use crate::program::Program;

struct File(Vec<u8>);

impl Source for File {
    fn packed(&mut self, from: u64, piece: &Piece) -> Result<Vec<u8>> {
        Ok(self.0[from as usize..][..piece.packed as usize].to_vec())
    }

    fn name(&self) -> String {
        "the file".into()
    }
}

/// What to write, the image itself, and where its pieces come from.
fn task(folder: &Path) -> (Task, Vec<u8>, File) {
    let (image, manifest, file) = packed(folder);
    let order = Order {
        id: "0123456789abcdef".into(),
        disk: Choice::Serial("x".into()),
        wipe: false,
        from: From::Medium("x".into()),
    };
    let seed = vec![("landfall.toml".to_owned(), b"region = \"x\"\n".to_vec())];
    (Task { order, manifest, seed }, image, File(file))
}

/// A disk that is full of what was on it before.
fn target(folder: &Path, bytes: u64) -> Target {
    let path = folder.join("disk");
    std::fs::write(&path, vec![0xaa; bytes as usize]).unwrap();
    Target::open(&path, bytes).unwrap()
}

fn all_of(target: &Target) -> Vec<u8> {
    target.read(0, target.bytes).unwrap()
}

const MORE: u64 = 3 << 20;

#[test]
fn a_larger_disk_has_the_image_and_a_seed_at_its_end_and_nothing_of_before() {
    let folder = tempfile::tempdir().unwrap();
    let (task, image, mut source) = task(folder.path());
    let target = target(folder.path(), IMAGE_BYTES + MORE);
    write(&target, &task, &mut source, &mut |_, _, _| ()).unwrap();
    let disk = all_of(&target);
    let end = IMAGE_BYTES as usize - 33 * 512;
    assert!(disk[1 << 20..end] == image[1 << 20..end], "the image's partitions");
    assert!(disk[end..IMAGE_BYTES as usize].iter().all(|it| *it == 0), "the table's copy of the image");
    assert_eq!(written_by(&target).unwrap().as_deref(), Some("0123456789abcdef"));
    assert!(!is_half_written(&target).unwrap());
    let volume = folder.path().join("volume");
    std::fs::write(&volume, &disk[Table::own_place(target.bytes) as usize..][..OWN_BYTES as usize]).unwrap();
    Program::new("fsck.vfat", "dosfstools").arg("-n").arg(&volume).run().unwrap();
    let listed = Program::new("mdir", "mtools").args(["-b", "-i"]).arg(&volume).arg("::").run().unwrap();
    assert!(listed.contains("landfall.toml") && listed.contains("written-0123456789abcdef"), "{listed}");
    let label = Program::new("blkid", "util-linux").args(["-p", "-o", "value", "-s", "LABEL"]).arg(&volume);
    assert_eq!(label.run().unwrap().trim(), "LANDFALL");
}

#[test]
fn a_power_cut_at_any_write_leaves_a_disk_that_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (task, _, mut source) = task(folder.path());
    let whole = {
        let target = target(folder.path(), IMAGE_BYTES + MORE);
        write(&target, &task, &mut source, &mut |_, _, _| ()).unwrap();
        all_of(&target)
    };
    for writes in 0.. {
        let target = target(folder.path(), IMAGE_BYTES + MORE);
        let before = all_of(&target);
        target.cut_at.set(Some(writes));
        if write(&target, &task, &mut source, &mut |_, _, _| ()).is_ok() {
            assert!(writes > 8, "{writes}");
            break;
        }
        target.cut_at.set(None);
        let is_untouched = writes == 0 && all_of(&target) == before;
        assert!(is_untouched || is_half_written(&target).unwrap(), "cut at write {writes}");
        assert_eq!(written_by(&target).unwrap(), None, "cut at write {writes}");
        write(&target, &task, &mut source, &mut |_, _, _| ()).unwrap();
        let again = all_of(&target);
        // What is beyond the image, and before the last MiB, is nobody's.
        let (image, tail) = (IMAGE_BYTES as usize, (IMAGE_BYTES + MORE - TAIL) as usize);
        assert!(again[..image] == whole[..image] && again[tail..] == whole[tail..], "cut at write {writes}");
    }
}

#[test]
fn a_disk_of_the_images_own_size_is_written_too() {
    let folder = tempfile::tempdir().unwrap();
    let (task, image, mut source) = task(folder.path());
    let target = target(folder.path(), IMAGE_BYTES);
    write(&target, &task, &mut source, &mut |_, _, _| ()).unwrap();
    let end = 7 << 20;
    assert!(all_of(&target)[1 << 20..end] == image[1 << 20..end]);
    assert!(written_by(&target).unwrap().is_some());
}

#[test]
fn a_damaged_piece_is_not_written_and_leaves_a_half_written_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (task, _, mut source) = task(folder.path());
    let last = source.0.len() - 1;
    source.0[last] ^= 1;
    let target = target(folder.path(), IMAGE_BYTES);
    let error = write(&target, &task, &mut source, &mut |_, _, _| ()).unwrap_err();
    assert!(error.what.contains("the image is damaged"), "{error}");
    assert!(is_half_written(&target).unwrap());
    let at = task.manifest.pieces.last().unwrap().at;
    assert!(target.read(at, 512).unwrap() == vec![0xaa; 512]);
}

#[test]
fn a_source_that_has_another_image_costs_nobody_a_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (task, _, mut source) = task(folder.path());
    source.0[9] ^= 1;
    let target = target(folder.path(), IMAGE_BYTES);
    let error = write(&target, &task, &mut source, &mut |_, _, _| ()).unwrap_err();
    assert!(error.what.contains("the image is damaged"), "{error}");
    assert!(all_of(&target).iter().all(|it| *it == 0xaa));
}

#[test]
fn what_is_told_ends_with_all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (task, _, mut source) = task(folder.path());
    let target = target(folder.path(), IMAGE_BYTES);
    let mut told = Vec::new();
    write(&target, &task, &mut source, &mut |work, done, all| told.push((work, done, all))).unwrap();
    let all = task.manifest.bytes();
    assert!(
        told.contains(&("writing", all, all)) && told.last() == Some(&("checking", all, all)),
        "{told:?}"
    );
}
