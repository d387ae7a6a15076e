//! Whose metadata count: by what cloud-init says of where it has them from.

use super::super::disk::tests::attach;
use super::super::tests::{SEED, allowing, cloud_init_took, looked};
use super::*;
use crate::host::Machine;
use crate::host::fake::{Fake, fresh};

/// A hypervisor's disks and a stick; cloud-init takes what is on any of them.
fn with_disks() -> Fake {
    let mut fake = fresh();
    for (name, place) in [("vda", "virtio0"), ("sr0", "ata2"), ("sdb", "usb1/1-1"), ("fd0", "platform")] {
        attach(&mut fake, name, place, false, b"");
    }
    fake
}

#[test]
fn what_cloud_init_took_counts_where_what_it_took_it_from_would() {
    let disk = Some(Source::RemovableDisk);
    let line = Some(Source::KernelCommandLine);
    for (platform, subplatform, needed) in [
        ("nocloud", "seed-dir (/var/lib/cloud/seed/nocloud)", None),
        ("lxd", "seed-dir (/var/lib/cloud/seed/nocloud-net)", None),
        ("nocloud", "seed-dir (dmi)", None),
        ("nocloud", "seed-dir (ds_config)", None),
        ("nocloud", "seed-dir (ds_config_seedfrom,file:///opt/seed/)", None),
        ("nocloud", "seed-dir (dmi,https://seeds.example/)", None),
        ("nocloud", "config-disk (/dev/vda)", None),
        ("nocloud", "config-disk (/dev/sr0)", None),
        ("configdrive", "config-disk (/dev/sr0)", None),
        ("vmware", "guestinfo (guestinfo.metadata)", None),
        ("vmware", "imc (imc-metadata)", None),
        ("lxd", "LXD socket API v. 1.0 (/dev/lxd/sock)", None),
        ("none", "config", None),
        ("nocloud", "config-disk (/dev/sdb)", disk),
        ("configdrive", "configdrive (/dev/sdb)", disk),
        ("nocloud", "config-disk (/dev/gone)", disk),
        ("nocloud", "config-disk (/dev/mapper/x)", disk),
        ("nocloud", "config-disk (/dev/fd0)", disk),
        // cloud-init adds up what it finds, and its word for the kind is the first place's.
        ("nocloud", "seed-dir (dmi,/var/lib/cloud/seed/nocloud,/dev/sdb)", disk),
        ("nocloud", "config-disk (/dev/sdb,https://mine.example/)", disk),
        ("nocloud", "seed-dir (cmdline)", line),
        ("nocloud", "seed-dir (cmdline,https://seeds.example/)", line),
        ("openstack", "metadata (http://169.254.169.254)", Some(Source::Openstack)),
    ] {
        let mut fake = with_disks();
        cloud_init_took(&mut fake, platform, subplatform, &serde_json::json!({"landfall": SEED}));
        let found = looked(&fake, &allowing(&[Source::CloudInit])).unwrap();
        assert_eq!(found.is_some(), needed.is_none(), "{subplatform}: {}", fake.told());
        let Some(source) = needed else { continue };
        let named = format!("'{}' among its sources", source.name());
        assert!(fake.told().contains(subplatform) && fake.told().contains(&named), "{}", fake.told());
        let policy = allowing(&[Source::CloudInit, source]);
        assert!(look(&fake, &policy, &mut |_| {}).unwrap().is_some(), "{subplatform}");
    }
}

#[test]
fn what_cloud_init_took_from_a_network_or_from_nobody_knows_where_counts_by_no_policy() {
    for (platform, subplatform, why) in [
        ("ec2", "metadata (http://169.254.169.254)", "over the network"),
        ("nocloud", "seed-dir (dmi,http://10.10.0.1:8000/)", "over the network"),
        ("nocloud", "seed-dir (/var/lib/cloud/seed/nocloud,ftp://mine.example/)", "over the network"),
        ("azure", "imds (imds)", "over the network"),
        ("maas", "seed-dir (http://maas.example/MAAS/metadata)", "over the network"),
        ("vmware", "envvar (VMX_GUESTINFO_METADATA)", "Landfall does not know"),
        ("smartos", "serial (/dev/ttyS1)", "Landfall does not know"),
        ("nocloud", "seed-dir ()", "Landfall does not know"),
        ("nocloud", "", "cloud-init does not say"),
        ("openstack", "unknown", "cloud-init does not say"),
    ] {
        let mut fake = with_disks();
        cloud_init_took(&mut fake, platform, subplatform, &serde_json::json!({"landfall": SEED}));
        let policy = allowing(&Source::ALL);
        assert!(look(&fake, &policy, &mut |note| fake.tell(&note)).unwrap().is_none());
        assert!(fake.told().contains(why), "{subplatform}: {}", fake.told());
    }
}

#[test]
fn of_instance_data_that_do_not_count_nothing_is_said_or_refused_but_of_a_seed() {
    let mut fake = with_disks();
    let stick = "config-disk (/dev/sdb)";
    cloud_init_took(&mut fake, "nocloud", stick, &serde_json::json!({"instance-id": "i-1"}));
    assert!(looked(&fake, &Policy::default()).unwrap().is_none());
    assert_eq!(fake.told(), "");
    cloud_init_took(&mut fake, "nocloud", stick, &serde_json::json!({"landfall": "#".repeat(MOST + 1)}));
    assert!(looked(&fake, &Policy::default()).unwrap().is_none(), "a stick must not hold up the next source");
    let escape = "config-disk (/dev/sdb,http://\u{1b}[2J)";
    cloud_init_took(&mut fake, "nocloud", escape, &serde_json::json!({"landfall": SEED}));
    assert!(looked(&fake, &Policy::default()).unwrap().is_none());
    assert!(!fake.told().contains('\u{1b}'));
}
