//! That the program starts, and keeps the contract of its command line.
//!
//! Shown: it finds all its libraries, and its arguments and exit codes pass through Windows' interfaces. Not shown: that
//! a real Windows has those libraries, which `scripts/build` compares with a list instead.

use vm_tests::error::Result;

use crate::{LANDFALL, on_a_machine};

#[test]
fn it_says_its_version_and_ends_with_0() -> Result<()> {
    on_a_machine(|machine| {
        let output = machine.run(LANDFALL, &["--version"])?;
        assert_eq!((output.status, output.stdout.as_str()), (0, "landfall 0.1.0\n"), "{}", output.stderr);
        Ok(())
    })
}

#[test]
fn wrong_usage_ends_with_2_and_one_sentence() -> Result<()> {
    on_a_machine(|machine| {
        let output = machine.run(LANDFALL, &["sideways"])?;
        assert_eq!((output.status, output.stdout.as_str()), (2, ""), "{}", output.stderr);
        assert!(output.stderr.contains("sideways"), "{}", output.stderr);
        Ok(())
    })
}
