# Runs a script as the first process of a machine that wine makes, over its disk: the layers LOWER, and what the machine
# changes, in FOLDER. Whoever calls this has made the namespaces.
# usage: enter.sh LOWER FOLDER SCRIPT VARIABLE...
# shellcheck shell=sh
set -eu
lower=$1 folder=$2 script=$3
shift 3
root=$folder/root
mount -t overlay -o "lowerdir=$lower,upperdir=$folder/upper,workdir=$folder/work" overlay "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
exec chroot "$root" env --ignore-environment --chdir=/root "$@" sh -c "$script"
