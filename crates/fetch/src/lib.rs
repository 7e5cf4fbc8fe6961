//! Where modules come from: upstream proxies, the checksum database, the go command.
//!
//! Everything that opens a connection or starts a program lives here, behind the engine's ports: [`Upstream`] is a
//! [`goproxy_engine::Source`], [`SumProxy`] a [`goproxy_engine::SumSource`].

mod access;
mod body;
mod client;
mod credentials;
mod exec;
mod failure;
mod files;
mod get;
mod git;
mod gocmd;
mod guard;
mod inside;
mod netrc;
mod otlp;
mod page;
mod programs;
mod proxies;
mod reach;
mod redirect;
mod resolve;
mod retry;
mod roots;
mod secret;
mod sums;
#[cfg(test)]
mod tests;
mod text;
mod upstream;
mod wire;

pub use access::Access;
pub use client::{ClientOptions, HttpClient};
pub use credentials::{CredentialRow, Credentials, Groups, SecretFrom};
pub use git::{Fetched, GitClient, GitOptions, HostLimits, Remote};
pub use gocmd::{GoCommand, GoOptions};
pub use inside::Inside;
pub use otlp::{Exporter, OtlpOptions};
pub use page::Page;
pub use programs::find_program;
pub use proxies::ProxySettings;
pub use resolve::{Found, Lookup};
pub use secret::Secret;
pub use sums::{SumProxy, SumRoute, SumTarget};
pub use upstream::Upstream;
