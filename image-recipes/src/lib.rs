//! Golden images that register by themselves, and seeds that make a vendor's image do so.
//!
//! ```text
//! recipe (TOML) --> plan --> base: downloaded and verified, or bootstrapped from packages
//!                              |
//!                    bake: boots an overlay of it in QEMU, installs, seals, powers off
//!                              |
//!                    verify: reads what came out, without mounting, against recipe and seal list
//!                              |
//!                    export: each format, with checksums, manifest and SBOM beside it
//! ```
//!
//! No root, no loop device, no libguestfs. What changes a machine is the binary `landfall`, which travels as a
//! file; nothing of the installer is linked in.

pub mod bake;
pub mod base;
pub mod boot;
pub mod bootstrap;
pub mod build;
pub mod cli;
pub mod commands;
pub mod contents;
pub mod disk;
pub mod error;
pub mod export;
mod grub;
pub mod inject;
pub mod live;
pub mod machine;
pub mod manifest;
pub mod media;
pub mod outputs;
pub mod packages;
pub mod payload;
pub mod plan;
pub mod program;
pub mod recipe;
pub mod render;
pub mod reproducible;
pub mod sbom;
pub mod seed;
pub mod told;
pub mod verify;
