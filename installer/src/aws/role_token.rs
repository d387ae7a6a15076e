//! `RequestManagedInstanceRoleToken`: the registered key proves the machine, the service lends a role.

use serde::Deserialize;
use serde_json::json;

use super::signing::{Unsigned, amz_date};
use super::{AGAIN, asked, said_no};
use crate::error::{Error, Result};
use crate::host::{Machine, Request};
use crate::partition;
use crate::registration::Identity;
use crate::secret::Secret;

/// A role's credentials, for an hour.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoleToken {
    /// The access key's id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret,
    /// The session's token.
    pub session_token: Secret,
}

/// Asks for a role token, as the SSM agent does.
///
/// # Errors
/// When the service cannot be reached or says no.
pub fn role_token(host: &mut dyn Machine, identity: &Identity) -> Result<RoleToken> {
    let registration = &identity.registration;
    let (region, id) = (&registration.region, &registration.instance_id);
    let name = format!("ssm.{region}.{}", partition::suffix(region));
    let body = json!({"Fingerprint": identity.fingerprint}).to_string();
    let answer = asked(host, |now| {
        let date = amz_date(now);
        let mut headers = vec![
            ("content-type", Secret::new("application/x-amz-json-1.1".into())),
            ("host", Secret::new(name.clone())),
            ("x-amz-date", Secret::new(date.clone())),
            ("x-amz-target", Secret::new("AmazonSSM.RequestManagedInstanceRoleToken".into())),
        ];
        let unsigned =
            Unsigned { service: "ssm", region, method: "POST", query: "", headers: &headers, body: &body };
        let authorization = unsigned.by_instance(&date, id, &identity.private_key)?;
        headers.push(("authorization", authorization));
        Ok(Request { url: format!("https://{name}/"), headers, body: body.clone() })
    })?;
    if answer.status != 200 {
        return Err(said_no(&answer, &format!("{id} asked for a role token")));
    }
    // What is wrong with it is not told: the text would hold parts of a secret.
    serde_json::from_str(answer.body.expose())
        .map_err(|_| Error::failed(format!("the role token of {id} is not as it should be")).hint(AGAIN))
}
