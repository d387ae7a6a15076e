//! Signatures are verified, both kinds, and each way of being wrong has its own name.

use crate::client::Request;
use crate::machine::{Key, call, caller_identity};
use crate::rehearsal::Rehearsal;
use crate::signer;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

const OTHER_FINGERPRINT: &str = "00000000-de00-4854-9c0f-e78f273da8fb";

#[test]
fn another_key_gets_no_role_token() {
    let rehearsal = Rehearsal::start();
    let mut machine = rehearsal.registered_machine();
    machine.key = Key::other();
    let answer = machine.request_role_token();
    assert_eq!((answer.status, answer.error().as_str()), (400, "InvalidSignatureException"));
    machine.key = Key::usual();
    assert_eq!(machine.request_role_token().status, 200);
}

#[test]
fn another_fingerprint_gets_no_role_token() {
    let rehearsal = Rehearsal::start();
    let mut machine = rehearsal.registered_machine();
    let answer = machine.request_role_token_as(OTHER_FINGERPRINT, SignedDuration::ZERO);
    assert_eq!((answer.status, answer.error().as_str()), (400, "MachineFingerprintDoesNotMatch"));
}

#[test]
fn an_unknown_instance_gets_no_role_token() {
    let rehearsal = Rehearsal::start();
    let mut machine = rehearsal.registered_machine();
    machine.instance_id = "mi-00000000000000000".to_owned();
    assert_eq!(machine.request_role_token().error(), "UnrecognizedClientException");
}

#[test]
fn a_request_from_another_time_is_refused() {
    let rehearsal = Rehearsal::start();
    let mut machine = rehearsal.machine_with_credentials();
    for minutes in [-6, 6] {
        let answer =
            machine.request_role_token_as(crate::machine::FINGERPRINT, SignedDuration::from_mins(minutes));
        assert_eq!(answer.error(), "InvalidSignatureException");
        let at = Timestamp::now() + SignedDuration::from_mins(minutes);
        let request = signer::sign_at(caller_identity(), "sts", &machine.credentials, at);
        let answer = machine.client.send(&request);
        assert_eq!(answer.status, 403);
        assert!(
            answer.text().contains("<Code>SignatureDoesNotMatch</Code><Message>Signature "),
            "{}",
            answer.text()
        );
    }
}

#[test]
fn temporary_credentials_say_whose_they_are() {
    let rehearsal = Rehearsal::start();
    let machine = rehearsal.machine_with_credentials();
    let answer = machine.caller_identity();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let arn =
        format!("<Arn>arn:aws:sts::123456789012:assumed-role/ecsAnywhereRole/{}</Arn>", machine.instance_id);
    assert!(answer.text().contains(&arn));
}

#[test]
fn a_wrong_secret_a_wrong_token_and_an_unknown_key_are_refused() {
    let rehearsal = Rehearsal::start();
    let mut machine = rehearsal.machine_with_credentials();
    let good = machine.credentials.clone();
    let error = |answer: crate::client::Answer| (answer.status, answer.error());
    let ask = |machine: &crate::machine::Machine| error(machine.ecs("DiscoverPollEndpoint", &json!({})));

    machine.credentials.secret = "wrong".to_owned();
    assert_eq!(ask(&machine), (400, "InvalidSignatureException".to_owned()));
    machine.credentials = good.clone();
    machine.credentials.token = "wrong".to_owned();
    assert_eq!(ask(&machine), (400, "UnrecognizedClientException".to_owned()));
    machine.credentials = good;
    machine.credentials.access_key = "wrong".to_owned();
    assert_eq!(ask(&machine), (400, "UnrecognizedClientException".to_owned()));
    let unsigned = call("ecs", "AmazonEC2ContainerServiceV20141113.DiscoverPollEndpoint", &json!({}));
    assert_eq!(
        error(machine.client.send(&unsigned)),
        (400, "MissingAuthenticationTokenException".to_owned())
    );
}

#[test]
fn a_signature_holds_for_its_body_and_its_service_only() {
    let rehearsal = Rehearsal::start();
    let machine = rehearsal.machine_with_credentials();
    let target = "AmazonEC2ContainerServiceV20141113.DiscoverPollEndpoint";
    let mut changed = signer::sign(call("ecs", target, &json!({})), "ecs", &machine.credentials);
    changed.body = json!({"cluster": "other"}).to_string();
    assert_eq!(machine.client.send(&changed).error(), "InvalidSignatureException");
    let elsewhere = signer::sign(call("ecs", target, &json!({})), "ssm", &machine.credentials);
    assert_eq!(machine.client.send(&elsewhere).error(), "InvalidSignatureException");
}

#[test]
fn credentials_run_out() {
    let rehearsal = Rehearsal::with(|settings| settings.credential_lifetime = SignedDuration::ZERO);
    let machine = rehearsal.machine_with_credentials();
    let answer = machine.ssm("UpdateInstanceInformation", &json!({"InstanceId": machine.instance_id}));
    assert_eq!((answer.status, answer.error().as_str()), (400, "ExpiredTokenException"));
    assert!(machine.caller_identity().text().contains("<Code>ExpiredToken</Code>"));
}

#[test]
fn whoever_signs_for_an_object_must_sign_rightly() {
    let rehearsal = Rehearsal::start();
    rehearsal.file("objects/bucket/key", b"content");
    let mut machine = rehearsal.machine_with_credentials();
    let object = || Request::new("GET", "s3.us-east-1.amazonaws.com", "/bucket/key");
    let signed = signer::sign(object(), "s3", &machine.credentials);
    assert_eq!(machine.client.send(&signed).body, b"content");
    machine.credentials.secret = "wrong".to_owned();
    let answer = machine.client.send(&signer::sign(object(), "s3", &machine.credentials));
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("<Code>SignatureDoesNotMatch</Code>"));
}

#[test]
fn what_the_role_does_not_allow_is_denied() {
    let rehearsal = Rehearsal::start();
    let machine = rehearsal.machine_with_credentials();
    assert_eq!(machine.ssm("CreateActivation", &json!({})).error(), "AccessDeniedException");
    assert_eq!(machine.ecs("ListTasks", &json!({})).error(), "AccessDeniedException");
}
