//! Plans, decided.
