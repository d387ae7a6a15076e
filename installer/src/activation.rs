//! The activation: the id and code that turn into an identity, once.
//!
//! It comes from flags, a file, standard input or a systemd credential, and it goes nowhere but into
//! the SSM agent's own registration. The file holds what `aws ssm create-activation` prints, or the
//! bare code on one line.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::secret::Secret;

/// The shortest code and id the service accepts.
const CODE_LENGTH: usize = 20;
const ID_LENGTH: usize = 36;

/// An activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Its id, which is no secret.
    pub id: String,
    /// Its code, which is one.
    pub code: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    activation_id: String,
    activation_code: Secret,
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        // The usual error would show what was found in the text's place.
        let text = String::deserialize(deserializer);
        text.map(Self::new).map_err(|_| serde::de::Error::custom("a secret is a text in quotes"))
    }
}

impl Activation {
    /// Checks the shape, so that a slip of the pen does not cost a request.
    ///
    /// # Errors
    /// When the id or the code cannot be one.
    pub fn new(id: String, code: Secret) -> Result<Self> {
        if id.len() < ID_LENGTH {
            return Err(malformed(format!("the activation id has {} characters, not {ID_LENGTH}", id.len())));
        }
        let length = code.expose().len();
        if length < CODE_LENGTH {
            return Err(malformed(format!(
                "the activation code has {length} characters, and needs at least {CODE_LENGTH}"
            )));
        }
        Ok(Self { id, code })
    }

    /// Reads what an activation file holds; the id may come from elsewhere.
    ///
    /// # Errors
    /// When the text holds no activation.
    pub fn parse(text: &Secret, id: Option<String>, source: &str) -> Result<Self> {
        let body = text.expose().trim();
        if body.starts_with('{') {
            let printed: Printed = serde_json::from_str(body)
                .map_err(|_| malformed(format!("{source} is not what 'aws ssm create-activation' prints")))?;
            return Self::new(printed.activation_id, printed.activation_code);
        }
        if body.lines().count() != 1 {
            return Err(malformed(format!("{source} holds neither JSON nor one line with a code")));
        }
        let id = id.ok_or_else(|| {
            malformed(format!("{source} holds a code alone, and no activation id was given"))
        })?;
        Self::new(id, Secret::new(body.to_owned()))
    }
}

fn malformed(what: String) -> Error {
    Error::refused(what).hint(
        "give the JSON that 'aws ssm create-activation' printed: --activation-file FILE, or - for standard input",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-2222-3333-4444-555555555555";
    const CODE: &str = "GoodCodeGoodCode1234";

    fn parse(text: &str, id: Option<&str>) -> Result<Activation> {
        Activation::parse(&Secret::new(text.into()), id.map(str::to_owned), "the file")
    }

    #[test]
    fn what_create_activation_prints_is_an_activation() {
        let text = format!(r#"{{"ActivationId": "{ID}", "ActivationCode": "{CODE}"}}"#);
        let activation = parse(&text, None).unwrap();
        assert_eq!((activation.id.as_str(), activation.code.expose()), (ID, CODE));
    }

    #[test]
    fn a_bare_code_needs_an_id_beside_it() {
        assert_eq!(parse(&format!("{CODE}\n"), Some(ID)).unwrap().code.expose(), CODE);
        assert_eq!(parse(CODE, None).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn a_malformed_activation_is_refused_without_showing_it() {
        for text in ["short", "{\"ActivationId\": \"x\"}", "two\nlines"] {
            let error = parse(text, Some(ID)).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(!error.to_string().contains(text), "{error}");
        }
    }
}
