//! Files as they should be, and each way in which one is broken.

use super::*;
use crate::host::Machine;
use crate::host::fake::fresh;

fn told(text: &str) -> Told {
    Told::parse("os-release", text.as_bytes())
}

fn flaw(content: &[u8]) -> String {
    let told = Told::parse("os-release", content);
    told.broken.unwrap_or_else(|| panic!("not broken: {:?}", String::from_utf8_lossy(content)))
}

#[test]
fn values_are_read_with_quotes_of_both_kinds_and_without() {
    let told = told(
        "# a comment\n\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n  ID=debian  \nVERSION_ID='12' # so it is\n\
         VERSION_CODENAME=bookworm # too\nID_LIKE=\"one two\"\nNAME=Debian GNU/Linux",
    );
    let os = &told.os;
    assert_eq!((os.id.as_str(), os.version_id.as_str(), os.codename.as_str()), ("debian", "12", "bookworm"));
    assert_eq!(os.pretty_name, "Debian GNU/Linux 12 (bookworm)");
    assert_eq!((os.name.as_str(), &os.id_like[..]), ("Debian GNU/Linux", &["one".into(), "two".into()][..]));
    assert_eq!((told.broken, told.immutable), (None, None));
}

#[test]
fn what_a_backslash_guards_is_taken_as_it_is() {
    let name = |line: &str| told(&format!("ID=x\n{line}\n")).os.name;
    assert_eq!(name(r#"NAME="\"a\" \$b \`c\` \\ \d""#), r#""a" $b `c` \ \d"#);
    assert_eq!(name(r"NAME='$a `b` \c'"), r"$a `b` \c");
    assert_eq!(name(r"NAME=Linux\ Mint"), "Linux Mint");
}

#[test]
fn the_last_assignment_wins_and_other_lines_and_keys_are_nobodys() {
    let os = told("ID=arch\nexport ID=void\nID = x\n=\nID\n2ID=x\nMY_ID=x\nID=debian\n").os;
    assert_eq!(os, OsRelease { id: "debian".into(), ..OsRelease::default() });
}

#[test]
fn a_parents_codename_is_told_under_either_name() {
    let parent = |lines: &str| told(&format!("ID=x\n{lines}")).os.parent_codename;
    assert_eq!(parent("UBUNTU_CODENAME=noble\nDEBIAN_CODENAME=trixie\n"), "noble");
    assert_eq!(parent("DEBIAN_CODENAME='bookworm'\n"), "bookworm");
}

#[test]
fn every_way_of_being_broken_has_its_sentence() {
    for (content, why) in [
        ("", "it is empty"),
        ("\n \n", "it is empty"),
        ("# nothing\n", "it has no ID"),
        ("ID=\n", "it has no ID"),
        ("ID=debian\0\n", "it is binary, not text"),
        ("ID=debian\r\nVERSION_ID=12\r\n", "its lines end as those of Windows do (CRLF)"),
        ("ID=debian\nHOME_URL=\"\n", "line 2 has a quote that is not closed"),
        ("ID='debian\n", "line 1 has a quote that is not closed"),
        ("ID=\"debian'\n", "line 1 has a quote that is not closed"),
        ("ID=debian\nNAME=\"$(touch /tmp/x)\"\n", "line 2 asks a shell to work its value out"),
        ("ID=debian\nNAME=\"`id`\"\n", "line 2 asks a shell to work its value out"),
        ("ID=$NAME\n", "line 1 asks a shell to work its value out"),
        ("ID=debian; touch /tmp/x\n", "line 1 has more than a value for a shell"),
        ("ID=debian && touch /tmp/x\n", "line 1 has more than a value for a shell"),
        ("ID=deb\"ian\"\n", "line 1 has a quote inside a value"),
        ("ID=\"deb\"ian\n", "line 1 goes on behind its quotes"),
        ("ID=debian\\\n", "line 1 ends in a backslash"),
        ("ID=Debian\n", "its ID is not of small letters, figures, '.', '_' and '-' alone"),
        ("ID=\"debian \"\n", "its ID is not of small letters, figures, '.', '_' and '-' alone"),
        ("ID=../x\n", "its ID is not of small letters, figures, '.', '_' and '-' alone"),
    ] {
        assert_eq!(flaw(content.as_bytes()), format!("os-release is broken: {why}"), "{content:?}");
    }
}

#[test]
fn what_was_understood_of_a_broken_file_is_kept() {
    let told = told("ID=debian\r\nVERSION_ID=\"12\"\r\nNAME=\"x\r\n");
    assert!(told.broken.is_some());
    assert_eq!((told.os.id.as_str(), told.os.version_id.as_str()), ("debian", "12"));
}

#[test]
fn no_character_that_a_terminal_obeys_is_kept() {
    let os = told("ID=debian\nPRETTY_NAME=\"\u{1b}[31mred\u{7}\u{9b}0m\"\n").os;
    assert_eq!(os.pretty_name, "\u{fffd}[31mred\u{fffd}\u{fffd}0m");
    assert!(!told("ID=\"\u{1b}[2J\"\n").os.id.contains('\u{1b}'));
}

#[test]
fn a_file_of_ten_megabytes_is_not_read_to_its_end() {
    let mut fake = fresh();
    let content = "ID=debian\nVERSION_ID=12\n".repeat(10 << 20 >> 4);
    fake.put("/root/os-release", &content, 0o644);
    let told = Told::of_file(&fake, Path::new("/root/os-release"));
    assert_eq!(
        told.broken.as_deref(),
        Some("/root/os-release has more than 64 KiB, which no os-release has")
    );
    assert_eq!(told.os, OsRelease::default());
}

#[test]
fn the_first_place_counts_and_one_without_any_says_so() {
    let mut fake = fresh();
    assert_eq!(Told::here(&fake).os.id, "debian");
    fake.put("/usr/lib/os-release", "ID=other\n", 0o644);
    assert_eq!(Told::here(&fake).os.id, "debian");
    fake.remove(Path::new("/etc/os-release")).unwrap();
    assert_eq!(Told::here(&fake).os.id, "other");
    fake.remove(Path::new("/usr/lib/os-release")).unwrap();
    assert!(Told::here(&fake).broken.unwrap().starts_with("there is no os-release"));
    let told = Told::of_file(&fake, Path::new("/nowhere"));
    assert_eq!(told.broken.as_deref(), Some("there is no file /nowhere"));
    let told = Told::of_file(&fake, Path::new("/etc"));
    assert_eq!(told.broken.as_deref(), Some("/etc cannot be read: /etc is a folder"));
}

#[test]
fn a_system_that_ostree_lays_out_says_so() {
    let told = told("ID=fedora\nOSTREE_VERSION='43.20261101.0'\n");
    assert_eq!(told.immutable.as_deref(), Some("ostree"));
}
