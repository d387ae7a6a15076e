//! The stand-in for the program that ECS Exec runs in a container: it says what it is, and waits to be ended.

fn main() {
    println!("ssm-session-worker (stand-in for tests)");
    loop {
        std::thread::park();
    }
}
