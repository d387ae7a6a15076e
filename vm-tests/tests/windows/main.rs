//! `landfall.exe`, as people download it, under wine.
//!
//! Each test says what it proves of Landfall, and what it does not prove of Windows, which ran in none of them.
//! docs/windows.md has the list.

use vm_tests::error::Result;
use vm_tests::programs;
use vm_tests::wine::Wine;
use vm_tests::world::World;

mod joining;
mod machine;
mod planning;
mod program;

/// Where people's `landfall.exe` is.
const LANDFALL: &str = r"C:\landfall.exe";

/// Runs a test on a machine that has nothing of ours, in a network with nobody else. Where machines cannot run, that is
/// said.
fn on_a_bare_machine(test: impl FnOnce(&mut Wine) -> Result<()>) -> Result<()> {
    if !vm_tests::guest::can_run() {
        return Ok(());
    }
    test(&mut World::empty()?.wine()?)
}

/// The same with `landfall.exe` on the machine.
fn on_a_machine(test: impl FnOnce(&mut Wine) -> Result<()>) -> Result<()> {
    on_a_bare_machine(|machine| {
        machine.copy_in(&programs::landfall_for_windows()?, "landfall.exe")?;
        test(machine)
    })
}
