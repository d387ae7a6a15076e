//! Releases that a test signs, on a machine in memory.

use clap::Parser;
use minisign::KeyPair;

use super::*;
use crate::cli::Cli;
use crate::error::Kind;
use crate::host::Machine;
use crate::host::fake::{Fake, Survivors, fresh};
use crate::package_database::STATUS;

const FROM: &str = "https://releases.example/landfall";
const OWN: &str = "/root/landfall";
const NEWER: &[u8] = b"a newer landfall";

/// A machine that runs this version, and a server with such a release for it.
struct Offer {
    keys: KeyPair,
    fake: Fake,
}

impl Offer {
    fn of(version: &str, program: &[u8]) -> Self {
        let mut offer = Self { keys: KeyPair::generate_unencrypted_keypair().unwrap(), fake: fresh() };
        offer.fake.put(OWN, "this landfall", 0o755);
        offer.serve("landfall-x86_64-linux", program);
        offer.sign(&format!("{}  landfall-x86_64-linux\n", sum(program)), &format!("landfall {version}"));
        offer
    }

    fn sign(&mut self, sums: &str, comment: &str) {
        let signed = minisign::sign(Some(&self.keys.pk), &self.keys.sk, sums.as_bytes(), Some(comment), None);
        self.serve("SHA256SUMS", sums.as_bytes());
        self.serve("SHA256SUMS.minisig", signed.unwrap().to_string().as_bytes());
    }

    fn serve(&mut self, name: &str, content: &[u8]) {
        self.fake.served_at.insert(format!("{FROM}/{name}"), content.into());
    }

    fn flags(&self) -> UpdateFlags {
        UpdateFlags { from: Some(FROM.into()), key: Some(self.keys.pk.to_base64()), ..UpdateFlags::default() }
    }

    fn update(&mut self) -> Result<()> {
        let flags = self.flags();
        let outcome = run(&mut self.fake, &flags, Options::default(), true);
        crate::commands::make_way(&mut self.fake);
        outcome
    }

    /// That nothing was replaced, for this reason.
    #[track_caller]
    fn assert_refused(mut self, sentence: &str) {
        let before = self.fake.state();
        let error = self.update().unwrap_err();
        assert!(error.what.contains(sentence) && error.hint.is_some(), "not '{sentence}': {error}");
        assert_eq!((error.kind, error.exit_code()), (Kind::Lasting, 1));
        assert_eq!(self.fake.state(), before);
    }
}

#[test]
fn a_newer_release_takes_this_programs_place_and_a_second_run_finds_nothing_to_do() {
    let mut offer = Offer::of("9.0.0", NEWER);
    offer.update().unwrap();
    assert_eq!(offer.fake.disk.text(OWN).unwrap().as_bytes(), NEWER);
    // The program that runs in this test is of this version still: so it is offered that one.
    let mut same = Offer::of(env!("CARGO_PKG_VERSION"), b"this landfall");
    let before = same.fake.state();
    same.update().unwrap();
    assert_eq!(same.fake.state(), before);
}

#[test]
fn the_program_keeps_its_mode_and_gets_the_usual_one_where_nobody_could_run_it() {
    for (before, after) in [(0o755, 0o755), (0o750, 0o750), (0o700, 0o700), (0o4755, 0o755), (0o644, 0o755)] {
        let mut offer = Offer::of("9.0.0", NEWER);
        offer.fake.put(OWN, "this landfall", before);
        offer.update().unwrap();
        assert_eq!(offer.fake.stat(Path::new(OWN)).unwrap().unwrap().mode, after, "{before:o}");
    }
}

#[test]
fn a_program_that_somebody_replaced_meanwhile_is_left_alone() {
    for touches in 0..=3 {
        let mut offer = Offer::of("9.0.0", NEWER);
        offer.fake.replaced_at = Some(offer.fake.touches + touches);
        let before = offer.fake.state();
        let error = offer.update().unwrap_err();
        assert!(error.what.contains("was replaced meanwhile") && error.hint.is_some(), "{error}");
        assert_eq!((error.exit_code(), offer.fake.state()), (1, before));
    }
}

#[test]
fn a_program_that_is_not_the_one_of_the_units_says_that_theirs_stays_as_it_was() {
    for version in ["9.0.0", env!("CARGO_PKG_VERSION")] {
        let mut offer = Offer::of(version, b"this landfall");
        offer.update().unwrap();
        assert_eq!(offer.fake.told(), "");
        offer.fake.put(PROGRAM, "another landfall", 0o755);
        offer.update().unwrap();
        let told = offer.fake.told();
        assert!(told.contains("run '/usr/local/bin/landfall self-update'"), "{told}");
        assert_eq!(offer.fake.disk.text(PROGRAM).as_deref(), Some("another landfall"));
    }
}

#[test]
fn it_asks_through_the_proxy_of_its_flags_or_else_of_the_file() {
    let through = |flags: &[&str]| {
        let mut offer = Offer::of("9.0.0", NEWER);
        offer.fake.put("/etc/landfall/config.toml", "proxy = \"http://file:3128\"\n", 0o644);
        let key = offer.keys.pk.to_base64();
        let line = ["landfall", "self-update", "--from", FROM, "--key", &key];
        let cli = Cli::try_parse_from(line.iter().chain(flags)).unwrap();
        crate::commands::run(&mut offer.fake, cli).unwrap();
        assert_eq!(offer.fake.disk.text(OWN).unwrap().as_bytes(), NEWER);
        offer.fake.proxy.map(|proxy| (proxy.url, proxy.no_proxy))
    };
    let expected = |url: &str, spared: &[&str]| {
        Some((url.to_owned(), spared.iter().map(|&host| host.to_owned()).collect()))
    };
    assert_eq!(through(&[]), expected("http://file:3128", &[]));
    assert_eq!(through(&["--no-proxy", "a.example"]), expected("http://file:3128", &["a.example"]));
    assert_eq!(through(&["--proxy", "http://flag:3128"]), expected("http://flag:3128", &[]));
    assert_eq!(through(&["--proxy", ""]), None);
}

#[test]
fn without_an_address_and_a_key_it_is_off_and_asks_nobody() {
    let key = Offer::of("9.0.0", NEWER).keys.pk.to_base64();
    for (from, key, sentence) in [
        (None, None, "self-update is off"),
        (Some(FROM), None, "self-update is off"),
        (None, Some(key.as_str()), "self-update is off"),
        (Some("http://releases.example"), Some(key.as_str()), "is not reached over TLS"),
        (Some("https://user:secret@releases.example"), Some(key.as_str()), "maybe a password"),
        (Some(FROM), Some("RWQ"), "--key is not a public key"),
    ] {
        let mut fake = fresh();
        let before = (fake.state(), fake.touches);
        let flags = UpdateFlags {
            from: from.map(str::to_owned),
            key: key.map(str::to_owned),
            ..UpdateFlags::default()
        };
        let error = run(&mut fake, &flags, Options::default(), true).unwrap_err();
        assert!(error.what.contains(sentence) && error.hint.is_some(), "not '{sentence}': {error}");
        assert_eq!(error.exit_code(), 2);
        assert_eq!((fake.state(), fake.touches), before);
    }
}

#[test]
fn what_a_package_brought_is_left_to_the_package_manager_and_what_only_stands_there_is_not() {
    let mut offer = Offer::of("9.0.0", NEWER);
    offer.fake.packaged = true;
    offer.fake.put(PACKAGED, "this landfall", 0o755);
    let status = offer.fake.disk.text(STATUS).unwrap_or_default();
    let of_landfall =
        "Package: landfall\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.1.0-1\n\n";
    offer.fake.put(STATUS, &format!("{status}{of_landfall}"), 0o644);
    let before = (offer.fake.state(), offer.fake.touches);
    let error = offer.update().unwrap_err();
    assert!(
        error.what.contains("belongs to the package landfall 0.1.0-1") && error.hint.is_some(),
        "{error}"
    );
    assert_eq!((error.exit_code(), offer.fake.state()), (2, before.0));

    offer.fake.put(STATUS, &status, 0o644);
    offer.update().unwrap();
    assert_eq!(offer.fake.disk.text(PACKAGED).unwrap().as_bytes(), NEWER);
}

#[test]
fn an_older_release_and_another_program_of_this_version_are_refused_however_well_they_are_signed() {
    Offer::of("0.0.9", NEWER).assert_refused("is 0.0.9, and this is");
    Offer::of(env!("CARGO_PKG_VERSION"), NEWER).assert_refused("is another");
}

#[test]
fn a_release_that_a_stranger_signed_or_that_was_changed_afterwards_is_refused() {
    let mut stranger = Offer::of("9.0.0", NEWER);
    stranger.keys = KeyPair::generate_unencrypted_keypair().unwrap();
    stranger.assert_refused("the key did not sign this SHA256SUMS");

    let mut changed = Offer::of("9.0.0", NEWER);
    changed.serve("SHA256SUMS", format!("{}  landfall-x86_64-linux\n", sum(b"evil")).as_bytes());
    changed.assert_refused("the key did not sign this SHA256SUMS");

    let mut renamed = Offer::of("0.0.9", NEWER);
    let url = format!("{FROM}/SHA256SUMS.minisig");
    let signature = String::from_utf8(renamed.fake.served_at[&url].clone()).unwrap();
    renamed.serve("SHA256SUMS.minisig", signature.replace("landfall 0.0.9", "landfall 9.0.0").as_bytes());
    renamed.assert_refused("the key did not sign this SHA256SUMS");

    let mut swapped = Offer::of("9.0.0", NEWER);
    swapped.serve("landfall-x86_64-linux", b"evil");
    swapped.assert_refused("is not the program that was signed");

    let mut none = Offer::of("9.0.0", NEWER);
    none.serve("SHA256SUMS.minisig", b"<html>");
    none.assert_refused("is not a signature of minisign's");
}

#[test]
fn what_the_key_signed_for_something_else_is_no_release_for_this_machine() {
    let line = |name: &str| format!("{}  {name}\n", sum(NEWER));
    for (sums, comment, sentence) in [
        (line("landfall-x86_64-linux"), "timestamp:1795348800\tfile:SHA256SUMS", "names no version"),
        (line("landfall-x86_64-linux"), "landfall 9.0", "names no version"),
        (line("landfall-aarch64-linux"), "landfall 9.0.0", "does not list the program"),
        (line("not-landfall-x86_64-linux"), "landfall 9.0.0", "does not list the program"),
        ("abc  landfall-x86_64-linux\n".to_owned(), "landfall 9.0.0", "does not list the program"),
    ] {
        let mut offer = Offer::of("9.0.0", NEWER);
        offer.sign(&sums, comment);
        offer.assert_refused(sentence);
    }
}

#[test]
fn a_power_cut_at_any_touch_leaves_the_old_program_or_the_new_one_and_another_run_leaves_nothing_beside_it() {
    let mut offer = Offer::of("9.0.0", NEWER);
    offer.fake.keep_moments();
    offer.update().unwrap();
    let moments = offer.fake.take_moments();
    assert!(moments.len() > 5, "only {} touches", moments.len());
    for (at, moment) in moments.into_iter().enumerate() {
        for survivors in [Survivors::None, Survivors::All, Survivors::Some(1), Survivors::Some(2)] {
            let mut cut = Offer { keys: offer.keys.clone(), fake: moment.clone() };
            cut.fake.lose_power(survivors);
            let program = cut.fake.disk.text(OWN).unwrap_or_default();
            assert!(program == "this landfall" || program.as_bytes() == NEWER, "'{program}' at touch {at}");
            cut.update().unwrap();
            assert_eq!(cut.fake.disk.text(OWN).unwrap().as_bytes(), NEWER);
            let left: Vec<String> =
                cut.fake.state().into_keys().filter(|it| it.contains("landfall-new")).collect();
            assert!(left.is_empty(), "{left:?} at touch {at}");
        }
    }
}

#[test]
fn a_failure_at_any_touch_keeps_the_program_whole() {
    let mut whole = Offer::of("9.0.0", NEWER);
    let begun = whole.fake.touches;
    whole.update().unwrap();
    for touch in begun + 1..=whole.fake.touches {
        let mut offer = Offer::of("9.0.0", NEWER);
        offer.fake.fails_at = Some(touch);
        let _ = offer.update();
        let program = offer.fake.disk.text(OWN).unwrap_or_default();
        assert!(program == "this landfall" || program.as_bytes() == NEWER, "'{program}' at touch {touch}");
    }
}
