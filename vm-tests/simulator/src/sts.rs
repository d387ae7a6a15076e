//! STS: GetCallerIdentity, which tells whether temporary credentials work and whose they are.

use crate::aws::Aws;
use crate::front::Call;
use crate::reply::Reply;
use crate::trouble::Trouble;
use crate::{access, identities, percent};

/// Answers a form-encoded query, by POST or GET.
pub fn answer(aws: &Aws, call: &Call) -> Result<Reply, Trouble> {
    let body = String::from_utf8_lossy(&call.body);
    let form = if call.body.is_empty() { call.query() } else { &body };
    let session = access::session(aws, call, "sts")?;
    let action = percent::value_of(form, "Action").unwrap_or_default();
    let arn = aws.place.session_arn(&session.instance_id);
    if action != "GetCallerIdentity" {
        return Err(Trouble::AccessDenied(format!("User: {arn} is not authorized to perform: sts:{action}")));
    }
    Ok(Reply::xml(
        200,
        format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  \
             <GetCallerIdentityResult>\n    <Arn>{arn}</Arn>\n    <UserId>AROASIMULATEDROLE0000:{}</UserId>\n    \
             <Account>{}</Account>\n  </GetCallerIdentityResult>\n  <ResponseMetadata>\n    \
             <RequestId>{}</RequestId>\n  </ResponseMetadata>\n</GetCallerIdentityResponse>\n",
            session.instance_id,
            aws.place.account,
            identities::uuid()
        ),
    ))
}
