//! What can be set.

use std::{sync::Arc, time::Duration};

use goproxy_engine::trace::Tracer;

use crate::{AccessLogFormat, Listen, Redact, Tls};

/// The settings of a [`Server`](crate::Server).
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Where to listen.
    pub listen: Listen,
    /// With a certificate every connection is TLS, without one none is.
    pub tls: Option<Arc<Tls>>,
    /// What precedes every protocol path: empty, or `/x` without a trailing slash. `/healthz`, `/readyz` and
    /// `/metrics` stay at the root.
    pub path_prefix: String,
    /// How long running requests may take to finish after the shutdown signal. The original's is 10 s.
    pub drain: Duration,
    /// How many connections are served at once; others wait in the kernel's queue.
    pub max_connections: usize,
    /// The form of the access log.
    pub access_log: AccessLogFormat,
    /// Who traces requests.
    pub tracer: Option<Arc<Tracer>>,
    /// What hides parts of request targets from it.
    pub redact: Option<Arc<dyn Redact>>,
    /// What a connection may cost.
    pub limits: Limits,
}

impl ServerOptions {
    /// The defaults, listening there.
    pub fn new(listen: Listen) -> Self {
        Self {
            listen,
            tls: None,
            path_prefix: String::new(),
            drain: Duration::from_secs(10),
            max_connections: 10_000,
            access_log: AccessLogFormat::Text,
            tracer: None,
            redact: None,
            limits: Limits::default(),
        }
    }
}

/// What a connection may cost before it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From accepting to the first byte of a request, the handshake of TLS included.
    pub first_byte: Duration,
    /// From the first byte of a request to the end of its header.
    pub header_read: Duration,
    /// Between requests. Go's clients keep idle connections for 90 s; the side that closes later loses no request to
    /// the race.
    pub idle: Duration,
    /// Without any progress in sending.
    pub write_progress: Duration,
    /// A request's line and header fields, in bytes; at least 8192. More is 431.
    pub max_header: usize,
    /// A request's target, in bytes. More is 414.
    pub max_target: usize,
    /// Concurrent streams of an HTTP/2 connection.
    pub max_streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(10),
            header_read: Duration::from_secs(10),
            idle: Duration::from_mins(2),
            write_progress: Duration::from_mins(1),
            max_header: 16 << 10,
            max_target: 4 << 10,
            max_streams: 128,
        }
    }
}
