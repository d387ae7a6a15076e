# shellcheck shell=bash
# What the scripts here agree on; sourced by them from the root of the repository.
# Compiled things live outside of the clone, so that a fresh clone is a warm one.

export LANDFALL_CACHE="${LANDFALL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/landfall}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$LANDFALL_CACHE/target}"
export MUSL_TARGET=x86_64-unknown-linux-musl

# Guests are system containers: only root may start them.
require_root() {
    [ "$(id -u)" = 0 ] && return
    echo "error: guests need root; run: sudo -E env PATH=\"\$PATH\" $0" >&2
    exit 2
}
