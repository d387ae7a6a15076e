//! `amazon-ecs-init.deb`: the launcher, its units, and the agent's image in the cache.
//!
//! Installing it neither enables nor starts anything, removing it stops nothing; it asks for Docker but
//! not for iptables or procps, although the launcher needs both. All of that is as in the real one.

use crate::Result;
use crate::deb::{Deb, packed_tree};
use crate::image;
use std::path::Path;

/// Builds the package; `version` without the Debian revision.
pub fn build(programs: &Path, version: &str, small: bool, out: &Path) -> Result<()> {
    let mut data = packed_tree();
    data.file("usr/libexec/amazon-ecs-init", 0o755, &std::fs::read(programs.join("amazon-ecs-init"))?)?;
    let plugin = include_bytes!("../files/ecs/amazon-ecs-volume-plugin");
    data.file("usr/libexec/amazon-ecs-volume-plugin", 0o755, plugin)?;
    let units: [(&str, &[u8]); 3] = [
        ("ecs.service", include_bytes!("../files/ecs/ecs.service")),
        ("amazon-ecs-volume-plugin.service", include_bytes!("../files/ecs/amazon-ecs-volume-plugin.service")),
        ("amazon-ecs-volume-plugin.socket", include_bytes!("../files/ecs/amazon-ecs-volume-plugin.socket")),
    ];
    for (name, text) in units {
        data.file(&format!("lib/systemd/system/{name}"), 0o644, text)?;
    }
    let archive = format!("var/cache/ecs/ecs-agent-v{version}-1.tar");
    let agent = std::fs::read(programs.join("amazon-ecs-agent"))?;
    data.file(&archive, 0o644, &image::archive(&agent, version, small)?)?;
    data.link("var/cache/ecs/ecs-agent.tar", &format!("/{archive}"))?;
    data.file("var/cache/ecs/state", 0o644, b"2")?;
    for folder in ["etc/ecs", "var/lib/ecs/data", "var/log/ecs"] {
        data.folder(folder)?;
    }
    let deb = Deb {
        control: control(version),
        control_files: vec![("postrm", 0o755, include_str!("../files/ecs/postrm"))],
        data: data.finish()?.finish()?,
    };
    deb.write(out)
}

fn control(version: &str) -> String {
    format!(
        "Package: amazon-ecs-init\n\
         Version: {version}-1\n\
         Architecture: amd64\n\
         Maintainer: Landfall tests <tests@landfall.test>\n\
         Section: misc\n\
         Priority: optional\n\
         Depends: libc6, systemd, docker-ce (>= 17.12.0) | docker-engine (>= 1.6.0) | docker-ee | docker.io\n\
         Description: Amazon ECS init (stand-in for tests)\n \
         Shows an installer what the real agent shows, and runs no tasks.\n"
    )
}
