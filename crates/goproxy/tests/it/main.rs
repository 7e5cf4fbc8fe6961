//! The one integration binary: the program as a process, with real clients, real git and scripted upstreams.

mod adopt;
mod crash;
mod defects;
mod go_e2e;
mod live;
mod operate;
mod protocol;
mod support;
