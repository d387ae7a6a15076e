//! The registry of the local machine.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};

use winreg::enums::{
    HKEY_LOCAL_MACHINE, KEY_QUERY_VALUE, KEY_SET_VALUE, KEY_WOW64_64KEY, REG_EXPAND_SZ, RegType,
};
use winreg::types::{FromRegValue, ToRegValue};
use winreg::{RegKey, RegValue};

use crate::error::{Error, Result, While};
use crate::windows::door::Value;
use crate::windows::places::ENVIRONMENT;

/// The values under a key; `None` where there is no such key. Those of kinds that Landfall never sets are left out.
/// Variables are named in capitals, since Windows knows them in whatever case somebody wrote them.
pub(super) fn values(key: &str) -> Result<Option<BTreeMap<String, Value>>> {
    let opened = match open(key, KEY_QUERY_VALUE) {
        Ok(opened) => opened,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e).while_doing(|| format!("reading HKLM\\{key}")),
    };
    let mut values = BTreeMap::new();
    for entry in opened.enum_values() {
        let (name, raw) = entry.while_doing(|| format!("reading HKLM\\{key}"))?;
        if let Some(value) = value_of(&raw) {
            values.insert(if key == ENVIRONMENT { name.to_ascii_uppercase() } else { name }, value);
        }
    }
    Ok(Some(values))
}

/// Sets or removes a value, and makes that reach the disk.
pub(super) fn set(key: &str, name: &str, value: Option<&Value>) -> Result<()> {
    let doing = || format!("setting {name} in HKLM\\{key}");
    let opened = open(key, KEY_SET_VALUE | KEY_QUERY_VALUE).while_doing(doing)?;
    let changed = match value {
        Some(value) => opened.set_raw_value(name, &raw(value)),
        None => match opened.delete_value(name) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        },
    };
    changed.while_doing(doing)?;
    flush(&opened).map_err(|e| Error::failed(e.to_string()).while_doing(doing()))
}

/// Whether we may change what only administrators may.
pub(super) fn may_write() -> bool {
    open(ENVIRONMENT, KEY_SET_VALUE).is_ok()
}

fn open(key: &str, access: u32) -> io::Result<RegKey> {
    RegKey::predef(HKEY_LOCAL_MACHINE).open_subkey_with_flags(key, access | KEY_WOW64_64KEY)
}

fn value_of(raw: &RegValue) -> Option<Value> {
    match raw.vtype {
        RegType::REG_SZ => String::from_reg_value(raw).ok().map(Value::Text),
        RegType::REG_EXPAND_SZ => String::from_reg_value(raw).ok().map(Value::Expandable),
        RegType::REG_MULTI_SZ => Vec::<String>::from_reg_value(raw).ok().map(Value::Texts),
        RegType::REG_DWORD => u32::from_reg_value(raw).ok().map(Value::Number),
        _ => None,
    }
}

fn raw(value: &Value) -> RegValue {
    match value {
        Value::Text(text) => text.to_reg_value(),
        Value::Expandable(text) => RegValue { vtype: REG_EXPAND_SZ, ..text.to_reg_value() },
        Value::Texts(texts) => texts.to_reg_value(),
        Value::Number(number) => number.to_reg_value(),
    }
}

/// The registry reaches the disk some seconds after a change, unless it is asked to at once; no crate asks.
#[allow(unsafe_code, reason = "a call with one handle, which lives as long as the key")]
fn flush(key: &RegKey) -> io::Result<()> {
    // SAFETY: the handle is that of an open key.
    match unsafe { windows_sys::Win32::System::Registry::RegFlushKey(key.raw_handle()) } {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(i32::try_from(code).unwrap_or(0))),
    }
}
