//! The SSM agent worker's stand-in: see the library.

fn main() -> std::process::ExitCode {
    stand_in_agents::ssm_worker::run(std::env::args().skip(1).collect())
}
