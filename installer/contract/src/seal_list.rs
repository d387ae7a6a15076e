//! The seal list: what is a machine's own, and must not be in an image that is cloned.
