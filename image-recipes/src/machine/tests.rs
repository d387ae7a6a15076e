use std::path::Path;

use super::*;

fn spec() -> Spec {
    Spec {
        name: "clone-1".into(),
        firmware: Firmware::Bios,
        memory: 1024,
        processors: 2,
        disks: vec![
            Disk {
                file: "/images/a,b.qcow2".into(),
                format: Format::Qcow2,
                bus: Bus::Virtio,
                read_only: false,
            },
            Disk { file: "/seeds/1".into(), format: Format::Raw, bus: Bus::Usb, read_only: true },
        ],
        network: Some(Network { mac: Some("02:00:00:00:00:01".into()), ..Network::default() }),
        identity: Identity {
            uuid: Some("11111111-2222-3333-4444-555555555555".into()),
            oem_strings: vec!["a=b,c".into()],
        },
        fw_cfg: vec![("opt/landfall/seed".into(), "/seeds/toml".into())],
        ports: vec!["landfall.test.0".into()],
        report: true,
        interactive: false,
    }
}

fn line(spec: &Spec) -> String {
    let words = arguments::of(spec, Accelerator::Tcg, Path::new("/run/here"));
    words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_comma_in_a_path_or_a_string_does_not_end_a_word() {
    let line = line(&spec());
    assert!(line.contains("file=/images/a,,b.qcow2,format=qcow2"), "{line}");
    assert!(line.contains("-smbios type=11,value=a=b,,c"), "{line}");
}

#[test]
fn it_boots_from_its_first_disk_and_a_usb_stick_brings_its_own_hub() {
    let line = line(&spec());
    assert!(line.contains("virtio-blk-pci,drive=disk0,serial=disk0,bootindex=1"), "{line}");
    assert!(
        line.contains("-device qemu-xhci,id=adapter1 -device usb-storage,drive=disk1,removable=on"),
        "{line}"
    );
    assert_eq!(line.matches("bootindex").count(), 1);
    assert_eq!(line.matches("readonly=on").count(), 1);
}

#[test]
fn uefi_keeps_its_variables_apart_from_its_code() {
    let (code, variables) = ("/ovmf/code".into(), "/run/here/uefi-variables".into());
    let line = line(&Spec { firmware: Firmware::Uefi { code, variables }, ..spec() });
    assert!(line.contains("unit=0,file=/ovmf/code,readonly=on"), "{line}");
    assert!(line.contains("unit=1,file=/run/here/uefi-variables "), "{line}");
}

#[test]
fn secure_boot_keeps_its_variables_from_all_but_the_firmware() {
    let (code, variables): (std::path::PathBuf, std::path::PathBuf) =
        ("/ovmf/code".into(), "/here/variables".into());
    let secure = Firmware::SecureBoot { code: code.clone(), variables: variables.clone() };
    let secure = line(&Spec { firmware: secure, ..spec() });
    assert!(
        secure.contains("-machine q35,smm=on") && secure.contains("property=secure,value=on"),
        "{secure}"
    );
    let plain = line(&Spec { firmware: Firmware::Uefi { code, variables }, ..spec() });
    assert!(plain.contains("-machine q35 ") && !plain.contains("property=secure"), "{plain}");
    assert!(plain.contains("-smp 2 "), "{plain}");
}

#[test]
fn a_scsi_disk_hangs_on_an_adapter_of_its_own_and_a_card_is_what_was_asked_for() {
    for (bus, adapter) in [(Bus::Pvscsi, "pvscsi"), (Bus::VirtioScsi, "virtio-scsi-pci")] {
        let mut spec = spec();
        spec.disks[0].bus = bus;
        let line = line(&spec);
        assert!(
            line.contains(&format!(
                "-device {adapter},id=adapter0 -device scsi-hd,drive=disk0,bus=adapter0.0"
            )),
            "{line}"
        );
    }
    let network = Network { card: Card::Vmxnet3, ..Network::default() };
    assert!(line(&Spec { network: Some(network), ..spec() }).contains("-device vmxnet3,netdev=network"));
}

#[test]
fn a_restricted_network_says_so_and_nothing_listens_on_a_port_that_was_not_asked_for() {
    let restricted = Network { restricted: true, ..Network::default() };
    let line = line(&Spec { network: Some(restricted), ..spec() });
    assert!(line.contains("restrict=on") && !line.contains("hostfwd"), "{line}");
    let forward = Network { forward: Some(22), ..Network::default() };
    assert!(self::line(&Spec { network: Some(forward), ..spec() }).contains("hostfwd=tcp:127.0.0.1:0-:22"));
    assert!(!self::line(&Spec { network: None, ..spec() }).contains("netdev"));
}

#[test]
fn each_port_is_a_socket_of_its_name_in_the_machines_folder() {
    let line = line(&spec());
    assert!(line.contains("path=/run/here/landfall.test.0.sock,server=on,wait=off"), "{line}");
    assert!(line.contains("virtserialport,chardev=port0,name=landfall.test.0"), "{line}");
}

#[test]
fn the_console_is_kept_whoever_looks_at_it() {
    for interactive in [false, true] {
        let line = line(&Spec { interactive, ..spec() });
        assert!(line.contains("logfile=/run/here/console.log"), "{line}");
    }
}

#[test]
fn a_machine_without_a_disk_starts_answers_and_loses_power() {
    let folder = tempfile::tempdir().unwrap();
    let bare = Spec { disks: Vec::new(), fw_cfg: Vec::new(), memory: 64, processors: 1, ..spec() };
    let mut machine = start(&bare, std::process::Command::new(arguments::PROGRAM), folder.path()).unwrap();
    assert_eq!(machine.qmp().ask("query-status", serde_json::json!({})).unwrap()["status"], "running");
    machine.plug_network(false).unwrap();
    let process = machine.process();
    machine.cut_power();
    assert!(machine.is_off().unwrap() && !Path::new("/proc").join(process.to_string()).exists());
}

#[test]
fn a_running_machine_is_given_as_many_disks_as_it_has_slots() {
    let folder = tempfile::tempdir().unwrap();
    let bare = Spec { disks: Vec::new(), fw_cfg: Vec::new(), memory: 64, processors: 1, ..spec() };
    let mut machine = start(&bare, std::process::Command::new(arguments::PROGRAM), folder.path()).unwrap();
    let mut attach = |name: &str, bus| {
        let file = folder.path().join(name);
        std::fs::write(&file, [0; 4096]).unwrap();
        machine.attach(&Disk { file, format: Format::Raw, bus, read_only: true })
    };
    attach("a,b", Bus::Virtio).unwrap();
    attach("stick", Bus::Usb).unwrap();
    assert_eq!(attach("third", Bus::Usb).unwrap_err().exit_code(), 2);
}

#[test]
fn what_qemu_says_when_it_does_not_start_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let error =
        start(&spec(), std::process::Command::new(arguments::PROGRAM), folder.path()).map(drop).unwrap_err();
    assert!(error.what.starts_with("QEMU did not start: ") && error.what.contains("a,b.qcow2"), "{error}");
}
