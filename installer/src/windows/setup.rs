//! Whether Windows sets itself up: at the first start of an image it gives the machine its name, restarts, and asks what it
//! was not told. Services run meanwhile.

use super::door::{Value, Windows};
use super::places::SETUP;

/// Whether it does, as far as it says so.
#[must_use]
pub fn is_at_work(host: &dyn Windows) -> bool {
    let values = host.values(SETUP).ok().flatten().unwrap_or_default();
    values.get("SystemSetupInProgress").is_some_and(|value| *value != Value::Number(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::fake::fresh;

    #[test]
    fn windows_sets_itself_up_only_where_it_says_so() {
        let mut fake = fresh();
        assert!(!is_at_work(&fake));
        for (value, at_work) in [(0, false), (1, true)] {
            let values = [("SystemSetupInProgress".to_owned(), Value::Number(value))];
            fake.registry.insert(SETUP.into(), values.into());
            assert_eq!(is_at_work(&fake), at_work);
        }
    }
}
