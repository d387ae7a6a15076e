//! `amazon-ecs-init`, as .deb and as .rpm: the launcher, its units, and the agent's image in the cache.
//!
//! Installing the .deb neither enables nor starts anything, removing it stops nothing; it asks for Docker but
//! not for iptables or procps, although the launcher needs both. The .rpm asks for those two and not for
//! Docker, and has a launcher of its own flavour. All of that is as in the real ones.

use crate::deb::{Deb, packed_tree};
use crate::image;
use crate::rpm::{self, Payload, Rpm};
use crate::{Architecture, Result};
use std::path::Path;

const PLUGIN: &[u8] = include_bytes!("../files/ecs/amazon-ecs-volume-plugin");
const PLUGIN_UNITS: [(&str, &[u8]); 2] = [
    ("amazon-ecs-volume-plugin.service", include_bytes!("../files/ecs/amazon-ecs-volume-plugin.service")),
    ("amazon-ecs-volume-plugin.socket", include_bytes!("../files/ecs/amazon-ecs-volume-plugin.socket")),
];
const UNIT: &str = include_str!("../files/ecs/ecs.service");

/// Builds the .deb; `version` without the revision.
pub fn build_deb(
    programs: &Path,
    version: &str,
    architecture: Architecture,
    small: bool,
    out: &Path,
) -> Result<()> {
    let mut data = packed_tree();
    data.file("usr/libexec/amazon-ecs-init", 0o755, &std::fs::read(programs.join("amazon-ecs-init"))?)?;
    data.file("usr/libexec/amazon-ecs-volume-plugin", 0o755, PLUGIN)?;
    data.file("lib/systemd/system/ecs.service", 0o644, UNIT.as_bytes())?;
    for (name, text) in PLUGIN_UNITS {
        data.file(&format!("lib/systemd/system/{name}"), 0o644, text)?;
    }
    let archive = format!("var/cache/ecs/ecs-agent-v{version}-1.tar");
    let agent = std::fs::read(programs.join("amazon-ecs-agent"))?;
    data.file(&archive, 0o644, &image::archive(&agent, version, architecture, small)?)?;
    data.link("var/cache/ecs/ecs-agent.tar", &format!("/{archive}"))?;
    data.file("var/cache/ecs/state", 0o644, b"2")?;
    for folder in ["etc/ecs", "var/lib/ecs/data", "var/log/ecs"] {
        data.folder(folder)?;
    }
    let deb = Deb {
        control: control(version, architecture),
        control_files: vec![("postrm", 0o755, include_str!("../files/ecs/postrm"))],
        data: data.finish()?.finish()?,
    };
    deb.write(out)
}

/// Builds the .rpm; `version` without the release number.
pub fn build_rpm(programs: &Path, version: &str, small: bool, out: &Path) -> Result<()> {
    let tree = rpm::Tree::new(out.with_extension("tree"))?;
    tree.file("usr/libexec/amazon-ecs-init", 0o755, &std::fs::read(programs.join("amazon-ecs-init-rpm"))?)?;
    tree.file("usr/libexec/amazon-ecs-volume-plugin", 0o755, PLUGIN)?;
    // The one line in which the units of the two packages differ.
    let unit = UNIT.replace("Restart=on-failure\n", "Restart=on-failure\nRestartPreventExitStatus=5\n");
    tree.file("usr/lib/systemd/system/ecs.service", 0o644, unit.as_bytes())?;
    for (name, text) in PLUGIN_UNITS {
        tree.file(&format!("usr/lib/systemd/system/{name}"), 0o644, text)?;
    }
    let archive = format!("ecs-agent-v{version}.tar");
    let agent = std::fs::read(programs.join("amazon-ecs-agent"))?;
    tree.file(
        &format!("var/cache/ecs/{archive}"),
        0o644,
        &image::archive(&agent, version, Architecture::Amd64, small)?,
    )?;
    tree.file("var/cache/ecs/state", 0o644, b"2\n")?;
    let mut files = tree.listed()?;
    tree.folder("var/lib/ecs/data")?;
    files.push("%dir /var/lib/ecs/data".to_owned());
    // Known to the package and made by others: by its own script the first, by an operator the rest.
    tree.link("var/cache/ecs/ecs-agent.tar", &archive)?;
    files.push("%ghost /var/cache/ecs/ecs-agent.tar".to_owned());
    for name in ["ecs.config", "ecs.config.json"] {
        tree.file(&format!("etc/ecs/{name}"), 0o644, b"")?;
        files.push(format!("%config(noreplace) %ghost /etc/ecs/{name}"));
    }
    let rpm = Rpm {
        name: "amazon-ecs-init",
        version,
        release: "1",
        payload: Payload::Gzip,
        preamble: "Requires: systemd\nRequires: iptables\nRequires: procps".to_owned(),
        scripts: include_str!("../files/ecs/rpm-scripts.spec").replace("@archive@", &archive),
        files,
    };
    rpm.build(tree.root(), out)?;
    Ok(std::fs::remove_dir_all(tree.root())?)
}

fn control(version: &str, architecture: Architecture) -> String {
    let architecture = architecture.word();
    format!(
        "Package: amazon-ecs-init\n\
         Version: {version}-1\n\
         Architecture: {architecture}\n\
         Maintainer: Landfall tests <tests@landfall.test>\n\
         Section: misc\n\
         Priority: optional\n\
         Depends: libc6, systemd, docker-ce (>= 17.12.0) | docker-engine (>= 1.6.0) | docker-ee | docker.io\n\
         Description: Amazon ECS init (stand-in for tests)\n \
         Shows an installer what the real agent shows, and runs no tasks.\n"
    )
}
