//! Waiting for a machine, for as long as it is on and not in trouble. Times are what hardware needs: an emulated one gets
//! more.

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use image_recipes::machine::{Accelerator, console};

use super::{TAIL, VirtualMachine};
use crate::error::{Error, Result, While};
use crate::guest::Guest;

/// What a booted machine may take with hardware's help: to answer, to reach its agent, to start all it starts, to power off.
const TO_ANSWER: Duration = Duration::from_secs(1);
pub(super) const TO_AGENT: Duration = Duration::from_secs(25);
const TO_SETTLE: Duration = Duration::from_secs(30);
/// What any command may take with hardware's help. A machine was seen in which `cat` never ended.
pub(super) const TO_END: Duration = Duration::from_secs(180);
/// Until a machine is off that was told to be, with hardware's help.
pub const TO_STOP: Duration = Duration::from_secs(12);

/// Between two looks at a machine, at the least; more where a look takes long, as it is the machine itself that looks: where
/// it is emulated, it would do little else.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
const TIMES_A_LOOK: u32 = 8;
const BETWEEN_LOOKS_AT_MOST: Duration = Duration::from_secs(2);

impl VirtualMachine {
    /// Waits until commands can be run, which is early at a boot.
    pub fn wait_for_agent(&mut self) -> Result<()> {
        self.wait_for(TO_AGENT, "commands can be run", |_| Ok(true))
    }

    /// Waits until systemd has started everything, or has given up on something.
    pub fn settle(&mut self) -> Result<()> {
        self.wait_for(TO_SETTLE, "systemd has started everything", |machine| {
            let state = machine.run("systemctl is-system-running")?.stdout;
            Ok(matches!(state.trim(), "running" | "degraded"))
        })
    }

    /// Waits until it answers and `is_so`.
    pub fn wait_for(
        &mut self,
        with_hardware: Duration,
        what: &str,
        mut is_so: impl FnMut(&Self) -> Result<bool>,
    ) -> Result<()> {
        self.wait(with_hardware, what, |it| Ok(it.answers()? && is_so(it)?))
    }

    /// Waits until the machine has printed this on its serial port, whatever runs on it.
    pub fn wait_for_text(&mut self, with_hardware: Duration, text: &str) -> Result<()> {
        self.wait(with_hardware, &format!("'{text}'"), |it| Ok(it.console()?.contains(text)))
    }

    /// Waits until it goes off by itself.
    pub fn wait_until_off(&mut self, with_hardware: Duration) -> Result<()> {
        let patience = self.accelerator().patience(with_hardware);
        self.on()?.wait_until_off(patience, &mut || Ok(())).doing(|| "waiting for the machine's end")?;
        self.power_cut()
    }

    pub(super) fn accelerator(&self) -> Accelerator {
        Accelerator::of(self.setup.architecture)
    }

    fn wait(
        &mut self,
        with_hardware: Duration,
        what: &str,
        mut is_so: impl FnMut(&mut Self) -> Result<bool>,
    ) -> Result<()> {
        let started = Instant::now();
        let patience = self.accelerator().patience(with_hardware);
        loop {
            let look = Instant::now();
            if is_so(self)? {
                break;
            }
            let pause = pause_after(look.elapsed());
            self.is_well()?;
            if started.elapsed() > patience {
                let tail = console::tail(&self.console()?, TAIL);
                return Err(Error::new(format!("{what}: not so after {} s\n{tail}", patience.as_secs())));
            }
            sleep(pause);
        }
        if !self.is_shown {
            println!("{}: {what} after {:.1} s", self.name, started.elapsed().as_secs_f64());
        }
        Ok(())
    }

    /// Whether a command comes back soon.
    fn answers(&mut self) -> Result<bool> {
        let deadline = Instant::now() + self.accelerator().patience(TO_ANSWER);
        let mut child = self.shell("true")?.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        while Instant::now() < deadline && self.is_well().is_ok() {
            if let Some(status) = child.try_wait()? {
                return Ok(status.success());
            }
            sleep(Duration::from_millis(20));
        }
        child.kill()?;
        child.wait()?;
        Ok(false)
    }

    fn is_well(&mut self) -> Result<()> {
        if self.on()?.is_off().doing(|| "looking at the machine")? {
            return Err(Error::new(format!("the machine went off\n{}", self.console()?)));
        }
        match console::trouble(&self.console()?).first() {
            Some(line) => Err(Error::new(format!("the machine is in trouble: {line}"))),
            None => Ok(()),
        }
    }
}

fn pause_after(look: Duration) -> Duration {
    (look * TIMES_A_LOOK).clamp(BETWEEN_LOOKS, BETWEEN_LOOKS_AT_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_takes_long_to_look_is_left_alone_for_longer_and_for_two_seconds_at_most() {
        let millis = Duration::from_millis;
        for (look, pause) in [(0, 200), (25, 200), (100, 800), (250, 2000), (9000, 2000)] {
            assert_eq!(pause_after(millis(look)), millis(pause), "{look}");
        }
    }
}
