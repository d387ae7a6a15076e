//! The operator's side, by a unix socket: makes activations and clusters, orders faults, shows what happened.
//! A unix socket because it is reachable from every network namespace, and by nobody else.

use crate::aws::Aws;
use crate::faults::Fault;
use crate::percent;
use crate::recording::Record;
use crate::world::{Activation, ContainerInstance, ManagedInstance, NewActivation};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// A day, as AWS does.
const DEFAULT_LIFETIME_SECONDS: i64 = 24 * 60 * 60;

/// What `POST /activations` takes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivationWish {
    #[serde(default = "one")]
    pub limit: u32,
    #[serde(default = "a_day")]
    pub expires_in_seconds: i64,
}

#[derive(Deserialize)]
struct ClusterWish {
    name: String,
}

/// The admin API.
pub fn routes(aws: Arc<Aws>) -> Router {
    Router::new()
        .route("/activations", get(activations).post(activate))
        .route("/managed-instances", get(managed_instances))
        .route("/container-instances", get(container_instances))
        .route("/clusters", get(clusters).post(add_cluster))
        .route("/requests", get(requests))
        .route("/faults", post(add_fault).delete(clear_faults))
        .with_state(aws)
}

async fn activate(
    State(aws): State<Arc<Aws>>,
    Json(wish): Json<ActivationWish>,
) -> Result<Json<NewActivation>, (StatusCode, String)> {
    if !(1..=1000).contains(&wish.limit) {
        return Err((StatusCode::BAD_REQUEST, "an activation's limit is 1 to 1000".to_owned()));
    }
    let lifetime = SignedDuration::from_secs(wish.expires_in_seconds);
    Ok(Json(aws.change(|world| world.activate(wish.limit, lifetime))))
}

async fn activations(State(aws): State<Arc<Aws>>) -> Json<Vec<Activation>> {
    Json(aws.world().activations.clone())
}

async fn managed_instances(State(aws): State<Arc<Aws>>) -> Json<Vec<ManagedInstance>> {
    Json(aws.world().managed_instances.clone())
}

async fn container_instances(State(aws): State<Arc<Aws>>) -> Json<Vec<ContainerInstance>> {
    Json(aws.world().container_instances.clone())
}

async fn clusters(State(aws): State<Arc<Aws>>) -> Json<Vec<String>> {
    Json(aws.world().clusters.clone())
}

async fn add_cluster(State(aws): State<Arc<Aws>>, Json(wish): Json<ClusterWish>) -> Json<Value> {
    aws.change(|world| {
        if !world.clusters.contains(&wish.name) {
            world.clusters.push(wish.name.clone());
        }
    });
    Json(json!({"name": wish.name}))
}

async fn requests(State(aws): State<Arc<Aws>>, RawQuery(query): RawQuery) -> Json<Vec<Record>> {
    let target = percent::value_of(&query.unwrap_or_default(), "target");
    Json(aws.recorder.matching(target.as_deref()))
}

async fn add_fault(State(aws): State<Arc<Aws>>, Json(fault): Json<Fault>) -> Json<Value> {
    aws.faults.lock().expect("no panic while faults are held").add(fault);
    Json(json!({}))
}

async fn clear_faults(State(aws): State<Arc<Aws>>) -> Json<Value> {
    aws.faults.lock().expect("no panic while faults are held").clear();
    Json(json!({}))
}

fn one() -> u32 {
    1
}

fn a_day() -> i64 {
    DEFAULT_LIFETIME_SECONDS
}
