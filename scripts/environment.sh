# shellcheck shell=bash
# What the scripts here agree on; sourced by them from the root of the repository.
# Compiled things live outside of the clone, so that a fresh clone is a warm one.

export LANDFALL_CACHE="${LANDFALL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/landfall}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$LANDFALL_CACHE/target}"
# Where scripts/rust-library had to compile Rust's library, this has it; removed, the next run asks rustup again.
export PATH="$LANDFALL_CACHE/toolchain/bin:$PATH"
export MUSL_TARGETS="x86_64-unknown-linux-musl aarch64-unknown-linux-musl"
export WINDOWS_TARGET=x86_64-pc-windows-gnu
# What is compiled for arm64 on another machine, C in it too, is linked by the compiler of Debian's that knows it.
if [ "$(uname -m)" != aarch64 ]; then
    export CC_aarch64_unknown_linux_musl=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=aarch64-linux-gnu-gcc
fi

# cargo knows a changed source by its time alone, so what another clone built would pass for this one's.
# Where the last build was another clone's, our own crates are built again; their dependencies stay.
forget_other_clones() {
    local built_from=$CARGO_TARGET_DIR/built-from
    [ "$(cat "$built_from" 2>/dev/null)" = "$PWD" ] && return
    mkdir -p "$CARGO_TARGET_DIR"
    local crate
    for crate in distro-matrix documentation image-recipes landfall landfall-contract manual vm-tests aws-simulator guest-agent recorded-program stand-in-agents stand-in-packages; do
        find "$CARGO_TARGET_DIR" -maxdepth 4 -path "*/.fingerprint/$crate-*" -prune -exec rm -rf {} +
    done
    echo "$PWD" >"$built_from"
}
forget_other_clones

# Guests are system containers: only root may start them.
require_root() {
    [ "$(id -u)" = 0 ] && return
    echo "error: guests need root; run: sudo -E env PATH=\"\$PATH\" $0" >&2
    exit 2
}
