//! `amazon-ssm-agent`, as .deb and as .rpm: six programs, the templates, one unit, and scripts that start the
//! agent at once. The two differ in where the unit is and in who owns the state folder.

use crate::deb::{Deb, packed_tree};
use crate::padding::padding;
use crate::rpm::{self, Payload, Rpm};
use crate::{Architecture, Result};
use std::path::Path;

/// About what the programs of the real package pack to: 25 MB in all.
const PADDING_EACH: usize = 5_000_000;

const NOTICE: &str = "Stand-in for the Amazon SSM agent, for tests. Not made by, nor endorsed by, Amazon.\n";

const UNIT: &[u8] = include_bytes!("../files/ssm/amazon-ssm-agent.service");

/// A file of the package: path, mode, content.
type File = (String, u32, Vec<u8>);

/// Builds the .deb; `version` without the revision.
pub fn build_deb(
    programs: &Path,
    version: &str,
    architecture: Architecture,
    small: bool,
    out: &Path,
) -> Result<()> {
    let mut data = packed_tree();
    for (path, mode, content) in files(programs, small)? {
        data.file(&path, mode, &content)?;
    }
    data.file("lib/systemd/system/amazon-ssm-agent.service", 0o644, UNIT)?;
    let deb = Deb {
        control: control(version, architecture),
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

/// Builds the .rpm; `version` without the release number.
pub fn build_rpm(programs: &Path, version: &str, small: bool, out: &Path) -> Result<()> {
    let tree = rpm::Tree::new(out.with_extension("tree"))?;
    for (path, mode, content) in files(programs, small)? {
        tree.file(&path, mode, &content)?;
    }
    tree.file("etc/systemd/system/amazon-ssm-agent.service", 0o644, UNIT)?;
    tree.folder("var/lib/amazon/ssm")?;
    let configuration = |line: String| match line.as_str() {
        "/etc/init/amazon-ssm-agent.conf" | "/etc/systemd/system/amazon-ssm-agent.service" => {
            format!("%config(noreplace) {line}")
        }
        _ => line,
    };
    let mut files: Vec<String> = tree.listed()?.into_iter().map(configuration).collect();
    files.push("%dir /var/lib/amazon/ssm".to_owned());
    let rpm = Rpm {
        name: "amazon-ssm-agent",
        version,
        release: "1",
        payload: Payload::Gzip,
        preamble: "Group: Amazon/Tools".to_owned(),
        scripts: include_str!("../files/ssm/rpm-scripts.spec").to_owned(),
        files,
    };
    rpm.build(tree.root(), out)?;
    Ok(std::fs::remove_dir_all(tree.root())?)
}

/// What both packages have in the same place.
fn files(programs: &Path, small: bool) -> Result<Vec<File>> {
    let mut files: Vec<File> = Vec::new();
    let mut program = |name: &str, content: Vec<u8>| files.push((format!("usr/bin/{name}"), 0o755, content));
    for name in ["amazon-ssm-agent", "ssm-agent-worker"] {
        program(name, std::fs::read(programs.join(name))?);
    }
    let mut session_worker = std::fs::read(programs.join("ssm-session-worker"))?;
    pad(&mut session_worker, 3, small);
    program("ssm-session-worker", session_worker);
    let idle = ["ssm-cli", "ssm-document-worker", "ssm-session-logger"];
    for (seed, name) in [1, 2, 4].into_iter().zip(idle) {
        program(name, idle_program(name, seed, small));
    }
    let templates = [
        ("amazon-ssm-agent.json.template", include_str!("../files/ssm/amazon-ssm-agent.json.template")),
        ("seelog.xml.template", include_str!("../files/ssm/seelog.xml.template")),
        ("README.md", NOTICE),
        ("RELEASENOTES.md", NOTICE),
        ("NOTICE.md", NOTICE),
    ];
    files.extend(
        templates.map(|(name, text)| (format!("etc/amazon/ssm/{name}"), 0o644, text.as_bytes().to_vec())),
    );
    let upstart = include_bytes!("../files/ssm/amazon-ssm-agent.conf");
    files.push(("etc/init/amazon-ssm-agent.conf".to_owned(), 0o644, upstart.to_vec()));
    Ok(files)
}

fn control(version: &str, architecture: Architecture) -> String {
    let architecture = architecture.word();
    format!(
        "Package: amazon-ssm-agent\n\
         Version: {version}-1\n\
         Architecture: {architecture}\n\
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
