//! Programs that are run to their end, with nobody to ask and nothing to read.

use std::process::{Command, Stdio};

use crate::error::{Error, Result};
use crate::host::Output;
use crate::proxy::Proxy;
use crate::windows::programs::Invocation;

pub(super) fn run(invocation: &Invocation, proxy: Option<&Proxy>) -> Result<Output> {
    let mut command = Command::new(invocation.program.replace('/', r"\"));
    command.args(invocation.arguments.iter().map(|it| it.expose())).stdin(Stdio::null());
    if let Some(proxy) = proxy {
        command.envs(proxy.variables());
    }
    let output = command.output().map_err(|e| {
        Error::failed(format!("{} could not be run: {e}", invocation.program.replace('/', r"\")))
    })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Output {
        code: output.status.code().unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    })
}
