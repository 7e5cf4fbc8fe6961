//! The engine over a store in memory and scripted sources: what is asked, when, and what is answered.

#![allow(clippy::unwrap_used, reason = "test code, helpers included")]

mod chain;
mod freshness;
mod world;
