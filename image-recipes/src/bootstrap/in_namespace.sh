#!/bin/sh
# usage: sh -c THIS sh REGISTRATION COMMAND...
# Runs a command where the kernel gives programs of one more architecture to an emulator, and nowhere else: binfmt_misc
# belongs to a user namespace, and this one, with the same users in it, ends with the command. So does a memory for files
# of MEMORY bytes at TMPDIR. Where others have mounted something below the machine's, that cannot be shared with another
# namespace, and what makes a root shares it: then there is an empty one.
set -eu
ALL="0 0 4294967295"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/up" "$folder/go"
# Open at both ends, so that nobody here waits for one who has ended.
exec 4<>"$folder/up" 5<>"$folder/go"
# A command in the background has no standard input but one that it is given.
exec 3<&0
(
    status=0
    # shellcheck disable=SC2016 # The inner shell expands them.
    unshare --user --mount --propagation private sh -euc '
        echo $$ >"$0/up"
        read -r _ <"$0/go"
        if ! mount -t binfmt_misc none /proc/sys/fs/binfmt_misc; then
            echo "no binfmt_misc of its own for a namespace: that takes Linux 6.7, or qemu-user registered on this machine" >&2
            exit 1
        fi
        printf %s "$1" >/proc/sys/fs/binfmt_misc/register
        ! grep -q " /dev/shm/" /proc/self/mounts || mount -t tmpfs -o mode=1777 memory /dev/shm
        [ -z "${MEMORY:-}" ] || mount -t tmpfs -o "mode=1777,size=$MEMORY" memory "$TMPDIR"
        shift
        exec "$@"
    ' "$folder" "$@" 4>&- 5>&- || status=$?
    echo >"$folder/up"
    exit $status
) <&3 3<&- 4>&- 5>&- &
outer=$!
read -r inner <&4
if [ -n "$inner" ]; then
    if ! { echo "$ALL" >"/proc/$inner/uid_map" && echo "$ALL" >"/proc/$inner/gid_map"; } 2>/dev/null; then
        echo "a namespace cannot be given all users, as in a container that has not all itself" >&2
        kill "$inner"
        wait $outer || exit 1
    fi
    echo >&5
fi
wait $outer
