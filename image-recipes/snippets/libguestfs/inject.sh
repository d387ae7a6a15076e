#!/bin/sh
# Puts Landfall into an image of any file system that libguestfs reads: inject.sh IMAGE FOLDER, where the folder has
# 'landfall', 'config.toml' and, where wanted, 'policy.toml'. For ext4 alone, 'landfall-image inject' needs no libguestfs.
#
# guestmount and not virt-customize: that one fills an empty machine-id with one of its own, and all clones were one
# machine. Where it is used for other things, run it before this script, never after.
# guestmount was not run by Landfall's tests; the script is, with a stand-in for it.
set -eu
image=$1
from=$2
tree=$(mktemp -d)
trap 'guestunmount "$tree" 2>/dev/null || true; rmdir "$tree"' EXIT

guestmount -a "$image" -i --rw "$tree"
"$from/landfall" install --root "$tree" --config "$from/config.toml"
[ ! -e "$from/policy.toml" ] || install -D -m 0644 "$from/policy.toml" "$tree/etc/landfall/policy.toml"
: >"$tree/etc/machine-id"
chmod 0444 "$tree/etc/machine-id"
