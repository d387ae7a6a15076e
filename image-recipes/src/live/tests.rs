use super::choice::Choice;
use super::order::Order;
use super::*;
use crate::payload::Manifest;

fn task(wipe: bool) -> Task {
    let (disk, from) = (Choice::Serial("x".into()), From::Medium("x".into()));
    let order = Order { id: "own".into(), disk, wipe, from };
    let (name, sha256) = ("golden.qcow2".into(), "00".into());
    let manifest =
        Manifest { version: 1, name, sha256, size: 4 << 30, least_bytes: 4 << 30, pieces: Vec::new() };
    Task { order, manifest, seed: Vec::new() }
}

fn disk() -> Disk {
    Disk { name: "sda".into(), bytes: 8 << 30, sector: 512, ..Disk::default() }
}

fn may(there: &Occupancy, wipe: bool, again: bool) -> bool {
    may_be_written(&disk(), there, &task(wipe), again).is_ok()
}

#[test]
fn only_an_empty_or_a_half_written_disk_is_written_without_wipe() {
    let others = Occupancy::Written("other".into());
    let taken = Occupancy::Taken("ext4".into());
    for (there, without, with) in [
        (&Occupancy::Empty, true, true),
        (&Occupancy::HalfWritten, true, true),
        (&others, false, true),
        (&taken, false, true),
    ] {
        assert_eq!((may(there, false, false), may(there, true, false)), (without, with), "{there:?}");
    }
}

#[test]
fn a_disk_that_this_medium_wrote_is_wiped_only_when_somebody_chose_that() {
    let own = Occupancy::Written("own".into());
    assert!(!may(&own, true, false) && !may(&own, false, true) && may(&own, true, true));
}

#[test]
fn a_disk_that_is_too_small_or_has_other_sectors_is_refused() {
    fits(&disk(), &task(false)).unwrap();
    let small = fits(&Disk { bytes: (4 << 30) - 512, ..disk() }, &task(false)).unwrap_err();
    assert!(small.what.contains("needs a disk of 4.2 GB"), "{small}");
    let native = fits(&Disk { sector: 4096, ..disk() }, &task(false)).unwrap_err();
    assert!(native.what.contains("sectors of 4096 bytes"), "{native}");
}
