//! The ECS agent's stand-in, entry point of its image: see the library.

fn main() -> std::process::ExitCode {
    stand_in_agents::ecs_agent::run(std::env::args().skip(1).collect())
}
