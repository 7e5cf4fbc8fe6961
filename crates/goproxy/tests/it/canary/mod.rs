//! The canary test (1.12 of the threat model): something unique in every field that holds a secret, everything that
//! fails, and then a look at everything that anybody else can read.

mod everything;
mod needles;
mod scenarios;
mod watch;
mod world;
