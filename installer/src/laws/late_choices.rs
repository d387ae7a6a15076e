//! Attributes and tags that are chosen when the machine is a container instance already.

use super::*;

#[test]
fn attributes_that_come_late_change_nothing_restart_nothing_and_are_told_each_time() {
    let mut fake = fresh();
    brought(&mut fake, Choices::PLAIN, "fresh");
    let (state, service) = (fake.state(), fake.service.clone());
    let late = Choices { pairs: true, ..Choices::PLAIN };
    for _ in 0..2 {
        assert_eq!(brought(&mut fake, late, "fresh"), 0);
        assert!(fake.state() == state && fake.service == service, "something was touched");
        let config = Config::resolve(&fake, &late.options()).unwrap();
        let facts = Facts::gather(&fake).unwrap();
        let found = crate::findings::findings(&facts, &config, Some(&distro(&facts).unwrap()), Goal::Up);
        let codes: Vec<&str> =
            found.iter().map(|it| it.code.name()).filter(|it| it.starts_with("late-")).collect();
        assert_eq!(codes, ["late-attributes", "late-tags"]);
    }
}
