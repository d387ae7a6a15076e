//! Joining a cluster, coming back, and leaving.

use crate::client;
use crate::machine::Machine;
use crate::rehearsal::Rehearsal;
use crate::{client::Request, signer};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn wish(cluster: &str) -> Value {
    json!({"cluster": cluster, "attributes": [
        {"name": "ecs.capability.external"},
        {"name": "ecs.os-type", "value": "linux"},
        {"name": "rack", "value": "7"},
    ]})
}

fn registered(machine: &Machine, body: &Value) -> Value {
    let answer = machine.ecs("RegisterContainerInstance", body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["containerInstance"].clone()
}

#[test]
fn attributes_and_tags_are_echoed() {
    let rehearsal = Rehearsal::start();
    let machine = rehearsal.machine_with_credentials();
    let mut body = wish("test-cluster");
    body["tags"] = json!([{"key": "site", "value": "harbour"}]);
    let instance = registered(&machine, &body);
    assert_eq!(instance["attributes"], body["attributes"]);
    assert_eq!(instance["tags"], body["tags"]);
    assert_eq!(rehearsal.admin.container_instances().unwrap()[0].attributes, body["attributes"]);
}

#[test]
fn a_machine_that_is_not_external_may_not_join() {
    let rehearsal = Rehearsal::start();
    let machine = rehearsal.machine_with_credentials();
    let answer = machine.ecs("RegisterContainerInstance", &json!({"attributes": [{"name": "ecs.os-type"}]}));
    assert_eq!((answer.status, answer.error().as_str()), (400, "InvalidParameterException"));
}

#[test]
fn an_unknown_cluster_is_not_found_until_it_is_made() {
    let rehearsal = Rehearsal::start();
    let machine = rehearsal.machine_with_credentials();
    let answer = machine.ecs("RegisterContainerInstance", &wish("harbour"));
    assert_eq!((answer.status, answer.error().as_str()), (400, "ClusterNotFoundException"));
    assert_eq!(machine.ecs("CreateCluster", &json!({"clusterName": "harbour"})).status, 200);
    registered(&machine, &wish("harbour"));
    rehearsal.admin.cluster("pier").unwrap();
    registered(&machine, &wish("arn:aws:ecs:us-east-1:123456789012:cluster/pier"));
}

#[test]
fn a_machine_that_names_its_arn_keeps_it_and_another_gets_a_new_one() {
    let rehearsal = Rehearsal::start();
    let machine = rehearsal.machine_with_credentials();
    let first = registered(&machine, &wish(""))["containerInstanceArn"].clone();
    assert!(
        first.as_str().unwrap().starts_with("arn:aws:ecs:us-east-1:123456789012:container-instance/default/")
    );
    let mut again = wish("default");
    again["containerInstanceArn"] = first.clone();
    assert_eq!(registered(&machine, &again)["containerInstanceArn"], first);
    assert_ne!(registered(&machine, &wish("default"))["containerInstanceArn"], first);
    let other = rehearsal.machine_with_credentials();
    assert_eq!(other.ecs("RegisterContainerInstance", &again).error(), "InvalidParameterException");
}

#[test]
fn a_repeated_client_token_registers_once() {
    let rehearsal = Rehearsal::start();
    let machine = rehearsal.machine_with_credentials();
    let mut body = wish("default");
    body["clientToken"] = json!("3b48b798-b1fa-4ee5-9a66-fd225dad0b34");
    let arn = |instance: Value| instance["containerInstanceArn"].clone();
    assert_eq!(arn(registered(&machine, &body)), arn(registered(&machine, &body)));
}

#[test]
fn an_instance_drains_and_leaves_at_its_own_wish_only() {
    let rehearsal = Rehearsal::start();
    let machine = rehearsal.machine_with_credentials();
    let arn = registered(&machine, &wish("default"))["containerInstanceArn"].clone();
    let drain = json!({"containerInstances": [arn], "status": "DRAINING"});
    let other = rehearsal.machine_with_credentials();
    assert_eq!(other.ecs("UpdateContainerInstancesState", &drain).json()["failures"][0]["reason"], "MISSING");
    let drained = machine.ecs("UpdateContainerInstancesState", &drain).json();
    assert_eq!(drained["containerInstances"][0]["status"], "DRAINING");
    let gone = machine.ecs("DeregisterContainerInstance", &json!({"containerInstance": arn, "force": true}));
    assert_eq!(gone.json()["containerInstance"]["status"], "INACTIVE");
    let mut back = wish("default");
    back["containerInstanceArn"] = arn;
    assert_eq!(machine.ecs("RegisterContainerInstance", &back).error(), "ClientException");
}

#[test]
fn an_agent_is_connected_while_its_websocket_is_open() {
    let rehearsal = Rehearsal::start();
    let machine = rehearsal.machine_with_credentials();
    let arn = registered(&machine, &wish("default"))["containerInstanceArn"].as_str().unwrap().to_owned();
    let path = format!(
        "/ws?clusterArn=default&containerInstanceArn={}",
        arn.replace(':', "%3A").replace('/', "%2F")
    );
    let request = Request::new("GET", "ecs-a-1.us-east-1.amazonaws.com", &path)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Key", "U3eGDbFUCIiuTusN6oRcIg==")
        .header("Sec-WebSocket-Version", "13");
    let mut stream = machine.client.open(&signer::sign(request, "ecs", &machine.credentials));
    assert_eq!(client::head(&mut stream).0, 101);
    let connected = || rehearsal.admin.container_instances().unwrap()[0].agent_connected;
    assert!(soon(connected));
    drop(stream);
    assert!(soon(|| !connected()));
}

fn soon(condition: impl Fn() -> bool) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(5) {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}
