//! The way of every request: read it, let the faults at it, hand it to its service, write it down, answer.

use crate::aws::Aws;
use crate::faults::Effects;
use crate::recording::{self, Record, RecordedRequest};
use crate::reply::Reply;
use crate::services::Service;
use crate::trouble::Trouble;
use crate::{cut, ecs, http_date, identities, s3, sockets, ssm, ssm_messages, sts};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// No agent sends more than a few kilobytes.
const LONGEST_BODY: usize = 1 << 20;

/// One of the two doors, with TLS or without.
#[derive(Clone)]
pub struct Door {
    pub aws: Arc<Aws>,
    pub tls: bool,
}

/// A request that was read to its end.
pub struct Call {
    pub tls: bool,
    /// The Host header without its port, in lower case.
    pub host: String,
    pub method: Method,
    pub uri: Uri,
    pub target: Option<String>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Answers one request.
pub async fn answer(State(door): State<Door>, request: Request) -> Response {
    let t = recording::moment();
    let (parts, body) = request.into_parts();
    let Some((call, body_fits)) = Call::read(door.tls, &parts, body).await else {
        // The client went away while sending: there is nobody to answer.
        return Response::new(Body::empty());
    };
    let target = call.target.as_deref().unwrap_or_default();
    let effects = door.aws.faults.lock().expect("no panic while faults are held").hit(
        target,
        &call.host,
        call.uri.path(),
    );
    tokio::time::sleep(effects.delay).await;
    let service = Service::of(&door.aws, &call);
    let outcome = match &effects.refusal {
        Some(trouble) => Err(trouble.clone()),
        None if !body_fits => Err(Trouble::own("RequestEntityTooLarge", "The request's body is too long.")),
        None => serve(&door.aws, &service, &call, parts).await,
    };
    let reply = outcome.unwrap_or_else(|trouble| trouble.reply(service.dialect()));
    let reply = if effects.drops_attributes { reply.without_attributes() } else { reply };
    door.aws.recorder.keep(call.record(t, &reply));
    tokio::time::sleep(effects.answer_delay).await;
    sent(reply.with("x-amzn-requestid", identities::uuid()), &call, &effects)
}

async fn serve(aws: &Arc<Aws>, service: &Service, call: &Call, parts: Parts) -> Result<Reply, Trouble> {
    match service {
        Service::Ssm => ssm::answer(aws, call).map(|body| Reply::json(200, &body)),
        Service::Ec2Messages => ssm_messages::messages(aws, call).map(|body| Reply::json(200, &body)),
        Service::SsmMessages if call.method == Method::GET => {
            sockets::control_channel(aws, call, parts).await
        }
        Service::SsmMessages => ssm_messages::control_channel(aws, call),
        Service::Ecs => ecs::answer(aws, call).map(|body| Reply::json(200, &body)),
        Service::EcsPoll => sockets::poll(aws, call, parts).await,
        Service::Sts => sts::answer(aws, call),
        Service::S3 => s3::object(aws, call).await,
        Service::Static(folder) => s3::plain_file(folder, call).await,
        Service::Unknown => Err(Trouble::File(421, "UnknownHost", "This host name is not simulated here.")),
    }
}

fn sent(reply: Reply, call: &Call, effects: &Effects) -> Response {
    let mut response = reply.into_response(call.method == Method::HEAD);
    let date = Timestamp::now().saturating_add(effects.date_offset).unwrap_or(Timestamp::MAX);
    let date = HeaderValue::from_str(&http_date::text(date)).expect("a date is ASCII");
    response.headers_mut().insert(header::DATE, date);
    match effects.cut_after {
        Some(bytes) => cut::after(response, bytes),
        None => response,
    }
}

impl Call {
    /// None when the client breaks off; false when its body is too long to be kept.
    async fn read(tls: bool, parts: &Parts, body: Body) -> Option<(Call, bool)> {
        let (body, fits) = match to_bytes(body, LONGEST_BODY).await {
            Ok(bytes) => (bytes, true),
            Err(error) if error.to_string().contains("length limit") => (Bytes::new(), false),
            Err(_) => return None,
        };
        let text = |name: &str| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
        let host = text("host").or_else(|| Some(parts.uri.host()?.to_owned())).unwrap_or_default();
        let call = Call {
            tls,
            host: without_port(&host).to_ascii_lowercase(),
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            target: text("x-amz-target"),
            headers: parts.headers.clone(),
            body,
        };
        Some((call, fits))
    }

    pub fn path(&self) -> &str {
        self.uri.path()
    }

    pub fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The part of the target after the dot, and the JSON body.
    pub fn operation(&self) -> Result<(&str, Value), Trouble> {
        let target = self.target.as_deref().unwrap_or_default();
        let Some((_, operation)) = target.split_once('.') else {
            return Err(Trouble::own("UnknownOperationException", "The request names no operation."));
        };
        let body = serde_json::from_slice(&self.body).map_err(|error| {
            Trouble::own("SerializationException", format!("The body is not JSON: {error}"))
        })?;
        Ok((operation, body))
    }

    fn record(&self, t: String, reply: &Reply) -> Record {
        Record::Request(Box::new(RecordedRequest {
            t,
            tls: self.tls,
            host: self.host.clone(),
            method: self.method.to_string(),
            path: self.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            target: self.target.clone(),
            headers: recording::headers(&self.headers),
            body: recording::body(&self.body),
            resp: reply.recorded().map(recording::redacted),
            status: reply.status(),
        }))
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}
