//! Commands in an emulated machine, over serial ports that only the tests have: no network, no ssh, no keys.
//!
//! ```text
//! test --spawns--> in-guest ==socket== QEMU ==virtio port== guest-agent --runs--> /bin/sh -c SCRIPT
//! ```
//!
//! One command at a time on each port, root's, with the environment of a fresh login. Whoever ends `in-guest` ends
//! the command; a machine that loses power ends `in-guest` by a signal. Nothing here is for use outside of tests:
//! who holds the socket is root in the machine.

pub mod agent;
pub mod bridge;
pub mod frame;
mod session;

/// How many commands can run beside each other.
pub const PORTS: usize = 4;

/// The name of a port, in QEMU and below `/dev/virtio-ports` in the guest.
pub fn port(number: usize) -> String {
    format!("landfall.test.{number}")
}
