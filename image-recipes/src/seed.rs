//! Seed disks: how a machine is told where to register, and by an untouched vendor image also with what.

pub mod fat;
