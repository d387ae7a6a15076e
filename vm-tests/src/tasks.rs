//! What the scripts of this repository call: each a small program on top of a world.

pub mod bench_floor;
pub mod bench_start;
pub mod check_images;
pub mod clones;
pub mod conformance;
pub mod picture;
pub mod run;
pub mod show;
pub mod support_table;
