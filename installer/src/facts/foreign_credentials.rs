//! Credentials of AWS that are neither Landfall's nor the SSM agent's, and lie in the agents' way.
//!
//! Only where they are is ever told, never what they are.

use std::path::{Path, PathBuf};

use super::Sight;
use crate::error::Result;
use crate::host::{EntryKind, Host};
use crate::registration::{CREDENTIALS, IDENTITY};

/// Each changes whom an agent takes itself for, or where it looks for that.
const VARIABLES: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_PROFILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONTAINER_CREDENTIALS_",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];
const FILES: [&str; 3] = ["/etc/ecs/ecs.config", "/var/lib/ecs/ecs.config", "/etc/systemd/system.conf"];
const FOLDERS: [&str; 3] = [
    "/etc/systemd/system.conf.d",
    "/etc/systemd/system/amazon-ssm-agent.service.d",
    "/etc/systemd/system/ecs.service.d",
];

/// Where such credentials are, in words for people.
pub(super) fn places(host: &dyn Host, sight: &mut Sight) -> Result<Vec<String>> {
    let mut places = Vec::new();
    let mut files: Vec<PathBuf> = FILES.iter().map(PathBuf::from).collect();
    for folder in FOLDERS {
        let names = sight.of(host.list(Path::new(folder)))?;
        let drop_ins = names.iter().filter(|name| name.ends_with(".conf"));
        files.extend(drop_ins.map(|name| Path::new(folder).join(name)));
    }
    let mut at = 0;
    while let Some(path) = files.get(at).cloned() {
        at += 1;
        if sight.of(host.stat(&path))?.is_none_or(|stat| stat.kind != EntryKind::File) {
            continue;
        }
        let content = sight.of(host.read(&path))?.unwrap_or_default();
        let text = String::from_utf8_lossy(&content);
        if path.parent().is_some_and(|folder| folder.to_string_lossy().ends_with(".service.d")) {
            let named = environment_files(&text).filter(|path| !files.contains(path)).collect::<Vec<_>>();
            files.extend(named);
        }
        places.extend(variable_in(&text).map(|name| format!("{name} in {}", path.display())));
    }
    if sight.of(operators_profile(host))? {
        places.push(format!("the profile [default] of {CREDENTIALS}"));
    }
    Ok(places)
}

/// Those that a drop-in names, without patterns.
fn environment_files(text: &str) -> impl Iterator<Item = PathBuf> {
    let value =
        |line: &str| Some(line.trim().strip_prefix("EnvironmentFile=")?.trim_start_matches('-').to_owned());
    let is_plain = |path: &String| path.starts_with('/') && !path.contains(['%', '*', '?', '[']);
    text.lines().filter_map(value).filter(is_plain).map(PathBuf::from)
}

fn variable_in(text: &str) -> Option<&'static str> {
    let lines = || text.lines().map(str::trim_start).filter(|line| !line.starts_with(['#', ';']));
    VARIABLES.into_iter().find(|name| lines().any(|line| line.contains(name) && line.contains('=')))
}

/// The SSM agent's own always have a session token, and it notes beside them that it wrote them.
fn operators_profile(host: &dyn Host) -> Result<bool> {
    let content = host.read(Path::new(CREDENTIALS))?.unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let is_header = |line: &&str| line.trim_start().starts_with('[');
    let mut lines = text.lines().skip_while(|line| line.trim() != "[default]").skip(1);
    let profile: Vec<&str> = lines.by_ref().take_while(|line| !is_header(line)).collect();
    let has = |key| profile.iter().any(|line| line.trim_start().starts_with(key));
    let agents = has("aws_session_token") && host.stat(Path::new(IDENTITY))?.is_some();
    Ok(has("aws_access_key_id") && !agents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::fresh;

    fn places_of(files: &[(&str, &str)]) -> Vec<String> {
        let mut fake = fresh();
        files.iter().for_each(|(path, text)| fake.put(path, text, 0o600));
        places(&fake, &mut Sight::whole()).unwrap()
    }

    #[test]
    fn the_ssm_agents_own_credentials_are_recognised() {
        let own = "[default]\naws_access_key_id = A\naws_secret_access_key = S\naws_session_token = T\n";
        assert!(places_of(&[(CREDENTIALS, own), (IDENTITY, "{}")]).is_empty());
        let operators = "[default]\naws_access_key_id = A\naws_secret_access_key = S\n";
        let found = places_of(&[(CREDENTIALS, operators), (IDENTITY, "{}")]);
        assert_eq!(found, ["the profile [default] of /root/.aws/credentials"]);
        let other_profile = "[backup]\naws_access_key_id = A\n[default]\nregion = x\n";
        assert!(places_of(&[(CREDENTIALS, other_profile)]).is_empty());
    }

    #[test]
    fn variables_are_found_where_units_get_them_from_and_values_are_not_told() {
        let found = places_of(&[
            ("/etc/ecs/ecs.config", "ECS_CLUSTER=c\nAWS_ACCESS_KEY_ID=AKIASECRET\n"),
            ("/etc/systemd/system/ecs.service.d/own.conf", "[Service]\nEnvironment=AWS_PROFILE=me\n"),
            ("/etc/environment", "AWS_PROFILE=me\n"),
            ("/etc/systemd/system/ecs.service.d/own.conf.bak", "[Service]\nEnvironment=AWS_PROFILE=me\n"),
            ("/etc/systemd/system/ecs.service.d/folder.conf/x", "AWS_PROFILE=me\n"),
            (
                "/etc/systemd/system/amazon-ssm-agent.service.d/a.conf",
                "[Service]\nEnvironmentFile=-/etc/agent.env\n",
            ),
            ("/etc/agent.env", "# none\nAWS_PROFILE=you\n"),
        ]);
        assert_eq!(
            found,
            [
                "AWS_ACCESS_KEY_ID in /etc/ecs/ecs.config",
                "AWS_PROFILE in /etc/systemd/system/ecs.service.d/own.conf",
                "AWS_PROFILE in /etc/agent.env"
            ]
        );
    }
}
