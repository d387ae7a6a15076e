//! Windows: the same shapes as beside this folder, for the other system.
//!
//! ```text
//! Windows --look--> Facts --+
//! flags, env, file ---------+--> plan(&Facts, &Config, &Distro)  pure --> Plan = [(why, Step)]
//! distro-matrix (TOML) -----+        --> carry_out(&mut Windows) --> Receipt --> undo
//! ```
//!
//! What has no system in it (choices, downloads, the receipt, carrying a plan out and taking it back) is shared;
//! nothing of this is in a program for Linux but its tests. Paths are written with slashes, which Windows takes too, so
//! that the same code is tested on Linux; what people and command lines get has backslashes.

pub mod commands;
pub mod components;
pub mod door;
pub mod facts;
#[cfg(test)]
pub(crate) mod fake;
pub mod findings;
pub mod kept;
#[cfg(test)]
mod laws;
pub mod places;
pub mod plan;
pub mod programs;
pub mod setup;
pub mod step;
