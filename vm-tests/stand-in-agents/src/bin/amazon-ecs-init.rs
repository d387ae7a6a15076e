//! The ECS agent's launcher, as a stand-in: see the library.

fn main() -> std::process::ExitCode {
    stand_in_agents::ecs_init::run(std::env::args().skip(1).collect())
}
