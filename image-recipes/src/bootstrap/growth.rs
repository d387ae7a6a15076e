//! The root grows to the disk: the unit and the script in a base that see to it at each boot.
//!
//! cloud-init would do it too, but only where it finds a source of data, and a machine with a seed of Landfall's alone
//! has none for it.

/// Where the unit is.
pub const UNIT: &str = "/etc/systemd/system/grow-root.service";
/// Where the script is.
pub const SCRIPT: &str = "/usr/local/sbin/grow-root";

/// Early, so that what fills the disk comes later; and so early that `/tmp` may be emptied meanwhile, where growpart would
/// have its notes.
pub const UNIT_TEXT: &str = "[Unit]
Description=Grow the root file system to its disk
DefaultDependencies=no
ConditionPathIsReadWrite=/
After=local-fs.target
Before=sysinit.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
Environment=TMPDIR=/run
ExecStart=/usr/local/sbin/grow-root
RemainAfterExit=yes

[Install]
WantedBy=sysinit.target
";

/// The file system is asked to grow at each boot, which costs nothing where it has grown: a power cut between the two
/// steps is mended by the next boot. `systemd-growfs` grows a mounted ext4, XFS and Btrfs by the kernel's own calls.
pub const SCRIPT_TEXT: &str = r#"#!/bin/sh
# Gives the root's partition what its disk has left, and the root file system what its partition has.
set -e
root=$(findmnt --noheadings --nofsroot --output SOURCE /)
place=$(readlink -f "/sys/class/block/${root#/dev/}")
if [ -e "$place/partition" ]; then
    disk=${place%/*}
    left=$(($(cat "$disk/size") - $(cat "$place/start") - $(cat "$place/size")))
    # In sectors: the table's copy stands at the end, and less than 4 MiB is not worth a change.
    if [ "$left" -gt 8192 ]; then
        growpart "/dev/${disk##*/}" "$(cat "$place/partition")" || [ $? -eq 1 ]
    fi
fi
exec /lib/systemd/systemd-growfs /
"#;
