//! Where modules come from: upstream proxies, the checksum database, the go command.
//!
//! Everything that opens a connection or starts a program lives here, behind the engine's ports: [`Upstream`] is a
//! [`goproxy_engine::Source`], [`SumProxy`] a [`goproxy_engine::SumSource`].

mod body;
mod client;
mod credentials;
mod exec;
mod failure;
mod files;
mod get;
mod gocmd;
mod guard;
mod netrc;
mod proxies;
mod retry;
mod roots;
mod secret;
mod sums;
#[cfg(test)]
mod tests;
mod text;
mod upstream;
mod wire;

pub use client::{ClientOptions, HttpClient};
pub use gocmd::{GoCommand, GoOptions};
pub use proxies::ProxySettings;
pub use secret::Secret;
pub use sums::{SumProxy, SumRoute};
pub use upstream::Upstream;
