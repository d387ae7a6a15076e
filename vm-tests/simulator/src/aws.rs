//! The simulated AWS as one value: where it is, what it holds, how it misbehaves and what it was asked.

use crate::faults::Faults;
use crate::place::Place;
use crate::recording::Recorder;
use crate::world::World;
use jiff::SignedDuration;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

/// One simulated account in one region.
pub struct Aws {
    pub place: Place,
    pub objects: PathBuf,
    /// Plain file hosts and their folders.
    pub statics: HashMap<String, PathBuf>,
    /// How long a role token's credentials are good for.
    pub credential_lifetime: SignedDuration,
    /// The port of the TLS door, for endpoints that are handed out.
    pub https_port: u16,
    pub faults: Mutex<Faults>,
    pub recorder: Recorder,
    world: Mutex<World>,
    saved_at: PathBuf,
}

impl Aws {
    /// Takes over what an earlier run left in `saved_at`, or starts afresh.
    pub fn open(saved_at: PathBuf, recorder: Recorder, place: Place) -> io::Result<Aws> {
        let world = match std::fs::read(&saved_at) {
            Ok(bytes) => disconnected(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => World::fresh(),
            Err(error) => return Err(error),
        };
        Ok(Aws {
            place,
            objects: PathBuf::new(),
            statics: HashMap::new(),
            credential_lifetime: SignedDuration::from_hours(1),
            https_port: 443,
            faults: Mutex::default(),
            recorder,
            world: Mutex::new(world),
            saved_at,
        })
    }

    /// Looks at the account.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no panic while the world is held")
    }

    /// Changes the account and writes it down.
    pub fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world();
        let result = change(&mut world);
        if let Err(error) = save(&world, &self.saved_at) {
            eprintln!("warning: the account was not saved in {}: {error}", self.saved_at.display());
        }
        result
    }
}

/// Websockets do not outlive the process that held them.
fn disconnected(mut world: World) -> World {
    world.container_instances.iter_mut().for_each(|instance| instance.agent_connected = false);
    world
}

fn save(world: &World, path: &Path) -> io::Result<()> {
    let next = path.with_extension("new");
    // Temporary credentials are in it, so it is for its owner alone.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    file.write_all(&serde_json::to_vec_pretty(world)?)?;
    std::fs::rename(&next, path)
}
