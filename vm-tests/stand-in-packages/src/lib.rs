//! Packages of the stand-in agents for Debian and for RPM distributions, their signatures, and small signed
//! repositories for either.
//!
//! What is for Debian is written in process, the archives byte by byte; RPM packages and the description of a
//! repository of them are written by rpmbuild and createrepo_c. All signatures are rPGP's. The packages have
//! the layout, the dependencies, the units, the maintainer scripts and (padded) the size of the real ones,
//! and say of themselves that they are stand-ins. They are signed with a key made for the test.

mod apt_repository;
mod architecture;
mod base_packages;
mod deb;
mod debian_programs;
mod distribution;
mod distribution_repository;
mod docker_repository;
mod ecs_package;
mod image;
mod padding;
pub mod rpm;
pub mod rpm_repository;
mod signing;
mod ssm_package;
mod store;
mod tree;

pub use apt_repository::write_apt_repository;
pub use architecture::Architecture;
pub use base_packages::write_base_packages;
pub use distribution::Distribution;
pub use distribution_repository::{Sources, write_rpm_repositories};
pub use docker_repository::write_docker_repository;
pub use signing::{Flaw, TestKey};
pub use store::{Agents, write_store};

/// Anything that can go wrong here ends the whole run, so one error type with a sentence is enough.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
