//! A fleet in a file: one host per line of a CSV, or per `[[host]]` of a TOML.
//!
//! Everything that is wrong is said at once, with its line; nothing is made of a file that has a mistake.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::{Spanned, Table, Value};

use super::{For, Host};
use crate::error::{Error, Result};

/// What counts for every host that does not say otherwise.
#[derive(Clone, Default)]
pub struct Defaults {
    /// AWS region.
    pub region: Option<String>,
    /// ECS cluster.
    pub cluster: Option<String>,
    /// Id and code of an activation.
    pub activation: Option<(String, String)>,
    /// Proxy.
    pub proxy: Option<String>,
    /// Hosts to reach without it.
    pub no_proxy: Option<String>,
}

/// The hosts of an inventory, and what to think about.
pub struct Inventory {
    /// The hosts, in the order of the file.
    pub hosts: Vec<Host>,
    /// What is no mistake, but may be none too.
    pub warnings: Vec<String>,
}

/// Columns of a CSV that hold several values, separated by semicolons.
const LISTS: [&str; 3] = ["attribute", "tag", "nameserver"];

/// A host as it was written, with its line.
type Row = (usize, std::result::Result<Table, String>);

/// Reads an inventory; the file's name says what it is.
///
/// # Errors
/// With every line that is wrong.
pub fn read(path: &Path, defaults: &Defaults, whom: For) -> Result<Inventory> {
    let named = |what: String| Error::refused(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| named(e.to_string()))?;
    let rows = match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => of_csv(&text).map_err(named)?,
        Some("toml") => of_toml(&text).map_err(named)?,
        _ => return Err(named("an inventory is a .csv or a .toml".into())),
    };
    let inventory = checked(rows, defaults, whom).map_err(|wrong| {
        let lines: Vec<String> = wrong.iter().map(|(line, what)| format!("\n  {}:{line}: {what}", path.display())).collect();
        let count = wrong.len();
        let things = if count == 1 { "mistake" } else { "mistakes" };
        Error::refused(format!("the inventory has {count} {things}, and nothing was written:{}", lines.concat()))
            .hint("columns are: hostname, region, cluster, activation-id, activation-code, attribute, tag, proxy, no-proxy, mac, address, gateway, nameserver")
    })?;
    if inventory.hosts.is_empty() {
        return Err(named("there is no host in it".into()));
    }
    if rows_hold_a_code(&text) {
        super::private::demand(path)?;
    }
    Ok(inventory)
}

/// Whether the file itself holds activation codes, or only names hosts.
fn rows_hold_a_code(text: &str) -> bool {
    text.contains("activation-code")
}

fn of_csv(text: &str) -> std::result::Result<Vec<Row>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| e.to_string())?.clone();
    if !header.iter().any(|name| name == "hostname") {
        return Err("the first line has to name the columns, and 'hostname' is not among them".into());
    }
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(rows),
            Err(e) => return Err(e.to_string()),
        }
        let line = line_of(text, record.position().map_or(0, |it| usize::try_from(it.byte()).unwrap_or(0)));
        if record.len() != header.len() {
            rows.push((
                line,
                Err(format!("{} columns, where the first line names {}", record.len(), header.len())),
            ));
            continue;
        }
        let filled = header.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty());
        rows.push((line, Ok(filled.map(|(name, cell)| (name.to_owned(), value(name, cell))).collect())));
    }
}

/// The line of a record: where it is looked for may be before empty lines and comments.
fn line_of(text: &str, mut at: usize) -> usize {
    while let Some(rest) = text.get(at..).filter(|rest| rest.starts_with(['\n', '\r', '#'])) {
        at += rest.find('\n').map_or(rest.len(), |end| end + 1);
    }
    line_at(text, at)
}

fn line_at(text: &str, at: usize) -> usize {
    1 + text.as_bytes().iter().take(at).filter(|&&byte| byte == b'\n').count()
}

fn value(name: &str, cell: &str) -> Value {
    if LISTS.contains(&name) {
        let parts = cell.split(';').map(str::trim).filter(|part| !part.is_empty());
        return Value::Array(parts.map(|part| Value::String(part.to_owned())).collect());
    }
    Value::String(cell.to_owned())
}

fn of_toml(text: &str) -> std::result::Result<Vec<Row>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(default)]
        host: Vec<Spanned<Table>>,
    }
    // The whole message would show the line, and a line may hold a code.
    let file: File = toml::from_str(text).map_err(|e| {
        format!("line {}: {}", e.span().map_or(1, |span| line_at(text, span.start)), e.message())
    })?;
    Ok(file.host.into_iter().map(|row| (line_at(text, row.span().start), Ok(row.into_inner()))).collect())
}

fn checked(
    rows: Vec<Row>,
    defaults: &Defaults,
    whom: For,
) -> std::result::Result<Inventory, Vec<(usize, String)>> {
    let (mut hosts, mut wrong) = (Vec::new(), Vec::new());
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for (line, row) in rows {
        let host = row.and_then(|table| Host::deserialize(table).map_err(|e| without_values(e.message())));
        let mut host = match host {
            Ok(host) => host,
            Err(what) => {
                wrong.push((line, what));
                continue;
            }
        };
        defaults.fill(&mut host);
        wrong.extend(host.mistakes(whom).into_iter().map(|what| (line, what)));
        // Two seeds of one name would be one file, and two machines of one name.
        if let Some(first) = names.insert(host.hostname.as_str().to_lowercase(), line) {
            wrong.push((line, format!("the hostname {} is on line {first} already", host.hostname)));
        }
        *uses.entry(host.activation_id.clone().unwrap_or_default()).or_default() += 1;
        hosts.push(host);
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let shared = uses.iter().filter(|(_, uses)| **uses > 1);
    let warnings = shared.map(|(id, uses)| {
        format!("the activation {id} is used by {uses} hosts: its registration limit has to be at least that, and whoever gets one seed can register as many")
    });
    Ok(Inventory { hosts, warnings: warnings.collect() })
}

/// serde's sentence for an unknown key, shortened.
fn without_values(message: &str) -> String {
    match message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) {
        Some((key, _)) => format!("there is no column '{key}'"),
        None => message.to_owned(),
    }
}

impl Defaults {
    fn fill(&self, host: &mut Host) {
        host.region = host.region.take().or_else(|| self.region.clone());
        host.cluster = host.cluster.take().or_else(|| self.cluster.clone());
        host.proxy = host.proxy.take().or_else(|| self.proxy.clone());
        host.no_proxy = host.no_proxy.take().or_else(|| self.no_proxy.clone());
        if let (None, None, Some((id, code))) = (&host.activation_id, &host.activation_code, &self.activation)
        {
            host.activation_id = Some(id.clone());
            host.activation_code = Some(code.clone());
        }
    }
}
