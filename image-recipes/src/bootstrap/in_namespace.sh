#!/bin/sh
# usage: sh -c THIS sh REGISTRATION COMMAND...
# Runs a command where the kernel gives programs of one more architecture to an emulator, and nowhere else: binfmt_misc
# belongs to a user namespace, and this one, with the same users in it, ends with the command.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/up" "$folder/go"
# A command in the background has no standard input but one that it is given.
exec 3<&0
# shellcheck disable=SC2016 # The inner shell expands them.
unshare --user --mount --propagation private sh -c '
    echo >"$0/up"
    read -r _ <"$0/go"
    mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
    printf %s "$1" >/proc/sys/fs/binfmt_misc/register
    shift
    exec "$@"
' "$folder" "$@" <&3 &
read -r _ <"$folder/up"
echo "0 0 4294967295" >"/proc/$!/uid_map"
echo "0 0 4294967295" >"/proc/$!/gid_map"
echo >"$folder/go"
wait $!
