use std::path::Path;

use super::*;
use crate::recipe::Architecture;

fn spec() -> Spec {
    Spec {
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
        ..Spec::new("clone-1")
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
    assert!(line.contains("virtio-blk-pci,drive=disk0,serial=disk0,bootindex=0"), "{line}");
    assert!(
        line.contains("-device qemu-xhci,id=adapter1 -device usb-storage,drive=disk1,removable=on"),
        "{line}"
    );
    assert_eq!(line.matches("bootindex").count(), 1);
    assert_eq!(line.matches("readonly=on").count(), 1);
}

#[test]
fn a_kernel_that_is_given_takes_the_boot_loaders_place() {
    let kernel = Kernel {
        file: "/images/vmlinuz".into(),
        initrd: None,
        command_line: "root=/dev/nvme0n1 console=ttyS0,115200".into(),
    };
    let disk = Disk { bus: Bus::Nvme, ..spec().disks.remove(0) };
    let given = Spec { kernel: Some(kernel.clone()), disks: vec![disk], ..spec() };
    let words = arguments::of(&given, Accelerator::Tcg, Path::new("/run/here"));
    let append = words.iter().position(|word| word == "-append").unwrap();
    assert_eq!(words[append + 1], *kernel.command_line, "it is one word");
    let told = line(&given);
    assert!(told.contains("-kernel /images/vmlinuz -append ") && !told.contains("-initrd"), "{told}");
    assert!(told.contains("-device nvme,drive=disk0,serial=disk0 "), "{told}");
    assert!(!told.contains("bootindex"), "{told}");
    let with_initrd = Kernel { initrd: Some("/images/initrd".into()), ..kernel };
    let told = line(&Spec { kernel: Some(with_initrd), ..spec() });
    assert!(told.contains("-initrd /images/initrd -append "), "{told}");
}

#[test]
fn uefi_keeps_its_variables_apart_from_its_code() {
    let (code, variables) = ("/ovmf/code".into(), "/run/here/variables".into());
    let line = line(&Spec { firmware: Firmware::Uefi { code, variables }, ..spec() });
    assert!(line.contains("format=raw,unit=0,readonly=on,file=/ovmf/code "), "{line}");
    assert!(line.contains("format=qcow2,unit=1,file=/run/here/variables "), "{line}");
    // The first of them that can be written gets the memory of a moment.
    assert!(line.find("id=disk0,file=") < line.find("if=pflash"), "{line}");
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
fn an_emulated_processor_is_a_plain_one_where_that_is_asked_for_and_knows_no_virtual_machines() {
    assert!(line(&spec()).contains("-cpu max "));
    let plain = line(&Spec { has_plain_processor: true, ..spec() });
    assert!(
        plain.contains("-cpu qemu64,") && plain.contains("-svm ") && !plain.contains("-cpu max"),
        "{plain}"
    );
}

#[test]
fn an_arm64_machine_is_another_board_with_the_same_devices() {
    let line = line(&Spec { architecture: Architecture::Aarch64, ..spec() });
    assert!(line.contains("-machine virt -accel tcg,thread=multi -cpu cortex-a57"), "{line}");
    assert!(line.contains("virtio-blk-pci,drive=disk0") && line.contains("virtio-net-pci"), "{line}");
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
fn an_address_of_the_machines_network_can_be_answered_by_a_command() {
    let network = Network {
        subnet: Some("10.77.0.0/24".into()),
        answered: vec![("10.77.0.1:443".into(), "relay a,b".into())],
        ..Network::default()
    };
    let line = line(&Spec { network: Some(network), ..spec() });
    assert!(line.contains(",net=10.77.0.0/24,guestfwd=tcp:10.77.0.1:443-cmd:relay a,,b -device"), "{line}");
}

#[test]
fn a_machine_has_the_time_and_ipv4_unless_it_is_given_a_wrong_clock_or_ipv6() {
    let usual = line(&spec());
    assert!(
        usual.contains("-rtc base=utc") && usual.contains("ipv6=off") && !usual.contains("ipv4"),
        "{usual}"
    );
    let (ipv6, clock) = (Network { ipv6: true, ..Network::default() }, "2015-01-01T00:00:00".to_owned());
    let odd = line(&Spec { network: Some(ipv6), clock: Some(clock), ..spec() });
    assert!(odd.contains("-rtc base=2015-01-01T00:00:00 ") && odd.contains("ipv4=off"), "{odd}");
    assert!(!odd.contains("ipv6=off"), "{odd}");
}

#[test]
fn it_boots_from_another_disk_and_from_the_network_where_that_is_asked_for() {
    let tftp = Some(Tftp { folder: "/tftp/a,b".into(), file: "landfall.ipxe".into() });
    let line = line(&Spec { boot_from: 1, network: Some(Network { tftp, ..Network::default() }), ..spec() });
    assert!(line.contains("drive=disk1,removable=on,serial=disk1,bootindex=0"), "{line}");
    assert!(line.contains("serial=disk0,bootindex=1"), "{line}");
    assert!(line.contains(",tftp=/tftp/a,,b,bootfile=landfall.ipxe"), "{line}");
    assert!(line.contains("id=card,bootindex=2") && !line.contains("romfile"), "{line}");
    assert!(self::line(&spec()).contains("id=card,romfile=,mac="));
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
    let mut machine =
        start(&bare, std::process::Command::new(arguments::program(Architecture::X86_64)), folder.path())
            .unwrap();
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
    let mut machine =
        start(&bare, std::process::Command::new(arguments::program(Architecture::X86_64)), folder.path())
            .unwrap();
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
        start(&spec(), std::process::Command::new(arguments::program(Architecture::X86_64)), folder.path())
            .map(drop)
            .unwrap_err();
    assert!(error.what.starts_with("QEMU did not start: ") && error.what.contains("a,b.qcow2"), "{error}");
}
