//! Landfall turns a machine into an Amazon ECS Anywhere external instance.
//!
//! ```text
//! Host --look--> Facts --+
//! flags, env, file ------+--> plan(&Facts, &Config, &Distro)  pure --> Plan = [(why, Step)]
//! distro-matrix (TOML) --+        --> apply(&mut Host) --> Receipt --> undo
//! ```
//!
//! Decide, then act, and write down what is replaced. The nouns are the modules.

pub mod activation;
pub mod apply;
mod apt_sources;
pub mod aws;
mod brought;
mod certificate;
pub mod cli;
pub mod commands;
pub mod components;
pub mod config;
pub mod diagnosis;
#[cfg(test)]
mod documentation;
pub mod durable;
mod elf;
pub mod error;
pub mod facts;
pub mod findings;
pub mod first_boot;
pub mod foresight;
pub mod guard;
pub mod host;
#[cfg(test)]
mod laws;
pub mod offline;
mod package_database;
mod package_lock;
mod package_version;
mod package_words;
pub mod partition;
pub mod plan;
pub mod probe;
pub mod progress;
pub mod proxy;
pub mod receipt;
pub mod recognition;
pub mod registration;
pub mod release;
mod rpm_sources;
pub mod rule_set;
pub mod seal;
pub mod secret;
pub mod signature;
pub mod step;
pub mod terminal;
pub mod ui;
#[cfg(any(windows, test))]
pub mod windows;
