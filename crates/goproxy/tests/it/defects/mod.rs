//! The defects of the original (goproxyio/goproxy at 382eafb), one test each: none may come back.

mod answers;
mod direct;
mod disguises;
mod requests;
mod sumdb;
mod upstreams;
