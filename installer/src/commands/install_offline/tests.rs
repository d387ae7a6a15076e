//! Trees on a real disk, and what boots from one in memory.
#![allow(clippy::disallowed_methods, reason = "tests make and read their own trees")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use landfall_contract::seal_list::survivors;
use tempfile::TempDir;

use super::*;
use crate::host::linux::Linux;
use crate::receipt::Receipt;

const DEBIAN: &str = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";

/// A tree as a distribution leaves it: the file in /etc is a link.
fn tree(os_release: &str) -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    for folder in ["etc", "usr/lib", "usr/local", "var/lib"] {
        fs::create_dir_all(tree.path().join(folder)).unwrap();
    }
    fs::write(tree.path().join("usr/lib/os-release"), os_release).unwrap();
    symlink("../usr/lib/os-release", tree.path().join("etc/os-release")).unwrap();
    tree
}

fn install(root: &Path, config: Option<&Path>) -> Result<()> {
    run(&mut Linux::open(), root, &Options::default(), config, true)
}

/// Every path below a folder, with what it is.
fn listing(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|it| it.unwrap()) {
        found.push(format!("{} {:?}", entry.path().display(), entry.metadata().unwrap().modified().unwrap()));
        if entry.file_type().unwrap().is_dir() {
            found.extend(listing(&entry.path()));
        }
    }
    found.sort();
    found
}

const UNITS: [&str; 3] =
    ["landfall-guard.service", "landfall-first-boot.service", "landfall-ssh-host-keys.service"];

/// The link that has a unit of a tree start at boot.
fn wanted(tree: &Path, unit: &str) -> PathBuf {
    tree.join("etc/systemd/system/multi-user.target.wants").join(unit)
}

#[test]
fn a_tree_gets_program_configuration_units_hook_and_mark_and_a_second_run_changes_nothing() {
    let tree = tree(DEBIAN);
    let config = tree.path().join("given.toml");
    fs::write(&config, "region = \"us-east-1\"\n").unwrap();
    install(tree.path(), Some(&config)).unwrap();
    let mode = |path: &str| fs::metadata(tree.path().join(path)).unwrap().permissions().mode() & 0o7777;
    for (path, bits) in [
        ("usr/local/bin/landfall", 0o755),
        ("etc/landfall/config.toml", 0o600),
        ("etc/cloud/clean.d/50-landfall", 0o755),
        ("etc/systemd/system/landfall-ssh-host-keys.service", 0o644),
        ("var/lib/landfall", 0o700),
        ("var/lib/landfall/sealed", 0o600),
    ] {
        assert_eq!(mode(path), bits, "{path}");
    }
    for unit in UNITS {
        let target = Path::new("/etc/systemd/system").join(unit);
        assert_eq!(fs::read_link(wanted(tree.path(), unit)).unwrap(), target);
    }
    let receipt = Receipt::read_in(&Linux::open(), tree.path()).unwrap();
    let told = serde_json::to_string(&receipt).unwrap();
    assert!(
        told.contains("\"/etc/cloud/clean.d\"") && !told.contains(tree.path().to_str().unwrap()),
        "{told}"
    );

    let before = listing(tree.path());
    install(tree.path(), Some(&config)).unwrap();
    let (after, state) = (listing(tree.path()), format!("{}", tree.path().join("var").display()));
    let elsewhere = |it: &&String| !it.starts_with(&state);
    assert_eq!(
        before.iter().filter(elsewhere).collect::<Vec<_>>(),
        after.iter().filter(elsewhere).collect::<Vec<_>>()
    );
}

#[test]
fn a_unit_of_a_tree_that_somebody_disabled_is_enabled_again_and_the_receipt_knows_what_was_at_first() {
    let tree = tree(DEBIAN);
    install(tree.path(), None).unwrap();
    let receipt = || Receipt::read_in(&Linux::open(), tree.path()).unwrap().entries;
    let (first, link) = (receipt(), wanted(tree.path(), UNITS[1]));
    fs::remove_file(&link).unwrap();
    install(tree.path(), None).unwrap();
    assert!(link.is_symlink());
    assert_eq!(receipt(), first);
}

#[test]
fn what_is_no_tree_of_a_supported_system_is_refused_and_not_touched() {
    let empty = tempfile::tempdir().unwrap();
    let unknown = tree("ID=plan9\nVERSION_ID=4\n");
    let root = tempfile::tempdir().unwrap();
    symlink("/", root.path().join("link")).unwrap();
    for (path, word) in [
        (empty.path(), "no system"),
        (unknown.path(), "plan9"),
        (&root.path().join("link"), "this machine's own"),
        (Path::new("/./"), "this machine's own"),
        (&empty.path().join("nowhere"), "there is no folder"),
    ] {
        let before = if path == Path::new("/./") || path.is_symlink() { Vec::new() } else { of(path) };
        let error = install(path, None).unwrap_err();
        assert!(error.exit_code() == 2 && error.hint.is_some(), "{}: {error}", path.display());
        assert!(error.to_string().contains(word), "{}: {error}", path.display());
        assert!(before.is_empty() || before == of(path), "{}", path.display());
    }
}

#[test]
fn a_system_for_another_processor_is_refused_and_not_touched() {
    let program = |number: u16| {
        let mut head = elf::program(&[1]);
        head[18..20].copy_from_slice(&number.to_le_bytes());
        head
    };
    let (own, other) = if cfg!(target_arch = "x86_64") { (62, 183) } else { (183, 62) };
    for place in PROGRAMS {
        let tree = tree(DEBIAN);
        let file = tree.path().join(place);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, program(other)).unwrap();
        let before = listing(tree.path());
        let error = install(tree.path(), None).unwrap_err();
        let its = elf::machine(&program(other)).unwrap();
        assert!(error.exit_code() == 2 && error.what.contains(&format!("a system for {its}")), "{error}");
        assert!(error.hint.is_some_and(|hint| hint.contains(its)), "{place}");
        assert_eq!(listing(tree.path()), before, "{place}");
        fs::write(&file, program(own)).unwrap();
        install(tree.path(), None).unwrap();
    }
}

fn of(path: &Path) -> Vec<String> {
    if path.exists() { listing(path) } else { Vec::new() }
}

#[test]
fn a_link_that_leads_out_of_the_tree_is_refused_and_nothing_is_touched_on_either_side() {
    for way in ["usr/local/bin", "etc/systemd", "var/lib/landfall", "etc/cloud"] {
        let (tree, outside) = (tree(DEBIAN), tempfile::tempdir().unwrap());
        symlink(outside.path(), tree.path().join(way)).unwrap();
        let before = listing(tree.path());
        let error = install(tree.path(), None).unwrap_err();
        assert!(error.exit_code() == 2 && error.what.contains(way), "{way}: {error}");
        assert_eq!(listing(tree.path()), before, "{way}");
        assert_eq!(listing(outside.path()), Vec::<String>::new(), "{way}");
    }
}

/// A tree knows the names under which files grow, and its maker may be nobody to trust.
#[test]
fn a_link_at_the_place_where_a_file_grows_is_replaced_and_what_it_leads_to_is_not_touched() {
    for file in ["usr/local/bin/landfall", "etc/cloud/clean.d/50-landfall", "var/lib/landfall/receipt.json"] {
        for (victim, stood) in [("passwd", true), ("not-there-yet", false)] {
            let (tree, outside) = (tree(DEBIAN), tempfile::tempdir().unwrap());
            let (file, victim) = (tree.path().join(file), outside.path().join(victim));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            if stood {
                fs::write(&victim, "root:x:0:0\n").unwrap();
                fs::set_permissions(&victim, fs::Permissions::from_mode(0o640)).unwrap();
            }
            let before = listing(outside.path());
            symlink(&victim, crate::durable::temporary(&file)).unwrap();
            install(tree.path(), None).unwrap();
            assert_eq!(listing(outside.path()), before, "{}", file.display());
            let bits = stood.then(|| fs::metadata(&victim).unwrap().permissions().mode() & 0o7777);
            assert_eq!(bits, stood.then_some(0o640), "{}", file.display());
            assert!(fs::symlink_metadata(&file).unwrap().is_file(), "{}", file.display());
        }
    }
}

#[test]
fn flags_and_an_activation_are_refused() {
    let tree = tree(DEBIAN);
    let before = listing(tree.path());
    let flags = Options { region: Some("us-east-1".into()), ..Options::default() };
    let error = run(&mut Linux::open(), tree.path(), &flags, None, true).unwrap_err();
    assert!(error.exit_code() == 2 && error.hint.unwrap().contains("--config"));
    let secret = tempfile::tempdir().unwrap().keep();
    let file = secret.join("config.toml");
    for text in [
        "activation-code = \"GoodCodeGoodCode1234\"\n",
        "\"activation-code\" = \"\"\"\nGoodCodeGoodCode1234\"\"\"\n",
        "'activation-id' = 'GoodCode-0000'\n",
        "activation-file = \"/root/GoodCode\"\n",
    ] {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let error = install(tree.path(), Some(&file)).unwrap_err();
        assert!(error.exit_code() == 2 && error.what.contains("sets activation-"), "{text}: {error}");
        assert!(!error.to_string().contains("GoodCode"), "{error}");
    }
    fs::remove_dir_all(secret).unwrap();
    assert_eq!(listing(tree.path()), before);
}

#[test]
fn the_first_boot_of_such_a_tree_can_be_brought_up_and_taken_back() {
    use crate::host::EntryKind;
    use crate::host::fake::{Fake, fresh};
    const ROOT: &str = "/mnt/tree";
    let mut here = fresh();
    let os_release = here.disk.text("/etc/os-release").unwrap();
    here.put(&format!("{ROOT}/etc/os-release"), &os_release, 0o644);
    run(&mut here, Path::new(ROOT), &Options::default(), None, true).unwrap();

    let mut booted: Fake = fresh();
    let found = booted.state();
    let placed: Vec<_> = here.disk.all().map(|(path, node)| (path.clone(), node.clone())).collect();
    for (path, node) in placed {
        let Ok(path) = path.strip_prefix(ROOT) else { continue };
        let path = Path::new("/").join(path);
        let text = String::from_utf8_lossy(&node.content).into_owned();
        match node.kind.entry() {
            EntryKind::File => booted.put(path.to_str().unwrap(), &text, node.mode),
            EntryKind::Link => crate::host::Machine::link(&mut booted, &path, Path::new(&text)).unwrap(),
            _ => {}
        }
    }
    booted.disk.settle();
    booted.boot();
    assert_eq!(booted.strays, 0);
    let ids: Vec<&str> = survivors(&crate::seal::Machine(&booted))
        .unwrap()
        .into_iter()
        .filter(|it| it.gate)
        .map(|it| it.id)
        .collect();
    assert_eq!(ids, ["machine-id"], "a tree of a machine that ran");
    crate::commands::uninstall::take_back(&mut booted, &mut |_| {}).unwrap();
    let mut state = booted.state();
    state.retain(|name, _| name.starts_with('/'));
    let mut should = found;
    should.retain(|name, _| name.starts_with('/'));
    assert_eq!(state, should);
}
