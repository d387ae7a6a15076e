//! The seed disk of the machine that an image is baked in: what cloud-init reads, the binary, and the script that
//! makes a sealed image of the machine.

use std::path::Path;

use crate::error::{Result, While};
use crate::packages::RPM_QUERY;
use crate::recipe::Recipe;
use crate::render;
use crate::seed::fat;

/// Where in the machine.
const SCRIPT: &str = "/run/landfall-bake.sh";

/// Runs last of what cloud-init does, which is too early for a seal: cloud-init still writes. So it only takes what it
/// needs from the medium, and lets the rest begin when cloud-init is done. A transient unit may wait for cloud-final:
/// an installed one would make a cycle.
const BEGIN: &str = "set -e
trap 'echo \"@bake failed to begin\" >/dev/ttyS1; systemctl poweroff' EXIT
mkdir -p /run/landfall-medium
mount -o ro LABEL=CIDATA /run/landfall-medium
install -m 0755 /run/landfall-medium/landfall /usr/local/bin/landfall
install -m 0700 /run/landfall-medium/bake.sh /run/landfall-bake.sh
umount /run/landfall-medium
if command -v restorecon >/dev/null; then restorecon -F /usr/local/bin/landfall; fi
systemd-run --no-block --unit=landfall-bake --property=After=cloud-final.service /bin/sh /run/landfall-bake.sh
trap - EXIT
";

/// The disk.
///
/// # Errors
/// When the binary or a file of the recipe cannot be read.
pub fn medium(recipe: &Recipe, binary: &Path) -> Result<Vec<u8>> {
    let binary = std::fs::read(binary).while_doing(|| format!("reading {}", binary.display()))?;
    let begin = ["/bin/sh", "-c", BEGIN].map(str::to_owned).to_vec();
    let config = render::cloud_config(recipe, &[begin])?;
    let script = script(recipe);
    fat::disk(
        fat::CIDATA,
        &[
            ("meta-data", b"instance-id: landfall-bake\n"),
            ("user-data", config.as_bytes()),
            ("bake.sh", script.as_bytes()),
            ("landfall", &binary),
        ],
    )
}

/// Every line that begins with `@bake` is for us, all else for people.
fn script(recipe: &Recipe) -> String {
    let keep: String = render::kept(recipe).iter().map(|name| format!(" --keep {name}")).collect();
    format!(
        "#!/bin/sh
# {SCRIPT}: makes a sealed image of this machine.
# Through a pipe: a terminal would be shown progress bars.
mkfifo /run/landfall-bake.pipe
cat /run/landfall-bake.pipe >/dev/ttyS1 &
exec >/run/landfall-bake.pipe 2>&1 </dev/null
end() {{
    exec >/dev/ttyS1 2>&1
    wait
    echo \"@bake $*\"
    systemctl poweroff
    exit
}}
step() {{
    echo \"@bake step $1\"
    shift
    \"$@\" || end failed \"$@\"
}}
# cloud-init goes on after an error of a module; an image must not.
configured() {{
    grep -q '\"errors\": \\[\\]' /run/cloud-init/result.json && return
    cat /run/cloud-init/result.json
    return 1
}}
# A base from packages still has the boot menu that it was made with.
menu() {{
    ! command -v update-grub >/dev/null || update-grub
}}
step 'users, packages and files' configured
step 'the boot menu' menu
step 'landfall install' landfall install
step 'landfall seal' landfall seal{keep}
step 'landfall seal --verify' landfall seal --verify
# What is read from outside where the root is ext4 is told by the machine where it is not; rpm's packages always.
packages() {{
    if [ -e /var/lib/dpkg/status ]; then
        grep -E '^(Package|Status|Version|Architecture):|^$' /var/lib/dpkg/status
    else
        rpm --query --all --queryformat '{RPM_QUERY}'
    fi
}}
keys() {{
    getent passwd | while IFS=: read -r name _ _ _ _ home _; do
        for file in \"$home/.ssh/authorized_keys\" \"$home/.ssh/authorized_keys2\"; do
            [ ! -f \"$file\" ] || awk -v name=\"$name\" '{{ print name \"\\t\" $0 }}' \"$file\"
        done
    done
}}
units() {{
    for link in /etc/systemd/system/*.wants/* /etc/systemd/system/*.requires/*; do echo \"${{link##*/}}\"; done
}}
tells() {{
    echo \"@bake tells $1\"
    shift
    \"$@\" || end failed \"$@\"
    echo '@bake told'
}}
tells os-release cat /etc/os-release
tells packages packages
tells keys keys
tells units units
step 'giving free blocks back' sh -c 'fstrim --all || true; sync'
end sealed
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(text: &str) -> Recipe {
        Recipe::parse(text, "test.toml").unwrap()
    }

    #[test]
    fn the_scripts_are_shell() {
        let script = script(&recipe("base = \"debian-12\""));
        for text in [script.as_str(), BEGIN] {
            let output =
                crate::program::Program::new("sh", "dash").arg("-n").output_with(text.as_bytes()).unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }

    #[test]
    fn the_machine_tells_its_packages_keys_and_units_so_that_they_can_be_read() {
        let script = script(&recipe("base = \"debian-12\""));
        let (from, to) = (script.find("packages() {").unwrap(), script.find("tells os-release").unwrap());
        let mut told = crate::told::Told::default();
        for name in ["packages", "keys", "units"] {
            let text = format!("end() {{ exit 1; }}\n{}tells {name} {name}\n", &script[from..to]);
            let said = crate::program::Program::new("sh", "dash").args(["-c", &text]).run().unwrap();
            let lines = said.strip_prefix(&format!("@bake tells {name}\n")).unwrap();
            told.begin(name);
            lines.strip_suffix("@bake told\n").unwrap().lines().for_each(|line| told.line(name, line));
        }
        told.line("os-release", "ID=test");
        assert!(told.contents().unwrap().packages.unwrap().iter().any(|it| it.name == "bash"));
        told.keys().unwrap();
        assert!(!told.units().unwrap().is_empty());
    }

    #[test]
    fn only_the_keys_of_the_recipe_survive_the_seal() {
        let keyed =
            recipe("base = \"debian-12\"\nusers = [{ name = \"ops\", ssh-keys = [\"ssh-ed25519 AAAA a\"] }]");
        assert!(script(&keyed).contains("landfall seal --keep authorized-keys\n"));
        assert!(script(&recipe("base = \"debian-12\"")).contains("' landfall seal\n"));
    }

    #[test]
    fn a_failure_before_the_script_ends_the_machine_too() {
        assert!(BEGIN.contains("@bake failed to begin") && BEGIN.ends_with("trap - EXIT\n"));
    }
}
