//! The laws of steps on systemd's units.

use std::fs;
use std::path::Path;

use landfall::host::linux::Linux;
use landfall::host::{Command, Host};
use landfall::step::{AtBoot, Change, Context, Step, Unit};

use super::{Law, PLACE, Say, keeps, process, same, shown_error};

const UNIT: &str = "landfall-step-laws.service";
const OTHER: &str = "landfall-step-laws-too.service";

pub(super) fn laws(host: &mut Linux, say: Say) {
    say("a unit is enabled and started", starts(host));
    say("units are enabled, and one that was so before stays so", is_at_boot(host));
    say("a unit is started again when what it reads has changed", restarts(host));
    say("a unit whose file has changed is enabled as it is now", rereads(host));
}

/// How a unit is at boot, and how it is now.
fn state(unit: &str) -> String {
    ["is-enabled", "is-active"].map(|question| process("systemctl", &[question, unit])).concat()
}

fn starts(host: &mut Linux) -> Law {
    write_unit(host, UNIT)?;
    let step = Step::Unit(Unit { unit: UNIT.into(), reads: Vec::new() });
    let law = keeps(host, &step, &|| state(UNIT));
    remove_unit(host, UNIT).and(law)
}

fn is_at_boot(host: &mut Linux) -> Law {
    write_unit(host, UNIT)?;
    write_unit(host, OTHER)?;
    process("systemctl", &["enable", OTHER]);
    let step = Step::AtBoot(AtBoot { units: vec![UNIT.into(), OTHER.into()] });
    let law = keeps(host, &step, &|| [UNIT, OTHER].map(state).concat())
        .and_then(|()| same(&state(OTHER), "enabled\ninactive\n", "the other unit"));
    process("systemctl", &["disable", OTHER]);
    remove_unit(host, UNIT).and(remove_unit(host, OTHER)).and(law)
}

fn restarts(host: &mut Linux) -> Law {
    write_unit(host, UNIT)?;
    let file = Path::new(PLACE).join("read-by-the-unit");
    let step = Step::Unit(Unit { unit: UNIT.into(), reads: vec![file.clone()] });
    let context = Context::default();
    let law = (|| {
        for content in ["one", "two"] {
            fs::write(&file, content).map_err(|e| e.to_string())?;
            step.check(host).map_err(shown_error)?.ok_or("a changed file is no reason to start")?;
            step.apply(host, &context).map_err(shown_error)?;
            if step.check(host).map_err(shown_error)?.is_some() {
                return Err("it would be started once more".to_owned());
            }
        }
        Ok(())
    })();
    fs::remove_file(file).map_err(|e| e.to_string())?;
    process("systemctl", &["disable", "--now", UNIT]);
    remove_unit(host, UNIT).and(law)
}

/// systemd still has the unit as it was before its file was written anew: once while it is disabled, and once enabled.
fn rereads(host: &mut Linux) -> Law {
    write_unit(host, UNIT)?;
    process("systemctl", &["start", UNIT]);
    let file = format!("/etc/systemd/system/{UNIT}");
    let text = fs::read_to_string(&file).map_err(|e| e.to_string())?;
    let step = Step::Unit(Unit { unit: UNIT.into(), reads: Vec::new() });
    let law = ["one", "two"].iter().try_for_each(|it| {
        fs::write(&file, format!("[Unit]\nDescription={it}\n{text}")).map_err(|e| e.to_string())?;
        step.check(host).map_err(shown_error)?.ok_or("a changed unit is no reason to start it anew")?;
        step.apply(host, &Context::default()).map_err(shown_error)?;
        if step.check(host).map_err(shown_error)?.is_some() {
            return Err("it would be started once more".to_owned());
        }
        let shown = process("systemctl", &["show", "-p", "Description", UNIT]);
        same(&shown, &format!("Description={it}\n"), "the unit")
    });
    process("systemctl", &["disable", "--now", UNIT]);
    remove_unit(host, UNIT).and(law)
}

fn write_unit(host: &mut Linux, unit: &str) -> Law {
    let text = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n\n[Install]\nWantedBy=multi-user.target\n";
    fs::write(format!("/etc/systemd/system/{unit}"), text).map_err(|e| e.to_string())?;
    host.run(&Command::ReloadUnits).map(drop).map_err(shown_error)
}

fn remove_unit(host: &mut Linux, unit: &str) -> Law {
    fs::remove_file(format!("/etc/systemd/system/{unit}")).map_err(|e| e.to_string())?;
    host.run(&Command::ReloadUnits).map(drop).map_err(shown_error)
}
