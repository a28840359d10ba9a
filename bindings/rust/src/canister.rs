//! Canisters.
