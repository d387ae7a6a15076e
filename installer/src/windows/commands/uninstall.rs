//! `uninstall` on Windows: walks the receipt backwards; what was there before Landfall came stays.

use std::path::Path;

use serde_json::json;

use super::{must_be_alone, must_be_elevated};
use crate::apply::{Listener, undo};
use crate::commands::print_json;
use crate::commands::uninstall::container_instance;
use crate::durable;
use crate::error::Result;
use crate::receipt::ReceiptOf;
use crate::step::{Leftovers, forget_folder};
use crate::ui::Ui;
use crate::windows::door::Windows;
use crate::windows::places::{LANDFALL, STATE};
use crate::windows::step::Step;

/// Takes everything back.
///
/// # Errors
/// When something cannot be taken back; what remains stays in the receipt, for the next try.
pub fn run(host: &mut dyn Windows, json: bool) -> Result<()> {
    must_be_elevated(host)?;
    must_be_alone(host)?;
    let count = ReceiptOf::<Step>::read(host)?.entries.len();
    let ui = Ui::new(host.env("NO_COLOR").is_some(), host.progress());
    let instance = container_instance(host);
    let mut leftovers = take_back(host, &mut |event| ui.show(&event))?;
    leftovers.extend(instance.filter(|_| count > 0));
    if json {
        print_json(&json!({"version": 1, "taken_back": count, "leftovers": leftovers}));
    }
    leftovers.iter().for_each(|leftover| eprintln!("left: {leftover}"));
    if count == 0 {
        eprintln!("nothing to do: Landfall changed nothing here, or it was taken back already");
    }
    Ok(())
}

/// Undoes the receipt, then forgets Landfall's own state.
pub(in crate::windows) fn take_back(
    host: &mut dyn Windows,
    listen: &mut Listener<Step>,
) -> Result<Leftovers> {
    let leftovers = undo::<Step>(host, listen)?;
    forget_folder(host, Path::new(STATE))?;
    // Somebody's own configuration may be in it.
    if host.list(Path::new(LANDFALL))?.is_empty() {
        durable::remove(host, Path::new(LANDFALL))?;
    }
    Ok(leftovers)
}
