//! GRUB on a medium: for BIOS from a disc and from a stick, for UEFI from both; and what it shows.
//!
//! It finds the medium by its name, and on it the menu. A disk that this medium wrote whole has a small partition with a
//! file of the medium's id: where GRUB finds that, it starts this disk, so that a medium that was left in does no harm
//! and holds nothing up.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Result, While};
use crate::grub;
use crate::live::AGAIN;
use crate::live::medium::label;
use crate::live::order::Task;
use crate::live::write::written_file;
use crate::seed::fat;

/// This machine's own modules: the package is one that image makers need anyway.
const LIBRARY: &str = "/usr/lib/grub";
const MODULES: [&str; 19] = [
    "boot",
    "chain",
    "configfile",
    "echo",
    "fat",
    "halt",
    "iso9660",
    "linux",
    "normal",
    "part_gpt",
    "part_msdos",
    "reboot",
    "regexp",
    "search",
    "search_fs_file",
    "search_label",
    "serial",
    "terminal",
    "test",
];
/// Seconds for whoever wants something else.
const TIMEOUT: u8 = 10;
/// FAT's smallest clusters count fewer in less.
const ESP_BYTES: u64 = 4 << 20;

/// The kernel's consoles: both screens show the same, and the kernel itself only what is bad.
pub const CONSOLES: &str = "console=ttyS0,115200 console=tty0 quiet loglevel=3 systemd.show_status=false";

/// What GRUB's part of a medium is made of.
pub struct Images {
    /// The first sector of a stick.
    pub stick: PathBuf,
    /// What BIOS loads from a disc.
    pub disc: PathBuf,
    /// UEFI's partition.
    pub esp: PathBuf,
}

/// Makes them in a folder.
///
/// # Errors
/// When GRUB is not on this machine.
pub fn images(task: &Task, folder: &Path) -> Result<Images> {
    let early = folder.join("early.cfg");
    let text = format!(
        "search --no-floppy --label --set=root {}\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n",
        label(&task.order.id)
    );
    fs::write(&early, text).while_doing(|| "writing GRUB's configuration".into())?;
    let image = |platform: &str, more: &[&str]| {
        let modules = MODULES.iter().chain(more).copied();
        grub::image(Path::new(LIBRARY), platform, &early, modules, &folder.join(platform))
            .map_err(|e| e.hint("GRUB's modules are in the packages grub-pc-bin and grub-efi-amd64-bin"))
    };
    let core = image("i386-pc", &["biosdisk"])?;
    let efi = image("x86_64-efi", &["efi_gop", "efi_uga"])?;
    let library = Path::new(LIBRARY).join("i386-pc");
    let disc = folder.join("disc.img");
    write(&disc, &[read(&library.join("cdboot.img"))?, core].concat())?;
    let esp = folder.join("esp.img");
    write(&esp, &fat::volume("ESP", 0x4c41_4e44, ESP_BYTES, &[("EFI/BOOT/BOOTX64.EFI", &efi)])?)?;
    Ok(Images { stick: library.join("boot_hybrid.img"), disc, esp })
}

/// The menu. Its first entry is what happens when nobody is there.
#[must_use]
pub fn menu(task: &Task, esp: Option<usize>) -> String {
    let (order, image) = (&task.order, plain(&task.manifest.name));
    let what = if order.wipe { "and wipe it" } else { "if empty" };
    let disk = plain(&order.disk.to_string());
    let written = written_file(&order.id);
    let esp = esp.map_or("set root=$disk; chainloader +1".to_owned(), |number| {
        // What is started that way looks for its own files on the root, wherever it came from itself.
        format!("set root=$disk,gpt{number}; chainloader /EFI/BOOT/BOOTX64.EFI")
    });
    let write = |title: &str, more: &str| {
        format!(
            "menuentry '{title}' {{\n  echo 'Loading Landfall ...'\n  linux /live/vmlinuz {CONSOLES}{more}\n  \
             initrd /live/initrd.img\n}}\n"
        )
    };
    let again = if order.wipe {
        write("Write it again: all on it is lost", &format!(" {AGAIN}"))
    } else {
        String::new()
    };
    let title = cut(&format!("Write {image} to the disk with {disk}, {what}"));
    format!(
        "if serial --unit=0 --speed=115200; then\n  terminal_input console serial\n  terminal_output console serial\nfi\n\
         set timeout={TIMEOUT}\nset default=0\n\
         search --no-floppy --file --set=written /{written}\n\
         if [ -n \"$written\" ]; then\n\
         regexp --set=1:disk '^([^,]+)' \"$written\"\n\
         menuentry 'Start the disk that this medium wrote' {{\n  \
         echo 'This medium has done its work: starting the disk ...'\n  \
         if [ \"$grub_platform\" = efi ]; then {esp}; else set root=$disk; chainloader +1; fi\n}}\n\
         {again}\
         else\n\
         {}fi\n\
         menuentry 'Start the machine anew' {{ reboot }}\nmenuentry 'Switch it off' {{ halt }}\n",
        write(&title, ""),
    )
}

/// Letters that mean nothing to GRUB.
fn plain(text: &str) -> String {
    text.chars()
        .map(|it| if it.is_ascii_alphanumeric() || "-_.:+ ".contains(it) { it } else { '_' })
        .collect()
}

/// As much as the menu's frame has room for.
fn cut(text: &str) -> String {
    const ROOM: usize = 72;
    if text.len() <= ROOM { text.to_owned() } else { format!("{}...", &text[..ROOM - 3]) }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).while_doing(|| format!("reading {}", path.display()))
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).while_doing(|| format!("writing {}", path.display()))
}
