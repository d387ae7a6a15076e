//! The traps of `-register`, against a server of canned answers on loopback.

use super::*;
use std::fs;
use std::io::{BufReader, Read};
use std::net::TcpListener;
use std::sync::mpsc;

const CODE: &str = "GoodCodeGoodCode1234";
const ID: &str = "11111111-2222-3333-4444-555555555555";

/// Answers each connection with the next of `answers`, and hands over what was asked.
fn server(answers: Vec<(u16, &'static str)>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (asked, questions) = mpsc::channel();
    thread::spawn(move || {
        for (status, answer) in answers {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let mut question = String::new();
            while !question.ends_with("\r\n\r\n") {
                reader.read_line(&mut question).unwrap();
            }
            let length = question.split("Content-Length: ").nth(1).unwrap().lines().next().unwrap();
            let mut body = vec![0; length.parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            question.push_str(&String::from_utf8(body).unwrap());
            let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", answer.len());
            reader.get_mut().write_all(format!("{head}{answer}").as_bytes()).unwrap();
            asked.send(question).unwrap();
        }
    });
    (address, questions)
}

struct Machine {
    root: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("etc")).unwrap();
        fs::write(root.path().join("etc/machine-id"), "0123456789abcdef\n").unwrap();
        Machine { root }
    }

    fn places(&self) -> Places {
        Places::under(self.root.path())
    }

    fn register(&self, address: &str, code: &str) -> u8 {
        let activation = Activation {
            code: code.into(),
            id: ID.into(),
            region: "us-east-1".into(),
            yes: true,
            disable_similarity_check: false,
        };
        let config =
            Config { ssm: crate::ssm_agent::config::Place { endpoint: address.into() }, ..Config::default() };
        register(&activation, &self.places(), &config, &Log::ssm(&self.places().logs()))
    }

    fn key(&self) -> RegistrationKey {
        Vault::new(&self.places()).registration()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.places().logs().join("amazon-ssm-agent.log")).unwrap()
    }
}

#[test]
fn a_registration_is_the_recorded_request_and_leaves_the_agents_files() {
    let (address, questions) = server(vec![(200, r#"{"InstanceId":"mi-0123456789abcdef0"}"#)]);
    let machine = Machine::new();
    assert_eq!(machine.register(&address, CODE), 0);
    let question = questions.recv().unwrap();
    let (head, body) = question.split_once("\r\n\r\n").unwrap();
    let names: Vec<&str> = head.lines().skip(1).map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        names,
        ["Host", "User-Agent", "Content-Length", "Content-Type", "X-Amz-Target", "Accept-Encoding"]
    );
    assert_eq!(body.len(), 577, "as long as the recorded body");
    let prefix = r#"{"ActivationCode":"GoodCodeGoodCode1234","ActivationId":"11111111-2222-3333-4444-555555555555","Fingerprint":""#;
    assert!(body.starts_with(prefix) && body.ends_with(r#"","PublicKeyType":"Rsa"}"#), "{body}");
    assert!(machine.key().is_registered());
    let copy = fs::read_to_string(machine.places().registration()).unwrap();
    assert_eq!(copy, r#"{"ManagedInstanceID":"mi-0123456789abcdef0","Region":"us-east-1"}"#);
    assert!(machine.log().contains(
        "INFO Successfully registered the instance with AWS SSM using Managed instance-id: mi-0123456789abcdef0"
    ));
}

#[test]
fn a_failed_second_registration_destroys_the_first_but_the_copy_still_names_it() {
    let (address, _questions) = server(vec![
        (200, r#"{"InstanceId":"mi-0123456789abcdef0"}"#),
        (400, r#"{"__type":"InvalidActivation","message":"no"}"#),
    ]);
    let machine = Machine::new();
    assert_eq!(machine.register(&address, CODE), 0);
    assert_eq!(machine.register(&address, CODE), 1);
    assert!(!machine.key().is_registered() && !machine.key().private_key.is_empty());
    assert!(fs::read_to_string(machine.places().registration()).unwrap().contains("mi-0123456789abcdef0"));
    assert!(machine.log().contains(
        "ERROR Registration failed due to error registering the instance with AWS SSM. InvalidActivation: no"
    ));
}

#[test]
fn the_fingerprint_is_kept_and_the_key_is_new() {
    let answer = (200, r#"{"InstanceId":"mi-0123456789abcdef0"}"#);
    let (address, questions) = server(vec![answer, answer]);
    let machine = Machine::new();
    machine.register(&address, CODE);
    machine.register(&address, CODE);
    let body = || {
        let question = questions.recv().unwrap();
        serde_json::from_str::<Value>(question.split("\r\n\r\n").nth(1).unwrap()).unwrap()
    };
    let (one, two) = (body(), body());
    assert_eq!(one["Fingerprint"], two["Fingerprint"]);
    assert_ne!(one["PublicKey"], two["PublicKey"]);
}

#[test]
fn a_short_code_is_refused_without_a_request_and_after_the_key_was_written() {
    let machine = Machine::new();
    assert_eq!(machine.register("http://127.0.0.1:9", "short"), 1);
    assert!(machine.log().contains("InvalidParameter: 1 validation error(s) found."));
    assert!(!machine.key().private_key.is_empty());
}

#[test]
fn clearing_empties_the_vault_and_leaves_the_copy() {
    let (address, _questions) = server(vec![(200, r#"{"InstanceId":"mi-0123456789abcdef0"}"#)]);
    let machine = Machine::new();
    machine.register(&address, CODE);
    assert_eq!(clear(&machine.places(), &Log::ssm(&machine.places().logs())), 0);
    assert_eq!(machine.key(), RegistrationKey::default());
    assert!(machine.places().registration().exists());
}

#[test]
fn throttling_takes_four_tries_and_too_many_updates_six() {
    for (code, tries, at_least_ms) in [("ThrottlingException", 4, 8_000), ("TooManyUpdates", 6, 3_000)] {
        let (asked, waited) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
        let answer = with_retries(
            || {
                asked.set(asked.get() + 1);
                let (code, message, request_id) = (code.to_owned(), String::new(), String::new());
                Err(CallError::Service { code, message, status: 400, request_id })
            },
            |ms| waited.set(waited.get() + ms),
        );
        assert!(answer.is_err());
        assert_eq!(asked.get(), tries, "{code}");
        assert!(waited.get() > at_least_ms && waited.get() < at_least_ms + 2_000);
    }
}
