//! What operators see: metrics, headers, logs, traces, the page at `/`.

mod cache_header;
mod home;
mod logs;
mod metrics;
mod traces;
mod wired;
