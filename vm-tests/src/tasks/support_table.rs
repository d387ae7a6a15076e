//! `support-table`: takes in what scenarios recorded, and writes the support tables anew.

use std::path::Path;

use crate::documented::Sources;
use crate::error::Result;
use crate::machine_proofs::MachineProof;
use crate::matrix::proofs::CellProof;
use crate::proofs::Proof;
use crate::proofs::list::{self, Listed};
use crate::{matrix, support_table};

/// Merges what is in `recorded`, if that is given, and says what became of it.
pub fn run(recorded: Option<&Path>) -> Result<()> {
    if let Some(folder) = recorded {
        let sources = Sources::read()?;
        take::<Proof>(folder, |test| sources.have_test(test))?;
        take::<MachineProof>(folder, |test| sources.have_test(test))?;
        take::<CellProof>(folder, |cell| matrix::named(cell).is_some())?;
    }
    match support_table::renew()?.as_slice() {
        [] => println!("the support tables are as they have to be"),
        changed => println!("renewed: {}", changed.join(", ")),
    }
    Ok(())
}

fn take<P: Listed>(folder: &Path, is_there: impl Fn(&str) -> bool) -> Result<()> {
    let (count, dropped) = list::merge::<P>(folder, is_there)?;
    println!("{count} proofs were taken into vm-tests/{}", P::LIST);
    for name in dropped {
        println!("nothing is called {name} any more, and its proof is gone");
    }
    Ok(())
}
