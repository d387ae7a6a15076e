//! What whoever bakes an image and whoever boots it have to agree on: the policy, the seed, and what is a
//! machine's own.
//!
//! Types and tables, without I/O: `landfall` reads them on the machine, `landfall-image` writes and checks them
//! from outside. Nothing else of either is shared.

pub mod policy;
pub mod seal_list;
pub mod seed;

/// Stands in a sealed image, and goes when the machine has an identity: a first boot happens only where it is.
pub const SEALED: &str = "/var/lib/landfall/sealed";
