//! The simulator from outside: real sockets on loopback, requests signed here, and the golden transcripts.

mod activations;
mod client;
mod container_instances;
mod faults;
mod files;
mod machine;
mod rehearsal;
mod replay;
mod signatures;
mod signer;
