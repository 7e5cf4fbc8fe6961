//! Go module semantics without I/O: paths, versions, patterns, zip and hash rules, the proxy protocol's routes.
//!
//! Strings end at the edge: [`ModulePath`], [`Version`], [`ModuleVersion`] and [`Query`] hold only what has passed the
//! rules of golang.org/x/mod, so whoever gets one need not check again. The free functions behind them are in [`path`],
//! [`semver`] and [`pseudo`].

pub mod dirhash;
mod escape;
mod fold;
pub mod go_import;
mod info;
pub mod list;
mod major;
pub mod modfile;
mod module;
pub mod netrc;
pub mod path;
pub mod pattern;
mod private_names;
mod proxylist;
pub mod pseudo;
mod rfc3339;
pub mod route;
pub mod semver;
pub mod sumdb;
mod tile;
pub mod vcs;
mod version;
pub mod zip;

pub use info::{Info, InfoError, Origin};
pub use module::{ModulePath, ModuleVersion};
pub use path::PathError;
pub use pattern::{PatternError, Patterns};
pub use private_names::PrivateNames;
pub use proxylist::{ProxyEntry, ProxyList, ProxyListError, ProxyTarget};
pub use route::{ModuleRequest, Route, RouteError, SumRequest, SumWhat, What};
pub use tile::Tile;
pub use version::{Query, Version, VersionError};

/// The README's example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
