//! `amazon-ssm-agent.deb`: six programs, the templates, one unit, and scripts that start the agent at once.

use crate::Result;
use crate::deb::{Deb, packed_tree};
use crate::padding::padding;
use std::path::Path;

/// About what the programs of the real package pack to: 25 MB in all.
const PADDING_EACH: usize = 5_000_000;

const NOTICE: &str = "Stand-in for the Amazon SSM agent, for tests. Not made by, nor endorsed by, Amazon.\n";

/// Builds the package; `version` without the Debian revision.
pub fn build(programs: &Path, version: &str, small: bool, out: &Path) -> Result<()> {
    let mut data = packed_tree();
    for name in ["amazon-ssm-agent", "ssm-agent-worker"] {
        data.file(&format!("usr/bin/{name}"), 0o755, &std::fs::read(programs.join(name))?)?;
    }
    let mut session_worker = std::fs::read(programs.join("ssm-session-worker"))?;
    pad(&mut session_worker, 3, small);
    data.file("usr/bin/ssm-session-worker", 0o755, &session_worker)?;
    let idle = ["ssm-cli", "ssm-document-worker", "ssm-session-logger"];
    for (seed, name) in [1, 2, 4].into_iter().zip(idle) {
        data.file(&format!("usr/bin/{name}"), 0o755, &idle_program(name, seed, small))?;
    }
    let templates = [
        ("amazon-ssm-agent.json.template", include_str!("../files/ssm/amazon-ssm-agent.json.template")),
        ("seelog.xml.template", include_str!("../files/ssm/seelog.xml.template")),
        ("README.md", NOTICE),
        ("RELEASENOTES.md", NOTICE),
        ("NOTICE.md", NOTICE),
    ];
    for (name, text) in templates {
        data.file(&format!("etc/amazon/ssm/{name}"), 0o644, text.as_bytes())?;
    }
    let unit = include_bytes!("../files/ssm/amazon-ssm-agent.service");
    data.file("lib/systemd/system/amazon-ssm-agent.service", 0o644, unit)?;
    data.file("etc/init/amazon-ssm-agent.conf", 0o644, include_bytes!("../files/ssm/amazon-ssm-agent.conf"))?;
    let deb = Deb {
        control: control(version),
        control_files: vec![
            ("conffiles", 0o644, include_str!("../files/ssm/conffiles")),
            ("preinst", 0o755, include_str!("../files/ssm/preinst")),
            ("postinst", 0o755, include_str!("../files/ssm/postinst")),
            ("prerm", 0o755, include_str!("../files/ssm/prerm")),
        ],
        data: data.finish()?.finish()?,
    };
    deb.write(out)
}

fn control(version: &str) -> String {
    format!(
        "Package: amazon-ssm-agent\n\
         Version: {version}-1\n\
         Architecture: amd64\n\
         Maintainer: Landfall tests <tests@landfall.test>\n\
         Section: admin\n\
         Priority: optional\n\
         Depends: libc6\n\
         Description: Amazon SSM agent (stand-in for tests)\n \
         Shows an installer what the real agent shows, and does nothing else.\n"
    )
}

/// A program that says what it is. A shell stops reading at `exit`, so what follows is free for padding.
fn idle_program(name: &str, seed: u64, small: bool) -> Vec<u8> {
    let mut program = format!("#!/bin/sh\necho '{name} (stand-in for tests)'\nexit 0\n").into_bytes();
    pad(&mut program, seed, small);
    program
}

/// What follows the segments of an ELF file, or the `exit` of a script, nobody reads.
fn pad(program: &mut Vec<u8>, seed: u64, small: bool) {
    if !small {
        program.extend(padding(seed, PADDING_EACH));
    }
}
