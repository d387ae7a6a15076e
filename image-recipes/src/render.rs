//! What a recipe puts into an image: files and a cloud-config, made of the recipe alone.
//!
//! The same recipe gives the same bytes. Nothing here is secret: an activation is no part of a recipe.

use serde::Serialize;
use serde_json::{Map, Value, json};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};
use crate::recipe::{AbsolutePath, ImageFile, Mode, Owner, Recipe, User};

#[cfg(test)]
mod tests;
pub mod yaml;

/// Where Docker reads its options.
pub const DAEMON_JSON: &str = "/etc/docker/daemon.json";
/// Where Landfall reads its own.
pub const CONFIG: &str = "/etc/landfall/config.toml";

/// The first line by which cloud-init knows its own.
const HEADER: &str = "#cloud-config\n";
/// What is written at the head of files that are made of a recipe.
const MADE: &str = "# Made by landfall-image of a recipe; a change here does not go back there.\n";

/// A file as it has to be in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Where.
    pub path: AbsolutePath,
    /// What is in it.
    pub content: Vec<u8>,
    /// Permissions.
    pub mode: Mode,
    /// Whose it is.
    pub owner: Owner,
}

/// Every file that the recipe puts into the image, its tables included.
///
/// # Errors
/// When a file that it is a copy of cannot be read.
pub fn files(recipe: &Recipe) -> Result<Vec<Placed>> {
    let mut files = vec![
        ours(CONFIG, toml_text(&recipe.landfall)?)?,
        ours(landfall_contract::policy::PATH, toml_text(&recipe.policy)?)?,
    ];
    if !recipe.docker.is_empty() {
        let text = serde_json::to_string_pretty(&recipe.docker).map_err(|e| Error::bug(e.to_string()))?;
        files.push(ours(DAEMON_JSON, text + "\n")?);
    }
    for file in &recipe.files {
        files.push(placed(recipe, file)?);
    }
    Ok(files)
}

/// The cloud-config that makes of a base what the recipe says, without Landfall: users, packages, files, time
/// zone. `commands` run at the end of it, each a program with its arguments.
///
/// # Errors
/// When a file of the recipe cannot be read.
pub fn cloud_config(recipe: &Recipe, commands: &[Vec<String>]) -> Result<String> {
    let mut config = Map::new();
    config.insert("timezone".into(), json!(recipe.time_zone));
    if let Some(name) = &recipe.hostname {
        config.insert("hostname".into(), json!(name));
    }
    // Without users of its own, the vendor's is made, which nobody has a key for; an empty list is no list to
    // cloud-init's schema.
    if !recipe.users.is_empty() {
        config.insert("users".into(), recipe.users.iter().map(user).collect());
    }
    config.insert("ssh_pwauth".into(), json!(false));
    config.insert("disable_root".into(), json!(true));
    config.insert("package_update".into(), json!(true));
    if !recipe.packages.is_empty() {
        config.insert("packages".into(), json!(recipe.packages));
    }
    config.insert("write_files".into(), files(recipe)?.iter().map(written).collect());
    if !commands.is_empty() {
        config.insert("runcmd".into(), json!(commands));
    }
    Ok(format!("{HEADER}{}", yaml::block(&Value::Object(config))))
}

/// What `landfall seal` has to leave, by the names of the seal list, because the recipe put it there.
#[must_use]
pub fn kept(recipe: &Recipe) -> Vec<&'static str> {
    let keys = recipe.users.iter().any(|user| !user.ssh_keys.is_empty());
    keys.then_some("authorized-keys").into_iter().collect()
}

/// A user's `authorized_keys`, as cloud-init writes it; `None` of a user without keys.
#[must_use]
pub fn authorized_keys(user: &User) -> Option<String> {
    if user.ssh_keys.is_empty() {
        return None;
    }
    Some(user.ssh_keys.iter().map(|key| format!("{key}\n")).collect())
}

fn user(user: &User) -> Value {
    let mut entry = Map::new();
    entry.insert("name".into(), json!(user.name));
    entry.insert("shell".into(), json!("/bin/bash"));
    entry.insert("lock_passwd".into(), json!(true));
    if !user.groups.is_empty() {
        entry.insert("groups".into(), json!(user.groups));
    }
    if user.sudo {
        entry.insert("sudo".into(), json!("ALL=(ALL) NOPASSWD:ALL"));
    }
    if !user.ssh_keys.is_empty() {
        entry.insert("ssh_authorized_keys".into(), json!(user.ssh_keys));
    }
    Value::Object(entry)
}

fn written(file: &Placed) -> Value {
    let mut entry = Map::new();
    entry.insert("path".into(), json!(file.path));
    entry.insert("permissions".into(), json!(file.mode));
    if file.owner != Owner::root() {
        entry.insert("owner".into(), json!(file.owner));
        // Written after users and packages are there: the owner may be one of them.
        entry.insert("defer".into(), json!(true));
    }
    match std::str::from_utf8(&file.content) {
        Ok(text) if text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()) => {
            entry.insert("content".into(), json!(text));
        }
        _ => {
            entry.insert("encoding".into(), json!("b64"));
            entry.insert("content".into(), json!(STANDARD.encode(&file.content)));
        }
    }
    Value::Object(entry)
}

fn placed(recipe: &Recipe, file: &ImageFile) -> Result<Placed> {
    let content = match (&file.content, &file.source) {
        (Some(text), _) => text.clone().into_bytes(),
        (None, Some(source)) => {
            let source = recipe.origin.beside(source);
            std::fs::read(&source).map_err(|e| {
                Error::refused(format!("{} cannot be read: {e}", source.display()))
                    .while_doing(format!("reading what {} is a copy of", file.path))
            })?
        }
        (None, None) => Vec::new(),
    };
    Ok(Placed { path: file.path.clone(), content, mode: file.mode.clone(), owner: file.owner.clone() })
}

fn ours(path: &str, text: String) -> Result<Placed> {
    let path = AbsolutePath::try_from(path.to_owned()).map_err(Error::bug)?;
    Ok(Placed { path, content: text.into_bytes(), mode: Mode::default(), owner: Owner::root() })
}

fn toml_text<T: Serialize>(table: &T) -> Result<String> {
    let text = toml::to_string(table).map_err(|e| Error::bug(e.to_string()))?;
    Ok(format!("{MADE}{text}"))
}
