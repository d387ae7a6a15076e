//! The SSM agent's stand-in: see the library.

fn main() -> std::process::ExitCode {
    stand_in_agents::ssm_agent::run(std::env::args().skip(1).collect())
}
