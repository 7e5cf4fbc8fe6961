//! What operators see: metrics, headers, logs, traces, the page at `/`.

mod cache_header;
mod collectors;
mod home;
mod lines;
mod logs;
mod metrics;
mod stages;
mod traces;
mod wired;
