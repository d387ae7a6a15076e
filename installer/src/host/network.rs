//! What a machine asks others, the same on every system: HTTPS with the system's own authorities, downloads that are
//! verified before they get their name, and whether an address answers at all.
#![allow(clippy::disallowed_methods, reason = "this is part of the door")]

pub(super) mod any_time;
pub(super) mod ask;
mod authorities;
pub(super) mod fetch;
pub(super) mod http;
pub(super) mod local;
pub(super) mod reach;
