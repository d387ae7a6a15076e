//! Each known cause, from lines as the agents write them; and which lines count.

use super::*;
use crate::documentation;

fn code(agent: Agent, line: &str) -> Option<&'static str> {
    named_in(agent, &[line]).map(|cause| cause.code)
}

#[test]
fn every_cause_of_the_ssm_agent_is_known_by_its_line() {
    let refresher =
        "2026-11-22 17:29:34.4012 ERROR [CredentialRefresher] Retrieve credentials produced error: ";
    let cases = [
        ("AccessDeniedException: Access denied", "role-denied"),
        ("MachineFingerprintDoesNotMatch: no", "fingerprint-mismatch"),
        (
            "UnrecognizedClientException: The security token included in the request is invalid.",
            "identity-unknown",
        ),
        (
            "InvalidSignatureException: Signature not yet current: 20261122T172934Z is still later than",
            "clock",
        ),
        ("InvalidSignatureException: Signature expired: 20261122T172934Z is now earlier than", "clock"),
        ("RequestError: send request failed", ""),
        (
            "caused by: Post \"https://ssm.us-east-1.amazonaws.com/\": dial tcp: lookup ssm.us-east-1.amazonaws.com: no such host",
            "name-resolution",
        ),
        (
            "caused by: Post \"https://ssm.us-east-1.amazonaws.com/\": dial tcp 192.0.2.1:443: connect: connection refused",
            "endpoint-unreachable",
        ),
        (
            "caused by: Post \"https://ssm.us-east-1.amazonaws.com/\": dial tcp 192.0.2.1:443: i/o timeout",
            "endpoint-unreachable",
        ),
        (
            "caused by: Post \"https://ssm.us-east-1.amazonaws.com/\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "unknown-authority",
        ),
        (
            "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2001-01-01",
            "clock",
        ),
        ("ThrottlingException: Rate exceeded", "throttled"),
    ];
    let plugin = "2026-11-22 17:29:34.4012 ERROR [aws:runShellScript] AccessDenied: upload to S3 failed";
    assert_eq!(code(Agent::Ssm, plugin), None);
    for (words, expected) in cases {
        let found = code(Agent::Ssm, &format!("{refresher}{words}"));
        assert_eq!(found.unwrap_or_default(), expected, "{words}");
    }
}

#[test]
fn every_cause_of_the_ecs_agent_is_known_by_its_line() {
    let cases = [
        (
            "Unable to register as a container instance with ECS: ClusterNotFoundException: Cluster not found.",
            "no-such-cluster",
        ),
        (
            "Unable to register as a container instance with ECS: AccessDeniedException: User: arn:aws:sts::1:assumed-role/r/mi-1 is not authorized to perform: ecs:RegisterContainerInstance",
            "registration-denied",
        ),
        ("ExpiredTokenException: The security token included in the request is expired", "expired-token"),
        ("Unable to register: ClientException: Cluster not found.", "no-such-cluster"),
        ("ClientException: Container instance type changes are not supported.", "request-refused"),
        ("InvalidParameterException: Invalid tag", "request-refused"),
        (
            "UnrecognizedClientException: The security token included in the request is invalid",
            "credentials-refused",
        ),
        (
            "CannotPullECRContainerError: AccessDeniedException: not authorized to perform: ecr:GetAuthorizationToken",
            "",
        ),
        (
            "Health check [HEAD http://localhost:51678/v1/metadata] failed: dial tcp 127.0.0.1:51678: connect: connection refused",
            "",
        ),
        ("Attribute validation failed, missing: rack", "attributes-refused"),
        (
            "Data mismatch; saved cluster 'test-cluster' does not match configured cluster 'other'. Perhaps you want to delete the configured checkpoint file?",
            "cluster-mismatch",
        ),
        ("ClientException: Referenced container instance 0 not registered.", "instance-unknown"),
        ("get credentials: failed to refresh cached credentials, no EC2 IMDS role found", "no-credentials"),
        ("dial unix /var/run/docker.sock: connect: no such file or directory", "docker-unreachable"),
        ("InvalidSignatureException: Signature expired: 20261122T175804Z is now earlier than", "clock"),
        ("Registration completed successfully", ""),
    ];
    for (words, expected) in cases {
        let found = code(Agent::Ecs, &format!("level=error time=2026-11-22T17:58:04Z msg=\"{words}\""));
        assert_eq!(found.unwrap_or_default(), expected, "{words}");
    }
}

#[test]
fn the_documentation_has_every_cause_with_its_remedy() {
    let end = |cause: &Cause| match cause.end {
        End::Never => "goes on",
        End::AtOnce => "ends at once",
        End::AfterAWhile => "ends where it stays so",
        End::WhereClusterIsNamed => "ends where a cluster was named",
    };
    let of = |agent: Agent| -> Vec<[&str; 4]> {
        causes::of(agent).map(|it| [it.code, it.sentence, end(it), it.remedy]).collect()
    };
    let (ssm, ecs) = (of(Agent::Ssm), of(Agent::Ecs));
    let mut all: Vec<[&str; 4]> = Vec::new();
    // One cause has several words.
    for cause in ssm.iter().chain(&ecs) {
        if !all.contains(cause) {
            all.push(*cause);
        }
    }
    let rows = all.iter().map(|cause @ [code, sentence, end, remedy]| {
        let agent = match (ssm.contains(cause), ecs.contains(cause)) {
            (true, true) => "either",
            (true, false) => "SSM",
            _ => "ECS",
        };
        format!("| `{code}` | {agent} | {sentence} | {end} | {remedy} |\n")
    });
    let table = format!(
        "| cause | agent | sentence | the wait | remedy |\n|---|---|---|---|---|\n{}",
        rows.collect::<String>()
    );
    documentation::holds("findings.md", "causes", &table);
}

#[test]
fn sentences_have_no_full_stop_and_every_cause_has_a_remedy() {
    for cause in [Agent::Ssm, Agent::Ecs].into_iter().flat_map(causes::of) {
        assert!(!cause.sentence.ends_with('.') && !cause.remedy.is_empty(), "{cause:?}");
    }
}

#[test]
fn the_last_word_of_an_agent_counts() {
    let lines = [
        "ERROR [CredentialRefresher] AccessDeniedException",
        "ERROR MachineFingerprintDoesNotMatch",
        "INFO Sleeping",
    ];
    assert_eq!(named_in(Agent::Ssm, &lines).map(|it| it.code), Some("fingerprint-mismatch"));
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn what_was_said_before_the_last_start_does_not_count_whatever_the_time_zone() {
    // Written at 12:30 UTC by a machine five hours ahead.
    let log = "2026-11-22 17:10:00.0000 ERROR old\n\tof the old\n2026-11-22 17:30:00.5000 ERROR new\n\tof the new\n";
    let modified = at("2026-11-22T12:30:00.5Z");
    let lines = |started| since(log, modified, Some(at(started)), at("2026-11-22T12:31:00Z"), Moment::After);
    assert_eq!(lines("2026-11-22T12:20:00Z"), ["2026-11-22 17:30:00.5000 ERROR new", "\tof the new"]);
    assert_eq!(lines("2026-11-22T12:00:00Z").len(), 4);
    assert!(lines("2026-11-22T12:30:01Z").is_empty());
    assert!(
        since(log, modified, None, at("2026-11-22T12:31:00Z"), Moment::Within).is_empty(),
        "never started"
    );
}

#[test]
fn a_line_of_the_very_second_of_the_start_counts_for_the_last_look_only() {
    let log = "level=error time=2026-11-22T17:58:04Z msg=\"x\"\n";
    let started = Some(at("2026-11-22T17:58:04.3Z"));
    let now = at("2026-11-22T17:58:05Z");
    assert!(since(log, Timestamp::MIN, started, now, Moment::After).is_empty());
    assert_eq!(since(log, Timestamp::MIN, started, now, Moment::Within).len(), 1);
}

#[test]
fn what_was_said_before_the_clock_was_set_back_does_not_count() {
    let log = "level=error time=2026-11-22T17:58:04Z msg=\"old\"\nlevel=error time=2026-11-22T12:00:09Z msg=\"new\"\n";
    let (started, now) = (at("2026-11-22T12:00:00Z"), at("2026-11-22T12:00:10Z"));
    let lines = since(log, Timestamp::MIN, Some(started), now, Moment::After);
    assert_eq!(lines, ["level=error time=2026-11-22T12:00:09Z msg=\"new\""]);
}

#[test]
fn a_denied_registration_ends_a_wait_late_and_a_missing_cluster_only_where_one_is_named() {
    let cause = |line| named_in(Agent::Ecs, &[line]).unwrap();
    let denied = cause("AccessDeniedException: not authorized to perform: ecs:RegisterContainerInstance");
    let ends = |cause: &Cause, seconds, named| cause.is_final(Duration::from_secs(seconds), named);
    assert!(!ends(denied, 20, true) && ends(denied, 30, true));
    let missing = cause("ClientException: Cluster not found.");
    assert!(!ends(missing, 100, false) && ends(missing, 0, true));
}
