//! A release, and the way of its program onto a machine by `install.sh`.
//!
//! Real shells run the real script, which downloads with real programs from a server on this machine and installs into
//! a `/usr/local/bin` that the test alone sees. What it installs is a stand-in for landfall, a script that tells what
//! it was called with: these tests are about the way, not about what came by it. Where the program itself does
//! something, in `updated` and `reproduced`, it is the real one.

mod bare;
mod built;
mod downloads;
mod finished;
mod interrupted;
mod machines;
mod names;
mod packages;
mod powershell;
mod real_windows;
mod refused;
mod reproduced;
mod sandbox;
mod shells;
mod updated;
