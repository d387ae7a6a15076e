//! What counts as a signature.
