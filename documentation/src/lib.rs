//! The documentation as tests read it: its pages, what they link to, and the commands that they show.
//!
//! Nothing here is in a program. The tests hold each command against the declaration of the program that it calls, so
//! a flag that is renamed fails them until the pages say so too.

pub mod pages;
pub mod programs;
pub mod shell;
