//! Each fault does what its name says, as often as it was ordered, to whom it was ordered for.

use crate::client::{Answer, Request};
use crate::rehearsal::Rehearsal;
use aws_simulator::{Fault, FaultName};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, Instant};

const S3: &str = "s3.us-east-1.amazonaws.com";

fn object(rehearsal: &Rehearsal) -> Answer {
    rehearsal.client().send(&Request::new("GET", S3, "/bucket/key"))
}

#[test]
fn a_refusal_is_worded_in_the_services_own_way() {
    let rehearsal = Rehearsal::start();
    rehearsal.file("objects/bucket/key", b"content");
    let mut machine = rehearsal.registered_machine();
    for (name, status, code, s3_status, s3_code) in [
        (FaultName::Throttle, 400, "ThrottlingException", 503, "SlowDown"),
        (FaultName::ServerError, 500, "InternalServerError", 500, "InternalError"),
        (FaultName::Expired, 400, "ExpiredTokenException", 400, "ExpiredToken"),
        (FaultName::AccessDenied, 400, "AccessDeniedException", 403, "AccessDenied"),
        (FaultName::Stale, 400, "InvalidSignatureException", 403, "RequestTimeTooSkewed"),
        (FaultName::UnknownMachine, 400, "UnrecognizedClientException", 403, "InvalidAccessKeyId"),
    ] {
        rehearsal.admin.fault(&Fault::once(name, "RequestManagedInstanceRoleToken")).unwrap();
        let answer = machine.request_role_token();
        assert_eq!((answer.status, answer.error().as_str()), (status, code));
        rehearsal.admin.fault(&Fault::once(name, S3)).unwrap();
        let answer = object(&rehearsal);
        assert_eq!(answer.status, s3_status);
        assert!(answer.text().contains(&format!("<Code>{s3_code}</Code>")), "{}", answer.text());
        assert_eq!((machine.request_role_token().status, object(&rehearsal).status), (200, 200));
    }
}

#[test]
fn a_copied_machine_is_refused_and_dropped_attributes_do_not_come_back() {
    let rehearsal = Rehearsal::start();
    let mut machine = rehearsal.registered_machine();
    rehearsal.admin.fault(&Fault::once(FaultName::FingerprintMismatch, "RoleToken")).unwrap();
    let answer = machine.request_role_token();
    assert_eq!((answer.status, answer.error().as_str()), (400, "MachineFingerprintDoesNotMatch"));
    assert_eq!(machine.request_role_token().status, 200);
    let body = serde_json::json!({
        "cluster": "default", "clientToken": "t", "attributes": [{"name": "ecs.capability.external"}],
    });
    rehearsal.admin.fault(&Fault::once(FaultName::AttributesDropped, "RegisterContainerInstance")).unwrap();
    let count = |answer: &Answer| answer.json()["containerInstance"]["attributes"].as_array().unwrap().len();
    assert_eq!(count(&machine.ecs("RegisterContainerInstance", &body)), 0);
    assert_eq!(count(&machine.ecs("RegisterContainerInstance", &body)), 1);
}

#[test]
fn a_fault_is_used_up_or_cleared() {
    let rehearsal = Rehearsal::start();
    rehearsal.file("objects/bucket/key", b"content");
    let three = Fault { times: 3, ..Fault::once(FaultName::Throttle, "/bucket/") };
    rehearsal.admin.fault(&three).unwrap();
    let statuses: Vec<u16> = (0..4).map(|_| object(&rehearsal).status).collect();
    assert_eq!(statuses, [503, 503, 503, 200]);
    rehearsal.admin.fault(&Fault { times: 0, ..three }).unwrap();
    assert_eq!((object(&rehearsal).status, object(&rehearsal).status), (503, 503));
    rehearsal.admin.clear_faults().unwrap();
    assert_eq!(object(&rehearsal).status, 200);
}

#[test]
fn a_cut_lets_exactly_so_many_bytes_through() {
    let rehearsal = Rehearsal::start();
    rehearsal.file("objects/bucket/key", &vec![7; 500_000]);
    for after_bytes in [0, 1, 123_456] {
        rehearsal.admin.fault(&Fault { after_bytes, ..Fault::once(FaultName::Cut, S3) }).unwrap();
        let answer = object(&rehearsal);
        assert_eq!((answer.status, answer.header("content-length")), (200, "500000"));
        assert_eq!(answer.body.len() as u64, after_bytes);
    }
    let machine = rehearsal.machine_with_credentials();
    rehearsal.admin.fault(&Fault { after_bytes: 10, ..Fault::once(FaultName::Cut, "sts") }).unwrap();
    assert_eq!(machine.caller_identity().body.len(), 10);
}

#[test]
fn a_slow_answer_comes_late_and_right() {
    let rehearsal = Rehearsal::start();
    rehearsal.file("objects/bucket/key", b"content");
    rehearsal.admin.fault(&Fault { delay_ms: 300, ..Fault::once(FaultName::Slow, S3) }).unwrap();
    let started = Instant::now();
    assert_eq!(object(&rehearsal).body, b"content");
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_wrong_date_is_wrong_by_what_was_ordered() {
    let rehearsal = Rehearsal::start();
    rehearsal.file("objects/bucket/key", b"content");
    let offset_seconds = -7200;
    rehearsal.admin.fault(&Fault { offset_seconds, ..Fault::once(FaultName::WrongDate, S3) }).unwrap();
    let answer = object(&rehearsal);
    let date = DateTimeParser::new().parse_timestamp(answer.header("date")).unwrap();
    let off = Timestamp::now().duration_since(date) - SignedDuration::from_hours(2);
    assert!(off.abs() < SignedDuration::from_secs(10), "{off:?}");
}

#[test]
fn an_order_that_makes_no_sense_is_refused() {
    let rehearsal = Rehearsal::start();
    let error = rehearsal.admin.activation(0, 60).unwrap_err().to_string();
    assert!(error.contains("1 to 1000"), "{error}");
}
