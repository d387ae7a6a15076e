//! What the network shows: endpoints that do not answer, and where the way to them ends; clocks that
//! disagree; a metadata service that answers where none should.

use jiff::{SignedDuration, Timestamp};

use super::{Code, Finding, Severity};
use crate::host::{Heard, Reached, Silence, Stage};

/// The service refuses signatures that are further from its own time than this.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// What to do about a wrong clock.
pub(crate) const SET_THE_CLOCK: &str = "set the clock, best by NTP: 'timedatectl set-ntp true', which needs \
    systemd-timesyncd or chrony: install one where there is none";
/// What EC2's calls itself. Other clouds have one there too, which gives nobody credentials of AWS.
const EC2S_OWN: &str = "EC2ws";
/// Where clouds tell an instance of itself.
pub const METADATA_SERVICE: &str = "http://169.254.169.254/latest/meta-data/";

/// An address that was asked, what for, and what came of it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What came of it.
    pub reached: Reached,
    /// Whether nothing can be installed or registered without it.
    pub needed: bool,
    /// Whether it is AWS itself, whose clock judges signatures: a mirror's may be wrong by itself.
    pub is_aws: bool,
}

/// Judges what was asked.
#[must_use]
pub fn findings(asked: &[Asked], now: Timestamp) -> Vec<Finding> {
    let (local, services): (Vec<&Asked>, Vec<&Asked>) =
        asked.iter().partition(|it| it.reached.address == METADATA_SERVICE);
    let mut found = Vec::new();
    let nameless = |it: &&Asked| matches!(&it.reached.outcome, Err(it) if it.stage == Stage::Name);
    if services.len() > 1 && services.iter().all(nameless) {
        found.push(Finding::new(
            Code::NoNameResolution,
            format!(
                "none of {} names could be resolved, the first being {}",
                services.len(),
                host(&services[0].reached)
            ),
            "see that this machine has a network and a DNS server: /etc/resolv.conf, 'ip route'",
        ));
    } else {
        found.extend(ipv4_alone(&services));
        found.extend(services.iter().filter_map(|it| silence(it, &services)));
        // One cause, on this machine or on the way to all of them.
        let mut authorities = 0;
        found.retain(|it| it.code != Code::UnknownAuthority || std::mem::replace(&mut authorities, 1) == 0);
    }
    let skew = skew(&services, now);
    found.extend(skew.and_then(clock));
    // Out of date by our clock alone is a wrong clock, which was said.
    if skew.is_none_or(|skew| skew.abs() <= TOLERANCE) {
        found.extend(services.iter().filter_map(|it| out_of_date(it)));
    }
    let is_ec2s =
        |it: &&Asked| matches!(&it.reached.outcome, Ok(it) if it.server.as_deref() == Some(EC2S_OWN));
    if local.iter().any(is_ec2s) {
        found.push(Finding::new(
            Code::MetadataService,
            "EC2's instance metadata service answers at 169.254.169.254, from which agents can take other credentials",
            "take the instance's role away ('aws ec2 disassociate-iam-instance-profile'), so that it has none to give",
        ));
    }
    found
}

/// One cause for all of them. What of it is needed for nothing but sessions is said with what is needed for more.
fn ipv4_alone(services: &[&Asked]) -> Option<Finding> {
    let without: Vec<&&Asked> = services.iter().filter(|it| is_ipv4_alone(it)).collect();
    without.iter().any(|it| it.needed).then(|| {
        let names: Vec<&str> = without.iter().map(|it| host(&it.reached)).collect();
        Finding::new(
            Code::NoIpv4,
            format!("this machine has a way by IPv6 alone, and these names have addresses of IPv4 alone: {}", names.join(", ")),
            "give it an address and a route of IPv4, or a network with DNS64 and NAT64; AWS's own names that have \
             addresses of IPv6 are asked with --ip-compatibility ipv6",
        )
    })
}

fn is_ipv4_alone(asked: &Asked) -> bool {
    matches!(&asked.reached.outcome, Err(it) if it.stage == Stage::Ipv4)
}

fn silence(asked: &Asked, services: &[&Asked]) -> Option<Finding> {
    let Err(Silence { stage, why }) = &asked.reached.outcome else { return None };
    let host = host(&asked.reached);
    let (what, remedy) = match stage {
        Stage::Name => ("its name has no address here", "see that DNS works, and knows this name"),
        // Said once for all of them, where one of them is needed.
        Stage::Ipv4 if services.iter().any(|it| it.needed && is_ipv4_alone(it)) => return None,
        Stage::Ipv4 => ("this machine has a way by IPv6 alone", "give it an address and a route of IPv4"),
        Stage::Proxy => (
            "the proxy gave no way to it",
            "see --proxy, or HTTPS_PROXY: its name, its port, and whom it lets through to where",
        ),
        Stage::Connect => ("no connection", "see that a firewall lets this machine out to it on TCP 443"),
        Stage::Authority => {
            return Some(Finding::new(
                Code::UnknownAuthority,
                format!("{host} could not be reached: {why}"),
                "install the package ca-certificates; where a proxy reads TLS, put its authority into \
                 /usr/local/share/ca-certificates and run update-ca-certificates",
            ));
        }
        Stage::Handshake => ("TLS failed", "see what answers in its place: a proxy, a portal, a firewall"),
        Stage::Answer => ("no HTTP answer", "see what answers in its place: a proxy, a portal, a firewall"),
    };
    let mut finding =
        Finding::new(code(asked), format!("{host} could not be reached: {what} ({why})"), remedy);
    if is_spare(asked, services) {
        finding.severity = Severity::Notes;
    }
    Some(finding)
}

/// Since `ssmmessages` is there, agents speak to `ec2messages` only where that does not answer.
fn is_spare(asked: &Asked, services: &[&Asked]) -> bool {
    let is = |it: &Asked, name: &str| host(&it.reached).starts_with(name);
    let answers = |it: &&&Asked| is(it, "ssmmessages.") && it.reached.outcome.is_ok();
    is(asked, "ec2messages.") && services.iter().any(|it| answers(&it))
}

fn code(asked: &Asked) -> Code {
    if asked.needed { Code::EndpointUnreachable } else { Code::SessionEndpointUnreachable }
}

/// How far our clock is ahead of theirs. A wrong one differs from all of them, a server's own mistake
/// from one: so the least difference counts.
fn skew(services: &[&Asked], now: Timestamp) -> Option<SignedDuration> {
    // A certificate out of date says of itself that some clock is wrong, where AWS cannot be asked.
    let of_aws = services.iter().any(|it| it.is_aws && it.reached.outcome.is_ok());
    let out_of_date = |it: &Asked| matches!(&it.reached.outcome, Ok(Heard { out_of_date: true, .. }));
    let judges = services.iter().filter(|it| if of_aws { it.is_aws } else { out_of_date(it) });
    let times = judges.filter_map(|it| it.reached.outcome.as_ref().ok()?.time);
    times.map(|theirs| now.duration_since(theirs)).min_by_key(|skew| skew.abs())
}

fn clock(skew: SignedDuration) -> Option<Finding> {
    if skew.abs() <= TOLERANCE {
        return None;
    }
    let word = if skew.is_positive() { "ahead of" } else { "behind" };
    Some(Finding::new(
        Code::ClockSkew,
        format!("this machine's clock is {} {word} AWS's, and signatures would be refused", words(skew)),
        format!("{SET_THE_CLOCK}; then run again"),
    ))
}

fn words(skew: SignedDuration) -> String {
    let minutes = skew.abs().as_mins();
    match minutes {
        ..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 60 / 24),
    }
}

fn out_of_date(asked: &Asked) -> Option<Finding> {
    let Ok(Heard { out_of_date: true, .. }) = &asked.reached.outcome else { return None };
    Some(Finding::new(
        Code::CertificateOutOfDate,
        format!(
            "{} shows a certificate that is out of date, though this machine's clock is right",
            host(&asked.reached)
        ),
        "see what answers in its place: AWS's own certificates are renewed in time",
    ))
}

fn host(reached: &Reached) -> &str {
    let rest = reached.address.split_once("://").map_or(reached.address.as_str(), |(_, rest)| rest);
    rest.trim_end_matches('/')
}
