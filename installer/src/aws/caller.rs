//! `GetCallerIdentity`: whose role it is. It needs no permission, and cannot be denied by one.

use super::signing::{Unsigned, amz_date};
use super::{AGAIN, RoleToken, asked, element, said_no};
use crate::error::{Error, Result};
use crate::host::{Machine, Request};
use crate::partition;
use crate::secret::Secret;

const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// The account that a role token belongs to, asked at the region's own endpoint.
///
/// # Errors
/// When the service cannot be reached or says no.
pub fn account(host: &mut dyn Machine, region: &str, token: &RoleToken) -> Result<String> {
    let name = format!("sts.{region}.{}", partition::suffix(region));
    let answer = asked(host, |now| {
        let date = amz_date(now);
        let mut headers = vec![
            ("content-type", Secret::new("application/x-www-form-urlencoded; charset=utf-8".into())),
            ("host", Secret::new(name.clone())),
            ("x-amz-date", Secret::new(date.clone())),
            ("x-amz-security-token", token.session_token.clone()),
        ];
        let unsigned =
            Unsigned { service: "sts", region, method: "POST", query: "", headers: &headers, body: BODY };
        let authorization = unsigned.by_role(&date, &token.access_key_id, &token.secret_access_key);
        headers.push(("authorization", authorization));
        Ok(Request { url: format!("https://{name}/"), headers, body: BODY.into() })
    })?;
    if answer.status != 200 {
        return Err(said_no(&answer, "the role asked for its account"));
    }
    let account = element(answer.body.expose(), "Account").filter(|text| is_account(text));
    account.map(str::to_owned).ok_or_else(|| Error::failed("STS named no account").hint(AGAIN))
}

/// Whether a text can be an account's number.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
