//! Debian packages of the stand-in agents, their signatures, and a small signed apt repository.
//!
//! Everything is written in process: the archives byte by byte, the signatures by rPGP. The packages have
//! the layout, the dependencies, the units, the maintainer scripts and (padded) the size of the real ones,
//! and say of themselves that they are stand-ins. They are signed with a key made for the test.

mod apt_repository;
mod deb;
mod docker_repository;
mod ecs_package;
mod image;
mod padding;
mod signing;
mod ssm_package;
mod store;
mod tree;

pub use apt_repository::write_apt_repository;
pub use docker_repository::write_docker_repository;
pub use signing::{Flaw, TestKey};
pub use store::{Agents, write_store};

/// Anything that can go wrong here ends the whole run, so one error type with a sentence is enough.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
