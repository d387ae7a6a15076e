//! What an activation is worth, and when it is worth nothing.

use crate::machine::Machine;
use crate::rehearsal::Rehearsal;

const UNKNOWN_ID: &str = "11111111-2222-3333-4444-555555555555";

#[test]
fn an_activation_registers_as_many_machines_as_its_limit_says() {
    let rehearsal = Rehearsal::start();
    let activation = rehearsal.admin.activation(2, 3600).unwrap();
    let register =
        || Machine::new(rehearsal.client()).register(&activation.activation_id, &activation.activation_code);
    let (first, second) = (register(), register());
    assert_eq!((first.status, second.status), (200, 200));
    assert_ne!(first.json()["InstanceId"], second.json()["InstanceId"]);
    let third = register();
    assert_eq!((third.status, third.error().as_str()), (400, "RegistrationLimitExceeded"));
    assert_eq!(rehearsal.admin.activations().unwrap()[0].registrations_count, 2);
}

#[test]
fn an_expired_activation_is_refused_as_expired() {
    let rehearsal = Rehearsal::start();
    let activation = rehearsal.admin.activation(1, 0).unwrap();
    let answer =
        Machine::new(rehearsal.client()).register(&activation.activation_id, &activation.activation_code);
    assert_eq!((answer.status, answer.error().as_str()), (400, "ActivationExpired"));
}

#[test]
fn a_wrong_id_and_a_wrong_code_are_refused_alike() {
    let rehearsal = Rehearsal::start();
    let activation = rehearsal.admin.activation(1, 3600).unwrap();
    let mut machine = Machine::new(rehearsal.client());
    for (id, code) in
        [(UNKNOWN_ID, &*activation.activation_code), (&activation.activation_id, "WrongCodeWrongCode12")]
    {
        let answer = machine.register(id, code);
        assert_eq!((answer.status, answer.error().as_str()), (400, "InvalidActivation"));
    }
    assert_eq!(machine.register(&activation.activation_id, &activation.activation_code).status, 200);
}

#[test]
fn a_request_of_the_wrong_shape_is_refused_before_the_activation_is_looked_at() {
    let rehearsal = Rehearsal::start();
    let mut machine = Machine::new(rehearsal.client());
    assert_eq!(machine.register(UNKNOWN_ID, "short").error(), "ValidationException");
    machine.key.public = "A".repeat(392);
    assert_eq!(machine.register(UNKNOWN_ID, "GoodCodeGoodCode1234").error(), "ValidationException");
}

#[test]
fn an_activation_code_stands_nowhere_in_the_state_folder() {
    let rehearsal = Rehearsal::start();
    let activation = rehearsal.admin.activation(1, 3600).unwrap();
    Machine::new(rehearsal.client()).register(&activation.activation_id, &activation.activation_code);
    let mut files = 0;
    for entry in std::fs::read_dir(rehearsal.state()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let content = std::fs::read_to_string(&path).unwrap();
            assert!(!content.contains(&activation.activation_code), "{}", path.display());
            files += 1;
        }
    }
    assert!(files >= 5);
    let kept = rehearsal.admin.requests(Some("RegisterManagedInstance")).unwrap();
    assert_eq!(kept[0].request().unwrap().body["ActivationCode"], "(redacted)");
}

#[test]
fn an_account_survives_a_restart_of_the_simulator() {
    let mut rehearsal = Rehearsal::start();
    let mut machine = rehearsal.registered_machine();
    rehearsal.restart();
    machine.client = rehearsal.client();
    assert_eq!(machine.request_role_token().status, 200);
    assert_eq!(rehearsal.admin.managed_instances().unwrap().len(), 1);
}
