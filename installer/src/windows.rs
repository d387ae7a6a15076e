//! Windows: the same shapes as beside this folder, for the other system.

pub mod commands;
