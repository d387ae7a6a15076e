//! What the services may answer, and what becomes of it.

use super::*;
use crate::host::fake::{Fake, registered_elsewhere};
use crate::registration::Identity;
use crate::secret::Secret;

fn answer(status: u16, body: &str) -> Response {
    Response { status, body: Secret::new(body.into()) }
}

fn machine() -> (Fake, Identity) {
    let fake = registered_elsewhere();
    let identity = crate::registration::identity(&fake).unwrap().expect("a registered machine");
    (fake, identity)
}

#[test]
fn the_vaults_key_leads_to_the_account() {
    let (mut fake, identity) = machine();
    let token = role_token(&mut fake, &identity).unwrap();
    assert_eq!(account(&mut fake, &identity.registration.region, &token).unwrap(), "123456789012");
}

#[test]
fn an_error_is_named_in_json_and_in_xml() {
    for (body, code) in [
        (
            r#"{"__type":"com.amazonaws.ssm#AccessDeniedException","message":"m"}"#,
            Some("AccessDeniedException"),
        ),
        ("<ErrorResponse><Error><Code>ExpiredToken</Code></Error></ErrorResponse>", Some("ExpiredToken")),
        ("<html>", None),
        ("{}", None),
    ] {
        assert_eq!(error_code(&answer(400, body)).as_deref(), code, "{body}");
    }
}

#[test]
fn every_known_refusal_is_a_sentence_with_a_remedy() {
    for (code, why) in [
        ("AccessDeniedException", "access is denied (AccessDeniedException)"),
        ("MachineFingerprintDoesNotMatch", "the service takes this for another machine"),
        ("UnrecognizedClientException", "the service does not know this identity"),
        ("InvalidSignatureException", "the service does not accept the signature"),
        ("Unheard", "the service said no (Unheard)"),
    ] {
        let (mut fake, identity) = machine();
        fake.service.token_refusal = Some(code);
        let asked_before = fake.service.requests;
        let Err(e) = role_token(&mut fake, &identity) else { panic!("{code} was taken for a token") };
        assert!(e.what.contains("mi-0fedcba9876543210 asked for a role token: "), "{e}");
        assert!(e.what.contains(why) && e.hint.is_some() && e.exit_code() == 1, "{e}");
        assert_eq!(fake.service.requests, asked_before + 1, "{code}: asking again does not help");
    }
}

#[test]
fn what_may_pass_is_tried_four_times_in_all() {
    let (mut fake, identity) = machine();
    let before = fake.service.requests;
    fake.service.token_refusal = Some("ThrottlingException");
    let from = fake.elapsed();
    assert!(role_token(&mut fake, &identity).is_err());
    assert_eq!(fake.service.requests, before + TRIES);
    assert!(fake.elapsed() - from >= Duration::from_millis(3500));
    fake.service.token_refusal = None;
    fake.offline = true;
    let Err(e) = role_token(&mut fake, &identity) else { panic!("a token without a network") };
    assert!(e.hint.unwrap().contains("no new activation is needed"));
}

#[test]
fn an_answer_that_makes_no_sense_shows_no_part_of_itself() {
    let (mut fake, identity) = machine();
    fake.service.garbles_tokens = true;
    let Err(e) = role_token(&mut fake, &identity) else { panic!("half a token is none") };
    assert!(!format!("{e:?}").contains("half-a-secret"), "{e:?}");
}
