//! The ECS agent's launcher as the generic .rpm has it, as a stand-in: see the library.

use stand_in_agents::ecs_init::{Flavour, run};

fn main() -> std::process::ExitCode {
    run(Flavour::Rpm, std::env::args().skip(1).collect())
}
