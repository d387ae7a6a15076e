#!/bin/sh
# Takes away all that test machines of one name left on this machine: their processes, network
# namespaces, control groups and disks. Finds nothing to do when they cleaned up themselves.
# usage: leftovers.sh NAME_PREFIX GUESTS_FOLDER CGROUP_MOUNT...
set -u
prefix=$1 guests=$2
shift 2

for mount in "$@"; do
    for group in "$mount/$prefix"*; do
        [ -e "$group/cgroup.kill" ] || continue
        echo 1 >"$group/cgroup.kill"
        tries=250
        while grep -q 'populated 1' "$group/cgroup.events" && [ $tries -gt 0 ]; do
            sleep 0.02
            tries=$((tries - 1))
        done
    done
done
for mount in "$@"; do
    for group in "$mount/$prefix"*; do
        [ -d "$group" ] && find "$group" -depth -type d -exec rmdir {} \;
    done
done
for namespace in /run/netns/"$prefix"*; do
    [ -e "$namespace" ] && ip netns delete "${namespace##*/}"
done
for folder in /run/systemd/nspawn/propagate/"$prefix"*; do
    [ -d "$folder" ] && rmdir "$folder"
done
# A disk takes seconds to delete, and nobody has to wait for it.
for guest in "$guests/$prefix"*; do
    [ -d "$guest" ] && nice rm -rf --one-file-system "$guest" </dev/null >/dev/null 2>&1 &
done
exit 0
