//! Fuzz targets: what must hold whatever bytes come in. Each is a plain function that panics where it does not hold, so
//! that a fuzzer (`fuzz/` at the root) and a test on stable Rust (`tests/smoke.rs`) run the same.
//!
//! `seeds/<target>/` has what to begin with. An input that found something stays there under the defect's name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a target fails by panicking; what it forges itself is well-formed"
)]

mod bound;
mod forge;
mod input;
mod mutate;
#[cfg(test)]
mod seeds;
mod targets;

pub use mutate::Mutator;

/// A target, by the name of its binary and of its folder of seeds.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// Takes any bytes; panics where something does not hold.
    pub run: fn(&[u8]),
    /// How many times the inputs of the slowest it gets in a smoke run; those sign or write files.
    pub weight: u32,
}

macro_rules! targets {
    ($($(#[$doc:meta])* $name:ident $weight:literal,)*) => {
        /// All targets.
        pub const ALL: &[Target] = &[$(Target { name: stringify!($name), run: $name, weight: $weight }),*];
        $($(#[$doc])* pub fn $name(data: &[u8]) {
            targets::$name::run(data);
        })*
    };
}

targets! {
    /// The path of a request line.
    route 8,
    /// The JSON of `.info` and `@latest`.
    info 8,
    /// The body of `@v/list`.
    list 8,
    /// A go.mod file.
    go_mod 8,
    /// Module paths, versions and patterns.
    names 8,
    /// Signed notes and keys.
    note 1,
    /// The answer to a lookup, up to the sums that come out.
    lookup 1,
    /// Coordinates of tiles.
    tile 4,
    /// Which tiles prove something about a tree of any size.
    plan 1,
    /// Proofs from damaged tiles.
    proof 1,
    /// Bytes as a module zip.
    zip 4,
    /// Module zips from parts, damaged.
    zip_parts 4,
    /// A page with go-import tags.
    go_import 8,
    /// The credentials file.
    netrc 8,
    /// A pack as it is received, with the checksum put right.
    pack 1,
    /// Packs from parts: deltas on deltas, thin, damaged.
    pack_parts 1,
    /// Packets of git's wire protocol.
    packets 8,
    /// What a git server advertises, and its list of refs.
    refs 8,
    /// A git server's answer to a fetch.
    fetch 8,
    /// Trees and commits.
    object 8,
}
