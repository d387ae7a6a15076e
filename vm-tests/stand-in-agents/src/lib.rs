//! Stand-ins for the Amazon SSM agent and the Amazon ECS agent, for tests on machines that must not
//! and cannot reach AWS.
//!
//! They are not the agents and run no commands and no tasks. They do what an installer can see: the
//! same command lines, files, modes, log lines, exit codes, retries, iptables rules, ports and requests,
//! with the same traps. Where a stand-in knowingly differs, the file that differs says so at its top.
//!
//! ```text
//! amazon-ssm-agent   -> ssm_agent    register, clear, fingerprint; the daemon that holds the identity
//! ssm-agent-worker   -> ssm_worker   the heartbeat and the message channels
//! ssm-session-worker                waits: there are no sessions
//! amazon-ecs-init    -> ecs_init     sysctl, iptables, the image, the container ecs-agent
//! amazon-ecs-agent   -> ecs_agent    runs in that container: registers, introspection, websockets
//! ```

mod aws;
mod clock;
mod docker;
mod identifier;
mod log;
mod sigv4;
mod termination;
mod wire;

pub mod ecs_agent;
pub mod ecs_init;
pub mod ssm_agent;
pub mod ssm_worker;
