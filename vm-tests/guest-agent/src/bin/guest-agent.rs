//! In the guest: an agent at each port.

use std::path::Path;
use std::thread;

fn main() {
    let agents: Vec<_> = (0..guest_agent::PORTS)
        .map(|number| {
            thread::spawn(move || {
                let port = Path::new("/dev/virtio-ports").join(guest_agent::port(number));
                if let Err(error) = guest_agent::agent::serve(&port) {
                    eprintln!("error: {}: {error}", port.display());
                    // systemd starts it anew.
                    std::process::exit(1);
                }
            })
        })
        .collect();
    for agent in agents {
        let _ = agent.join();
    }
}
