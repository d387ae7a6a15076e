//! Machines to try Landfall on, and the AWS that they talk to.
//!
//! A [`world::World`] is one closed network: an AWS simulator, a package repository and as many
//! guests as a scenario asks for. A [`guest::Guest`] is one machine in it, seen through one face
//! whatever it is made of. This crate knows Landfall only as a program with a command line and
//! JSON output, which is what its users know.

pub mod ansible;
pub mod cache;
pub mod cli;
mod documented;
pub mod error;
pub mod esp;
pub mod first_boot;
pub mod forward_proxy;
pub mod guest;
pub mod host_command;
mod introduction;
pub mod ipv6_door;
pub mod journey;
pub mod licences;
pub mod machine_images;
pub mod machine_proofs;
pub mod matrix;
mod offline;
pub mod packages;
pub mod programs;
pub mod proofs;
pub mod relay;
pub mod release;
pub mod reviewed_leftovers;
pub mod rpm_repository;
pub mod simulator;
pub mod support_table;
pub mod system;
pub mod tasks;
pub mod time_service;
pub mod wine;
pub mod world;
