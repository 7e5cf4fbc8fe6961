//! The HTTP server: connections, replies, metrics, the access log.
