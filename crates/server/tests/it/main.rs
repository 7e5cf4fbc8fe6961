//! The server over real sockets, with a handler of a few lines behind it. Requests are written byte by byte: a client
//! library would normalise what is to be tested.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod connections;
mod drain;
mod gate;
mod http2;
mod http2_floods;
mod logs;
mod prepared;
mod protocol;
mod replies;
mod smuggling;
mod support;
mod tls;
