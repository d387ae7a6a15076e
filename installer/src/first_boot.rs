//! First boot: what a machine that came out of an image needs to get an identity of its own with nobody there.
//!
//! A seed says where to register and with which activation; the policy, which is in the image, says which sources
//! of seeds count and what a seed has to agree with. The flow that brings both together is
//! `commands/first_boot.rs`. Nothing here touches the machine but [`source::forget`].

pub mod accepting;
pub mod clock;
pub mod pace;
pub mod policy;
pub mod report;
mod signed;
pub mod source;

pub use landfall_contract::SEALED;
pub use landfall_contract::policy::{Policy, Source};
pub use landfall_contract::seed::{MOST, Seed};
