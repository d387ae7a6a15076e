//! SSM as the agent meets it: registration with an activation, role tokens, heartbeats. Calls that a managed
//! instance's policy does not allow are denied, not invented.

use crate::aws::Aws;
use crate::front::Call;
use crate::trouble::Trouble;
use crate::world::ManagedInstance;
use crate::{access, identities, public_key, sigv4};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Calls of the agent that need no more than "yes".
const ACCEPTED: [&str; 9] = [
    "PutInventory",
    "PutComplianceItems",
    "PutConfigurePackageResult",
    "UpdateAssociationStatus",
    "UpdateInstanceAssociationStatus",
    "ListAssociations",
    "GetManifest",
    "GetDocument",
    "DescribeAssociation",
];

/// Answers a call to `ssm.<region>`.
pub fn answer(aws: &Aws, call: &Call) -> Result<Value, Trouble> {
    let (operation, body) = call.operation()?;
    match operation {
        "RegisterManagedInstance" => return register(aws, &body),
        "RequestManagedInstanceRoleToken" => {
            let instance = access::managed_instance(aws, call)?;
            return role_token(aws, &instance, &body);
        }
        "UpdateManagedInstancePublicKey" => {
            let instance = access::managed_instance(aws, call)?;
            return change_key(aws, &instance, &body);
        }
        _ => {}
    }
    let session = access::session(aws, call, "ssm")?;
    match operation {
        "UpdateInstanceInformation" => heartbeat(aws, &session.instance_id, body),
        "ListInstanceAssociations" => Ok(json!({"Associations": []})),
        accepted if ACCEPTED.contains(&accepted) => Ok(json!({})),
        other => Err(Trouble::AccessDenied(format!(
            "User: {} is not authorized to perform: ssm:{other}",
            aws.place.session_arn(&session.instance_id)
        ))),
    }
}

fn register(aws: &Aws, body: &Value) -> Result<Value, Trouble> {
    let registration = Registration::read(body)?;
    aws.change(|world| {
        let digest = sigv4::sha256(registration.code.as_bytes());
        let activation = world
            .activations
            .iter_mut()
            .find(|known| known.activation_id == registration.activation_id && known.code_digest == digest)
            .ok_or_else(|| Trouble::own("InvalidActivation", "The activation ID or code is not valid."))?;
        if activation.expiration_date <= Timestamp::now() {
            return Err(Trouble::own("ActivationExpired", "The activation has expired."));
        }
        if activation.registrations_count >= activation.registration_limit {
            let message = format!("Registration limit of {} is reached.", activation.registration_limit);
            return Err(Trouble::own("RegistrationLimitExceeded", message));
        }
        activation.registrations_count += 1;
        let instance = registration.instance();
        let answer = json!({"InstanceId": instance.instance_id});
        world.managed_instances.push(instance);
        Ok(answer)
    })
}

fn role_token(aws: &Aws, instance: &str, body: &Value) -> Result<Value, Trouble> {
    let fingerprint = text(body, "Fingerprint");
    aws.change(|world| {
        let known = world.managed_instance_mut(instance).ok_or(Trouble::UnknownKey)?;
        if known.fingerprint != fingerprint {
            let message = "The machine's fingerprint is not the one that it registered with.";
            return Err(Trouble::own("MachineFingerprintDoesNotMatch", message));
        }
        known.role_tokens += 1;
        let session = world.open_session(instance, aws.credential_lifetime);
        Ok(json!({
            "AccessKeyId": session.access_key,
            "SecretAccessKey": session.secret,
            "SessionToken": session.token,
            "TokenExpirationDate": session.expires.as_microsecond() as f64 / 1e6,
            "UpdateKeyPair": false,
        }))
    })
}

fn change_key(aws: &Aws, instance: &str, body: &Value) -> Result<Value, Trouble> {
    let key = text(body, "NewPublicKey");
    demand("newPublicKey", public_key::is_rsa(key), "must be an RSA key")?;
    aws.change(|world| {
        world.managed_instance_mut(instance).ok_or(Trouble::UnknownKey)?.public_key = key.to_owned();
        Ok(json!({}))
    })
}

fn heartbeat(aws: &Aws, instance: &str, body: Value) -> Result<Value, Trouble> {
    if text(&body, "InstanceId") != instance {
        return Err(Trouble::own("InvalidInstanceId", "The instance is not the caller."));
    }
    aws.change(|world| {
        let known = world.managed_instance_mut(instance).ok_or(Trouble::UnknownKey)?;
        known.last_ping_at = Some(Timestamp::now());
        known.information = body;
        Ok(json!({}))
    })
}

/// The fields of RegisterManagedInstance, checked for their shape.
struct Registration<'a> {
    code: &'a str,
    activation_id: &'a str,
    fingerprint: &'a str,
    public_key: &'a str,
}

impl Registration<'_> {
    fn read(body: &Value) -> Result<Registration<'_>, Trouble> {
        let registration = Registration {
            code: text(body, "ActivationCode"),
            activation_id: text(body, "ActivationId"),
            fingerprint: text(body, "Fingerprint"),
            public_key: text(body, "PublicKey"),
        };
        let length = |text: &str, least: usize, most: usize| (least..=most).contains(&text.len());
        demand("activationCode", length(registration.code, 20, 250), "must be 20 to 250 characters long")?;
        demand("activationId", length(registration.activation_id, 36, 36), "must be 36 characters long")?;
        demand("fingerprint", length(registration.fingerprint, 36, 36), "must be a UUID")?;
        demand(
            "publicKey",
            length(registration.public_key, 392, 4096),
            "must be at least 392 characters long",
        )?;
        demand("publicKey", public_key::is_rsa(registration.public_key), "must be an RSA key")?;
        demand("publicKeyType", text(body, "PublicKeyType") == "Rsa", "must be Rsa")?;
        Ok(registration)
    }

    fn instance(&self) -> ManagedInstance {
        ManagedInstance {
            instance_id: identities::managed_instance_id(),
            activation_id: self.activation_id.to_owned(),
            fingerprint: self.fingerprint.to_owned(),
            public_key: self.public_key.to_owned(),
            registered_at: Timestamp::now(),
            last_ping_at: None,
            information: Value::Null,
            role_tokens: 0,
        }
    }
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_default()
}

fn demand(field: &str, holds: bool, constraint: &str) -> Result<(), Trouble> {
    let message = || {
        format!("1 validation error detected: Value at '{field}' failed to satisfy constraint: {constraint}")
    };
    holds.then_some(()).ok_or_else(|| Trouble::own("ValidationException", message()))
}
