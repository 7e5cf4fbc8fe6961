//! For tests only: a scripted upstream, a checksum database, git over http, real `go` clients, and the proxy as a
//! process. Every server listens on 127.0.0.1, port 0, and runs on a runtime of its own, so that a test may block.
//!
//! Nothing here comes from the product's own crates: escaping, zips, h1 sums and the Merkle tree are worked out
//! again, so that a mistake in one place cannot hide in both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "test code: a broken fixture should stop the test, and starting programs is what it is for"
)]

mod answer;
mod client;
mod collector;
mod fault;
mod git;
mod git_backend;
mod git_host;
mod git_import;
mod go_client;
mod go_release;
mod home;
mod launch;
mod module;
mod proxy;
mod recorder;
mod rules;
mod secrets;
mod site;
mod sumdb;
mod tls;
mod tls_front;
mod token_issuer;
mod toolchain;
mod tree;
mod tunnel;
mod unzip;
mod upstream;
mod vcs_script;
mod wire;
mod zip;

pub use answer::{Answer, Delivery};
pub use client::{Response, request, request_unix};
pub use collector::{Collector, SpanSeen};
pub use fault::{free_port, processes_with_env, shared_dir, skipped, tree_hash, wait_until};
pub use git::GitRepo;
pub use git_backend::GitServer;
pub use git_host::GitHost;
pub use git_import::{BareRepo, ObjectFormat};
pub use go_client::{GoClient, Output};
pub use home::Home;
pub use launch::ProxyBuilder;
pub use module::{ModuleFixture, escape, h1};
pub use proxy::{Proxy, Signal};
pub use recorder::{Recorder, write_script};
pub use secrets::{Secrets, holds};
pub use site::{Site, SiteOptions};
pub use sumdb::{SumDb, SumDbSite};
pub use tls::TestCa;
pub use tls_front::TlsFront;
pub use token_issuer::TokenIssuer;
pub use toolchain::{FAKE_GO_LINE, fake_toolchain};
pub use tunnel::Tunnel;
pub use unzip::read_archive;
pub use upstream::{Knobs, SumDbSupport, Upstream, UpstreamBuilder};
pub use vcs_script::{VcsScript, git_says};
pub use wire::Request;
pub use zip::{Entry, zip_archive};
