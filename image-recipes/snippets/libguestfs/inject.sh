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
work=$(mktemp -d)
tree=$work/tree
mkdir "$tree"

# guestunmount returns while the process behind the mount still writes to the image: it is whole when that has ended.
unmount() {
    if ! guestunmount "$tree"; then
        echo "error: $image is still mounted at $tree, and may not be whole" >&2
        return 1
    fi
    seconds=0
    while kill -0 "$(cat "$work/pid")" 2>/dev/null; do
        if [ "$seconds" -ge 300 ]; then
            echo "error: guestmount still writes to $image after $seconds seconds" >&2
            return 1
        fi
        sleep 1
        seconds=$((seconds + 1))
    done
}

mounted=no
finish() {
    code=$?
    trap - EXIT
    # What cannot be unmounted keeps its folder: nothing is ever removed below a mount.
    if [ "$mounted" = yes ]; then unmount || exit 1; fi
    rm -f "$work/pid"
    rmdir "$tree" "$work"
    exit "$code"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

guestmount -a "$image" -i --rw --pid-file "$work/pid" "$tree"
mounted=yes
set -- --config "$from/config.toml"
[ ! -e "$from/policy.toml" ] || set -- "$@" --policy "$from/policy.toml"
"$from/landfall" install --root "$tree" "$@"
: >"$tree/etc/machine-id"
chmod 0444 "$tree/etc/machine-id"
