//! `support-table`: takes in what scenarios recorded, and writes the support tables anew.

use std::path::Path;

use crate::documented::Sources;
use crate::error::Result;
use crate::{machine_proofs, matrix, proofs, support_table};

/// Merges what is in `recorded`, if that is given, and says what became of it.
pub fn run(recorded: Option<&Path>) -> Result<()> {
    if let Some(folder) = recorded {
        let (count, dropped) = proofs::merge(folder)?;
        println!("{count} proofs were taken into vm-tests/proofs.toml");
        let sources = Sources::read()?;
        let count = machine_proofs::merge(folder, |test| sources.have_test(test))?;
        println!("{count} proofs were taken into vm-tests/machine-proofs.toml");
        let count = matrix::proofs::merge(folder)?;
        println!("{count} proofs were taken into vm-tests/cell-proofs.toml");
        for test in dropped {
            println!("{test} is no test any more, and its proof is gone");
        }
    }
    match support_table::renew()?.as_slice() {
        [] => println!("the support tables are as they have to be"),
        changed => println!("renewed: {}", changed.join(", ")),
    }
    Ok(())
}
