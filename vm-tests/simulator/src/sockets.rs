//! The three websockets: the SSM control channel, the ECS agent's poll and its telemetry. They are opened for
//! a caller whose signature is right, kept open by pings, and recorded; nothing is ever said on them.

use crate::access;
use crate::aws::Aws;
use crate::front::Call;
use crate::percent;
use crate::recording::{self, Record, RecordedFrame};
use crate::reply::Reply;
use crate::ssm_messages;
use crate::trouble::Trouble;
use axum::extract::FromRequestParts;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::request::Parts;
use std::sync::Arc;
use std::time::Duration;

/// Often enough for every proxy in between.
const PING_EVERY: Duration = Duration::from_secs(20);

/// `GET /v1/control-channel/<mi>`.
pub async fn control_channel(aws: &Arc<Aws>, call: &Call, parts: Parts) -> Result<Reply, Trouble> {
    ssm_messages::authorized(aws, call)?;
    open(aws, call, parts, None).await
}

/// `GET /ws` on the poll and telemetry hosts. The poll names its instance by `containerInstanceArn`, and only
/// it says that the agent is connected.
pub async fn poll(aws: &Arc<Aws>, call: &Call, parts: Parts) -> Result<Reply, Trouble> {
    let session = access::session(aws, call, "ecs")?;
    let polled = percent::value_of(call.query(), "containerInstanceArn");
    let arn = polled.clone().or_else(|| percent::value_of(call.query(), "containerInstance"));
    let world_knows = aws.world().container_instances.iter().any(|known| {
        Some(&known.arn) == arn.as_ref()
            && known.instance_id == session.instance_id
            && known.status != "INACTIVE"
    });
    if call.path() != "/ws" || !world_knows {
        return Err(Trouble::own("InactiveInstanceException", "The container instance is not registered."));
    }
    open(aws, call, parts, polled).await
}

async fn open(
    aws: &Arc<Aws>,
    call: &Call,
    mut parts: Parts,
    connects: Option<String>,
) -> Result<Reply, Trouble> {
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
        .await
        .map_err(|_| Trouble::own("BadRequest", "This path is for websockets."))?;
    let (aws, path) = (Arc::clone(aws), call.path().to_owned());
    Ok(Reply::Through(upgrade.on_upgrade(move |socket| async move {
        if let Some(arn) = &connects {
            connected(&aws, arn, true);
        }
        listen(&aws, socket, &path).await;
        if let Some(arn) = &connects {
            connected(&aws, arn, false);
        }
    })))
}

async fn listen(aws: &Aws, mut socket: WebSocket, path: &str) {
    let mut ping = tokio::time::interval(PING_EVERY);
    ping.tick().await;
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => record(aws, path, text.to_string()),
                Some(Ok(Message::Binary(bytes))) => {
                    record(aws, path, String::from_utf8_lossy(&bytes).into_owned());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            _ = ping.tick() => if socket.send(Message::Ping(Vec::new().into())).await.is_err() {
                return;
            },
        }
    }
}

fn record(aws: &Aws, path: &str, frame: String) {
    aws.recorder.keep(Record::Frame(RecordedFrame { t: recording::moment(), ws: path.to_owned(), frame }));
}

fn connected(aws: &Aws, arn: &str, connected: bool) {
    aws.change(|world| {
        if let Some(instance) = world.container_instance_mut(arn) {
            instance.agent_connected = connected && instance.status != "INACTIVE";
        }
    });
}
