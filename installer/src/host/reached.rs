//! What came of asking an address over the network: an answer, or how far the way was open.

use jiff::Timestamp;

/// What came of asking one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The address, as it was asked for.
    pub address: String,
    /// What answered, or where it ended.
    pub outcome: Result<Heard, Silence>,
}

/// An HTTP answer, of whatever status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// The time that it tells.
    pub time: Option<Timestamp>,
    /// Whether this machine's clock is outside the certificate's dates. All else about it was right.
    pub out_of_date: bool,
    /// What answers, as it calls itself.
    pub server: Option<String>,
}

/// No answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// What failed.
    pub stage: Stage,
    /// Why, in the words of whatever failed.
    pub why: String,
}

/// The way to an answer, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Finding an address for the name.
    Name,
    /// A way through the proxy.
    Proxy,
    /// A way by IPv4, where the name has no address of IPv6 and the machine has a way by IPv6 alone.
    Ipv4,
    /// A TCP connection.
    Connect,
    /// A certificate from an authority that this system knows.
    Authority,
    /// The rest of the TLS handshake.
    Handshake,
    /// An HTTP answer.
    Answer,
}
