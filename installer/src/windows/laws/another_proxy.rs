//! A joined machine gets another proxy, for which Docker is stopped, and with Docker the ECS agent that needs it.

use super::*;

fn through(proxy: &str) -> Options {
    Options { proxy: Some(format!("http://{proxy}.example:3128")), ..options() }
}

/// The machine that gets it, and the same one that always had it.
fn machines() -> (Fake, Fake) {
    let (mut first, mut always) = (fresh(), fresh());
    (first.at_once, always.at_once) = (true, true);
    bring_with(&mut first, &through("proxy"), Goal::Up).unwrap();
    bring_with(&mut always, &through("another"), Goal::Up).unwrap();
    (first, always)
}

#[test]
fn another_proxy_equals_having_had_it_from_the_start_wherever_a_run_was_cut_short() {
    let (joined, always) = machines();
    let mut found = fresh();
    found.at_once = true;
    found.boot();
    for touch in 1.. {
        let what = format!("failure at touch {touch}");
        let mut fake = joined.clone();
        (fake.touches, fake.fails_at) = (0, Some(touch));
        let _ = bring_with(&mut fake, &through("another"), Goal::Up);
        let done = fake.touches < touch;
        fake.fails_at = None;
        let mut undone = fake.clone();
        bring_with(&mut fake, &through("another"), Goal::Up).unwrap();
        same(&success(&fake), &success(&always), &what);
        restored(&mut undone, &what);
        same(&original(&undone), &original(&found), &format!("{what}, undone"));
        if done {
            assert!(touch > 5, "only {touch} touches");
            break;
        }
    }
}
