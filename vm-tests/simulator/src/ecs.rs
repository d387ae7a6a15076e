//! ECS as its agent meets it: container instances of EXTERNAL machines, and where to open the websockets. No
//! task is ever placed.

use crate::aws::Aws;
use crate::front::Call;
use crate::trouble::Trouble;
use crate::world::{ContainerInstance, Session, World};
use crate::{access, identities};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Without this attribute a machine without an EC2 identity document may not join.
const EXTERNAL: &str = "ecs.capability.external";

/// Answers a call to `ecs.<region>`.
pub fn answer(aws: &Aws, call: &Call) -> Result<Value, Trouble> {
    let (operation, body) = call.operation()?;
    let session = access::session(aws, call, "ecs")?;
    match operation {
        "RegisterContainerInstance" => register(aws, &session, &body),
        "DiscoverPollEndpoint" => Ok(poll_endpoint(aws, call)),
        "CreateCluster" => Ok(create_cluster(aws, &body)),
        "DeregisterContainerInstance" => deregister(aws, &session, &body),
        "UpdateContainerInstancesState" => update_state(aws, &session, &body),
        "SubmitTaskStateChange" | "SubmitContainerStateChange" | "SubmitAttachmentStateChanges" => {
            Ok(json!({"acknowledgment": "ACK"}))
        }
        "TagResource" => Ok(json!({})),
        other => Err(Trouble::AccessDenied(format!(
            "User: {} is not authorized to perform: ecs:{other}",
            aws.place.session_arn(&session.instance_id)
        ))),
    }
}

fn register(aws: &Aws, session: &Session, body: &Value) -> Result<Value, Trouble> {
    demand_external(body)?;
    aws.change(|world| {
        let cluster = known_cluster(world, body)?;
        let arn = match earlier_registration(world, session, body, &cluster)? {
            Some(earlier) => {
                earlier.renew(body);
                earlier.arn.clone()
            }
            None => {
                let arn = aws.place.container_instance_arn(&cluster, &identities::container_instance_id());
                world.container_instances.push(joined(arn.clone(), cluster, session, body));
                arn
            }
        };
        let registered = world.container_instance_mut(&arn).expect("it was found or made above");
        Ok(json!({"containerInstance": registered.described(true)}))
    })
}

fn demand_external(body: &Value) -> Result<(), Trouble> {
    let attributes = body["attributes"].as_array().map(Vec::as_slice).unwrap_or_default();
    if attributes.iter().any(|attribute| attribute["name"] == EXTERNAL) {
        return Ok(());
    }
    let message = format!("An instance without an identity document must have the attribute {EXTERNAL}.");
    Err(Trouble::own("InvalidParameterException", message))
}

/// A machine keeps its ARN when it names it, or repeats its client token; another machine's ARN is refused.
fn earlier_registration<'a>(
    world: &'a mut World,
    session: &Session,
    body: &Value,
    cluster: &str,
) -> Result<Option<&'a mut ContainerInstance>, Trouble> {
    let token = body["clientToken"].as_str().filter(|token| !token.is_empty());
    let Some(arn) = body["containerInstanceArn"].as_str().filter(|arn| !arn.is_empty()) else {
        return Ok(world.container_instances.iter_mut().find(|known| {
            known.instance_id == session.instance_id && Some(known.client_token.as_str()) == token
        }));
    };
    match world.container_instance_mut(arn) {
        Some(known) if known.instance_id != session.instance_id || known.cluster != cluster => {
            Err(Trouble::own("InvalidParameterException", "The container instance is another one."))
        }
        Some(known) if known.status == "INACTIVE" => {
            Err(Trouble::own("ClientException", "The container instance was deregistered."))
        }
        Some(known) => Ok(Some(known)),
        None => Err(Trouble::own("ClientException", "The container instance is not known.")),
    }
}

fn joined(arn: String, cluster: String, session: &Session, body: &Value) -> ContainerInstance {
    let mut new = ContainerInstance {
        arn,
        cluster,
        instance_id: session.instance_id.clone(),
        status: "ACTIVE".to_owned(),
        agent_connected: false,
        registrations: 0,
        attributes: json!([]),
        tags: json!([]),
        resources: json!([]),
        version_info: json!({}),
        client_token: body["clientToken"].as_str().unwrap_or_default().to_owned(),
        registered_at: Timestamp::now(),
    };
    new.renew(body);
    new
}

fn poll_endpoint(aws: &Aws, call: &Call) -> Value {
    // An agent that was pointed at an address is sent on to that address, not to a name that it cannot resolve.
    let [poll, telemetry] = if call.host.ends_with(aws.place.suffix()) {
        let port = if aws.https_port == 443 { String::new() } else { format!(":{}", aws.https_port) };
        ["ecs-a-1", "ecs-t-1"].map(|name| format!("https://{}{port}/", aws.place.host(name)))
    } else {
        let scheme = if call.tls { "https" } else { "http" };
        ["", ""].map(|_| format!("{scheme}://{}/", call.header("host").unwrap_or(&call.host)))
    };
    json!({
        "endpoint": poll,
        "telemetryEndpoint": telemetry,
        "serviceConnectEndpoint": poll,
        "systemLogsEndpoint": poll,
    })
}

fn create_cluster(aws: &Aws, body: &Value) -> Value {
    let name = body["clusterName"].as_str().filter(|name| !name.is_empty()).unwrap_or("default");
    aws.change(|world| {
        if !world.clusters.iter().any(|known| known == name) {
            world.clusters.push(name.to_owned());
        }
    });
    json!({"cluster": {
        "clusterArn": aws.place.cluster_arn(name),
        "clusterName": name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": 0,
        "pendingTasksCount": 0,
        "activeServicesCount": 0,
    }})
}

fn deregister(aws: &Aws, session: &Session, body: &Value) -> Result<Value, Trouble> {
    aws.change(|world| {
        let cluster = known_cluster(world, body)?;
        let instance = own(world, session, &cluster, &body["containerInstance"])?;
        instance.status = "INACTIVE".to_owned();
        instance.agent_connected = false;
        Ok(json!({"containerInstance": instance.described(false)}))
    })
}

fn update_state(aws: &Aws, session: &Session, body: &Value) -> Result<Value, Trouble> {
    let status = body["status"].as_str().unwrap_or_default();
    if !["ACTIVE", "DRAINING"].contains(&status) {
        return Err(Trouble::own("InvalidParameterException", "The status must be ACTIVE or DRAINING."));
    }
    aws.change(|world| {
        let cluster = known_cluster(world, body)?;
        let (mut changed, mut failures) = (Vec::new(), Vec::new());
        for wanted in body["containerInstances"].as_array().into_iter().flatten() {
            match own(world, session, &cluster, wanted) {
                Ok(instance) => {
                    instance.status = status.to_owned();
                    changed.push(instance.described(instance.agent_connected));
                }
                Err(_) => failures.push(json!({"arn": wanted, "reason": "MISSING"})),
            }
        }
        Ok(json!({"containerInstances": changed, "failures": failures}))
    })
}

/// The caller's own, active container instance, by its ARN or by the id at its end.
fn own<'a>(
    world: &'a mut World,
    session: &Session,
    cluster: &str,
    wanted: &Value,
) -> Result<&'a mut ContainerInstance, Trouble> {
    let wanted = wanted.as_str().unwrap_or_default();
    world
        .container_instances
        .iter_mut()
        .filter(|known| known.instance_id == session.instance_id && known.cluster == cluster)
        .filter(|known| known.status != "INACTIVE")
        .find(|known| known.arn == wanted || short_name(&known.arn) == wanted)
        .ok_or_else(|| Trouble::own("InvalidParameterException", "Instance not found."))
}

/// The short name of the cluster that a request means; it must exist.
fn known_cluster(world: &World, body: &Value) -> Result<String, Trouble> {
    let wanted = short_name(body["cluster"].as_str().filter(|name| !name.is_empty()).unwrap_or("default"));
    match world.clusters.iter().find(|known| *known == wanted) {
        Some(cluster) => Ok(cluster.clone()),
        None => Err(Trouble::own("ClusterNotFoundException", "Cluster not found.")),
    }
}

fn short_name(arn_or_name: &str) -> &str {
    arn_or_name.rsplit('/').next().unwrap_or(arn_or_name)
}

impl ContainerInstance {
    fn renew(&mut self, body: &Value) {
        let sent = |name: &str, otherwise: Value| match &body[name] {
            Value::Null => otherwise,
            value => value.clone(),
        };
        self.registrations += 1;
        self.attributes = sent("attributes", json!([]));
        self.resources = sent("totalResources", json!([]));
        self.version_info = sent("versionInfo", json!({}));
        self.tags = sent("tags", self.tags.clone());
    }

    /// As the API describes it; a registration is answered as connected, which its websocket makes true.
    fn described(&self, connected: bool) -> Value {
        json!({
            "containerInstanceArn": self.arn,
            "status": self.status,
            "agentConnected": connected,
            "version": 1,
            "registeredResources": self.resources,
            "remainingResources": self.resources,
            "attributes": self.attributes,
            "versionInfo": self.version_info,
            "tags": self.tags,
            "ec2InstanceId": self.instance_id,
            "runningTasksCount": 0,
            "pendingTasksCount": 0,
        })
    }
}
