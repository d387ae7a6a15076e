//! The SSM agent's message services: a control channel that stays silent, and the older polling service, which
//! never has a message. No command is ever sent to a machine from here.

use crate::aws::Aws;
use crate::front::Call;
use crate::reply::Reply;
use crate::trouble::Trouble;
use crate::{access, identities};
use serde_json::{Value, json};

/// `POST /v1/control-channel/<mi>`: the real service answers this one in XML.
pub fn control_channel(aws: &Aws, call: &Call) -> Result<Reply, Trouble> {
    authorized(aws, call)?;
    Ok(Reply::xml(
        201,
        format!(
            "<CreateControlChannelResult><MessageSchemaVersion>1.0</MessageSchemaVersion>\
             <TokenValue>{}</TokenValue></CreateControlChannelResult>",
            identities::uuid()
        ),
    ))
}

/// The channel must be the caller's own.
pub fn authorized(aws: &Aws, call: &Call) -> Result<(), Trouble> {
    let session = access::session(aws, call, "ssmmessages")?;
    match call.path().strip_prefix("/v1/control-channel/") {
        Some(instance) if instance == session.instance_id => Ok(()),
        _ => Err(Trouble::AccessDenied("The channel belongs to another instance.".to_owned())),
    }
}

/// `ec2messages`: GetMessages has none; acknowledgements are accepted.
pub fn messages(aws: &Aws, call: &Call) -> Result<Value, Trouble> {
    let (operation, body) = call.operation()?;
    access::session(aws, call, "ec2messages")?;
    Ok(match operation {
        "GetMessages" => json!({
            "Destination": body["Destination"],
            "Messages": [],
            "MessagesRequestId": identities::uuid(),
        }),
        _ => json!({}),
    })
}
