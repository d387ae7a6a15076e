//! Which service a request is for. The host decides; a request to a bare address (an agent whose endpoint was
//! pointed here) is told apart by its target or its path.

use crate::aws::Aws;
use crate::front::Call;
use std::net::IpAddr;
use std::path::PathBuf;

/// A service, or a plain file host.
#[derive(Debug, Clone, PartialEq)]
pub enum Service {
    Ssm,
    SsmMessages,
    Ec2Messages,
    Ecs,
    /// The two websocket hosts that DiscoverPollEndpoint names.
    EcsPoll,
    Sts,
    S3,
    Static(PathBuf),
    Unknown,
}

/// How a service words its errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Json,
    Sts,
    S3,
    Plain,
}

impl Service {
    pub fn of(aws: &Aws, call: &Call) -> Service {
        if let Some(folder) = aws.statics.get(&call.host) {
            return Service::Static(folder.clone());
        }
        if call.host == "localhost" || call.host.parse::<IpAddr>().is_ok() {
            return Service::by_content(call);
        }
        if call.host == format!("sts.{}", aws.place.suffix()) {
            return Service::Sts;
        }
        match call.host.strip_suffix(&format!(".{}.{}", aws.place.region, aws.place.suffix())) {
            Some("ssm") => Service::Ssm,
            Some("ssmmessages") => Service::SsmMessages,
            Some("ec2messages") => Service::Ec2Messages,
            Some("ecs") => Service::Ecs,
            Some("ecs-a-1" | "ecs-t-1") => Service::EcsPoll,
            Some("sts") => Service::Sts,
            Some("s3" | "s3.dualstack") => Service::S3,
            _ => Service::Unknown,
        }
    }

    pub fn dialect(&self) -> Dialect {
        match self {
            Service::Sts => Dialect::Sts,
            Service::S3 => Dialect::S3,
            Service::Static(_) | Service::Unknown => Dialect::Plain,
            _ => Dialect::Json,
        }
    }

    fn by_content(call: &Call) -> Service {
        match call.target.as_deref().unwrap_or_default() {
            target if target.starts_with("AmazonSSM.") => return Service::Ssm,
            target if target.starts_with("AmazonEC2ContainerService") => return Service::Ecs,
            target if target.starts_with("EC2WindowsMessageDelivery") => return Service::Ec2Messages,
            _ => {}
        }
        match call.path() {
            "/ws" => Service::EcsPoll,
            path if path.starts_with("/v1/control-channel/") => Service::SsmMessages,
            "/" if call.method == "POST" => Service::Sts,
            _ => Service::S3,
        }
    }
}
