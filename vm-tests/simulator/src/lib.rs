//! An AWS simulator: the parts of SSM, ECS, STS and S3 that an ECS Anywhere external instance meets on its
//! way from an activation to a connected container instance. It demands what AWS demands (activations run
//! out, signatures are verified, `ecs.capability.external` must be there) and it can be told to misbehave.
//!
//! ```text
//! a machine --TLS, real host names--> front --> fault? --> ssm | ssm_messages | ecs | sts | s3 | static
//!                                       |                          |
//!                                       +--> requests.jsonl        +--> World (activations, instances, sessions)
//! a test or a person --admin.sock--> admin --> World, faults, requests
//! ```
//!
//! It refuses to be an AWS emulator: no tasks are ever placed, nothing is encrypted at rest, and calls that
//! the agents do not make are denied.

#![warn(missing_docs)]

mod access;
mod admin;
mod admin_client;
mod authority;
mod aws;
mod cut;
mod ecs;
mod faults;
mod files;
mod front;
mod http_date;
mod identities;
mod percent;
mod place;
mod public_key;
mod range;
mod recording;
mod reply;
mod s3;
mod server;
mod services;
mod sigv4;
mod sockets;
mod ssm;
mod ssm_messages;
mod sts;
mod tls;
mod trouble;
mod world;

pub use admin_client::{Admin, AdminError};
pub use authority::prepare as prepare_authority;
pub use faults::{Fault, FaultName};
pub use recording::{Record, RecordedFrame, RecordedRequest};
pub use server::{Settings, Simulator, StartError};
pub use world::{Activation, ContainerInstance, ManagedInstance, NewActivation};
