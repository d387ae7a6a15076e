//! The shared credentials file: one profile replaced, all others kept as they are.

use super::vault::write_private;
use crate::sigv4::Credentials;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// `AWS_SHARED_CREDENTIALS_FILE`, else `.aws/credentials` at home; a service without a home is root.
pub fn shared_file() -> PathBuf {
    match std::env::var_os("AWS_SHARED_CREDENTIALS_FILE") {
        Some(file) if !file.is_empty() => PathBuf::from(file),
        _ => PathBuf::from(std::env::var_os("HOME").unwrap_or("/root".into())).join(".aws/credentials"),
    }
}

/// Writes a profile's credentials, 0600.
pub fn write_credentials(file: &Path, profile: &str, credentials: &Credentials) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let before = fs::read_to_string(file).unwrap_or_default();
    write_private(file, with_profile(&before, profile, credentials).as_bytes())
}

/// A profile's credentials; `None` when one of the three is missing.
pub fn read_credentials(file: &Path, profile: &str) -> Option<Credentials> {
    let text = fs::read_to_string(file).ok()?;
    let section: Vec<&str> =
        sections(&text).into_iter().find(|(name, _)| *name == Some(profile)).map(|(_, lines)| lines)?;
    let value = |key: &str| {
        let mut pairs = section.iter().filter_map(|line| line.split_once('='));
        pairs.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().to_owned())
    };
    Some(Credentials {
        access_key_id: value("aws_access_key_id")?,
        secret_access_key: value("aws_secret_access_key")?,
        session_token: value("aws_session_token")?,
    })
}

fn with_profile(text: &str, profile: &str, credentials: &Credentials) -> String {
    let mut written = String::new();
    for (name, lines) in sections(text) {
        if name != Some(profile) {
            lines.iter().for_each(|line| written.push_str(&format!("{line}\n")));
        }
    }
    written.push_str(&format!(
        "[{profile}]\naws_access_key_id     = {}\naws_secret_access_key = {}\naws_session_token     = {}\n",
        credentials.access_key_id, credentials.secret_access_key, credentials.session_token
    ));
    written
}

/// The file in sections; each has its own heading among its lines, the lines before the first have none.
fn sections(text: &str) -> Vec<(Option<&str>, Vec<&str>)> {
    let mut sections = vec![(None, Vec::new())];
    for line in text.lines() {
        if let Some(name) = line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.push((Some(name.trim()), Vec::new()));
        }
        if let Some((_, lines)) = sections.last_mut() {
            lines.push(line);
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn credentials(word: &str) -> Credentials {
        Credentials {
            access_key_id: format!("{word}-id"),
            secret_access_key: format!("{word}/secret+="),
            session_token: format!("{word}-token"),
        }
    }

    #[test]
    fn other_profiles_are_kept_and_the_own_one_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".aws/credentials");
        fs::create_dir(folder.path().join(".aws")).unwrap();
        fs::write(&file, "# mine\n[work]\naws_access_key_id = keep\n\n[default]\naws_access_key_id=old\n")
            .unwrap();
        write_credentials(&file, "default", &credentials("one")).unwrap();
        write_credentials(&file, "default", &credentials("two")).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("# mine\n[work]\naws_access_key_id = keep\n"), "{text}");
        assert_eq!(text.matches("[default]").count(), 1);
        assert_eq!(read_credentials(&file, "default").unwrap(), credentials("two"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_profile_with_a_member_missing_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        fs::write(&file, "[default]\naws_access_key_id = a\n").unwrap();
        assert_eq!(read_credentials(&file, "default"), None);
        assert_eq!(read_credentials(&file, "other"), None);
    }
}
