//! The one integration binary: the program as a process, with real clients, real git and scripted upstreams.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "test code, helpers included: what does not hold stops the test"
)]

mod access;
mod adopt;
mod ahead;
mod attacks;
mod caches;
mod canary;
mod cli;
mod conformance;
mod crash;
mod credentials;
mod defects;
mod differential;
mod direct;
mod discovery;
mod endpoints;
mod engine;
mod environment;
mod exhaustion;
mod faults;
mod go_e2e;
mod growing;
mod guides;
mod import;
mod lifecycle;
mod live;
mod observe;
mod operate;
mod oracle;
mod packaged;
mod polite;
mod processes;
mod protocol;
mod redact;
mod rot;
mod run;
mod sums;
mod support;
mod threats;
mod tls;
mod verify;
