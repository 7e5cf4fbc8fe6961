//! The HTTP server: connections, TLS, replies, metrics, the access log.
//!
//! [`Server`] accepts connections and turns requests into [`gomod::Route`]s; a [`Handler`] answers them. The server
//! names neither the store nor the fetchers, so it is tested with a handler of a few lines.

mod accept;
mod access_log;
mod activity;
mod body;
mod conditional;
mod conn;
mod crowd;
mod dispatch;
mod error;
mod gate;
mod growing;
mod guarded;
mod h1;
mod handler;
mod hex;
mod home;
mod inherited;
mod io;
mod listen;
mod metrics;
mod options;
mod peer;
mod pool;
mod prepared;
mod range;
mod record;
mod reply;
mod shares;
mod tls;
mod traced;

pub use accept::Server;
pub use access_log::{AccessLogFormat, Redact};
pub use gate::{Admission, Gate, Verdict, Wanted};
pub use handler::{Gauges, Handler};
pub use home::About;
pub use inherited::Inherited;
pub use listen::{Listen, ListenError, LocalAddr};
pub use metrics::Metrics;
pub use options::{Limits, ServerOptions};
pub use tls::{Tls, TlsError, TlsFile, TlsOptions};
