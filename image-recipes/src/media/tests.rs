use super::*;
use crate::payload::Manifest;

fn task(wipe: bool) -> Task {
    let (name, sha256) = ("it's \"golden\".qcow2".into(), "00".into());
    let manifest =
        Manifest { version: 1, name, sha256, size: 4 << 30, least_bytes: 4 << 30, pieces: Vec::new() };
    let order = Order {
        id: "0123456789abcdef".into(),
        disk: Choice::Serial("S4EV'NX0".into()),
        wipe,
        from: From::Medium("x".into()),
    };
    Task { order, manifest, seed: Vec::new() }
}

#[test]
fn the_menu_says_what_happens_to_which_disk_and_grub_understands_it() {
    for wipe in [false, true] {
        let menu = grub::menu(&task(wipe), Some(2));
        assert!(menu.contains("Write it_s _golden_.qcow2 to the disk with serial S4EV_NX0"), "{menu}");
        assert!(menu.contains("search --no-floppy --file --set=written /written-0123456789abcdef"), "{menu}");
        assert!(menu.contains("set root=$disk,gpt2; chainloader /EFI/BOOT/BOOTX64.EFI"), "{menu}");
        assert_eq!(menu.contains("landfall.again"), wipe, "{menu}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("grub.cfg");
        fs::write(&file, menu).unwrap();
        crate::program::Program::new("grub-script-check", "grub-common").arg(&file).run().unwrap();
    }
}

#[test]
fn a_script_of_ipxes_takes_its_files_from_where_it_came_from() {
    let script = netboot::script(&task(false));
    assert!(
        script.starts_with("#!ipxe\n") && script.contains("kernel vmlinuz initrd=initrd.img "),
        "{script}"
    );
    assert!(script.contains("to the disk with serial S4EV'NX0, if it is empty."), "{script}");
}

#[test]
fn an_address_is_one_of_a_folder() {
    assert_eq!(netboot::base("http://10.0.2.2/a").unwrap(), "http://10.0.2.2/a/");
    assert_eq!(netboot::base("https://x.example/").unwrap(), "https://x.example/");
    for wrong in ["10.0.2.2/a", "tftp://x/", "http://u:p@x/", "http://x/?a", ""] {
        assert_eq!(netboot::base(wrong).unwrap_err().exit_code(), 2, "{wrong}");
    }
}

#[test]
fn a_medium_without_a_disk_is_refused_with_how_to_name_one() {
    let flags = Common { image: "/no/such/image".into(), disk: None, wipe: false, seed: None, sources: None };
    let error = Made::make(&flags, Path::new("/no"), |_| From::Medium(String::new())).map(drop).unwrap_err();
    assert!(error.hint.unwrap().contains("--disk serial="), "which disk");
}

#[test]
fn a_seed_that_others_may_read_or_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("landfall.toml");
    fs::write(&file, "region = \"eu-central-1\"\n").unwrap();
    public(&file).unwrap();
    assert!(seed_files(Some(&file)).unwrap_err().what.contains("others than its owner"));
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(seed_files(Some(&file)).unwrap().len(), 1);
    fs::write(folder.path().join("landfall.toml.minisig"), "x").unwrap();
    assert_eq!(seed_files(Some(&file)).unwrap()[1].0, "landfall.toml.minisig");
    fs::write(&file, "no = seed").unwrap();
    assert!(seed_files(Some(&file)).is_err());
}

#[test]
fn an_image_for_another_order_has_another_name_and_the_earlier_ones_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let (own, earlier) = (netboot::image("ab"), netboot::image("cd"));
    for name in [own.as_str(), earlier.as_str(), "landfall.ipxe", "vmlinuz"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    assert_eq!(netboot::others(folder.path(), &own), [folder.path().join(earlier)]);
}

#[test]
fn a_seed_is_what_a_first_boot_takes_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("landfall.toml");
    let taken = |text: &str| {
        private(&file).unwrap();
        fs::write(&file, text).unwrap();
        seed_files(Some(&file)).map(|it| it.len()).map_err(|e| e.what)
    };
    assert_eq!(taken("region = \"eu-central-1\"\n"), Ok(1));
    assert_eq!(
        taken(r#"{"ActivationId": "i", "ActivationCode": "c", "ResponseMetadata": {"a": [1]}}"#),
        Ok(1)
    );
    for wrong in
        ["5", "{}", "[1]", r#"{"id": "x", "disk": "serial=x"}"#, r#"{"ActivationId": "i"}"#, "password = 1"]
    {
        assert!(taken(wrong).unwrap_err().ends_with("landfall.toml is not a seed"), "{wrong}");
    }
    fs::create_dir(folder.path().join("landfall.toml.minisig")).unwrap();
    assert!(taken("").unwrap_err().contains("landfall.toml.minisig: "), "a signature that cannot be read");
}
