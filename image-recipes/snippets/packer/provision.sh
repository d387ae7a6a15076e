#!/bin/sh
# Makes the machine that Packer booted a golden image: everything but an identity, then the seal, and the gate.
# Runs as root in the build machine; 'landfall', 'config.toml' and 'policy.toml' lie in the folder of $1.
set -eu
from=${1:-/tmp/landfall}

set -- --config "$from/config.toml"
[ ! -e "$from/policy.toml" ] || set -- "$@" --policy "$from/policy.toml"
"$from/landfall" install "$@"

# Packer's own way in must not be in the image. The seal takes its keys away too.
rm -rf "$from"
/usr/local/bin/landfall seal
# Exit code 3, and no image, where anything of this machine is left.
/usr/local/bin/landfall seal --verify
