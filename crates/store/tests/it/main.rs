//! The store as its users see it: through `Store`, on a real file system.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod adoption;
mod answers;
#[cfg(target_os = "linux")]
mod faults;
#[cfg(target_os = "linux")]
mod handles;
mod killed;
mod kit;
mod objects;
mod rot;
mod sharing;
mod strangers;
