//! The engine: one pipeline from a request to a verified answer, and the ports it works through.
//!
//! It knows no HTTP, no TLS and no file layout. [`Engine`] answers; [`Store`], [`Source`], [`SumSource`] and
//! [`Observer`] are what it needs from the world.

pub mod check;
mod error;
mod key;
mod port;
mod stage;

pub use error::{Error, Kind as ErrorKind, Result};
pub use key::{Answer, Kind, Object};
pub use port::{Blob, Observer, Remembered, Resolved, Source, Store, Stored, SumSource, Unobserved};
pub use stage::{Staging, TempPath, Verified, stage_bytes};
