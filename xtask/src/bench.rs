//! Benchmarks: ratios against a named rival in the same run, interleaved, medians. Absolute figures belong to a machine.

mod cold;
mod direct;
mod downloads;
mod flood;
mod herd;
mod hits;
mod idle;
mod module;
mod nginx;
mod process;
mod scale;
mod slow;
mod table;
mod tls;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

pub(crate) use cold::{cold, distant};
pub(crate) use direct::direct;
pub(crate) use downloads::downloads;
pub(crate) use flood::flood;
pub(crate) use herd::herd;
pub(crate) use hits::hits;
pub(crate) use idle::idle;
pub(crate) use scale::scale;
pub(crate) use slow::slow;

/// `--rounds N`.
fn rounds(arguments: &[&str], default: usize) -> Result<usize> {
    match arguments {
        [] => Ok(default),
        ["--rounds", n] => n.parse().context("--rounds takes a number"),
        _ => bail!(crate::USAGE),
    }
}

/// `--write` alone, where a benchmark takes nothing else.
fn only_write(arguments: &[&str]) -> Result<bool> {
    match table::asked(arguments) {
        (rest, write) if rest.is_empty() => Ok(write),
        _ => bail!(crate::USAGE),
    }
}

/// The middle one of some measurements.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A fresh folder below `target/bench`, which is on the disk that the cache would be on.
fn scratch(name: &str) -> Result<PathBuf> {
    let path = root().join("target/bench").join(name);
    process::remove(&path)?;
    std::fs::create_dir_all(&path)?;
    Ok(path)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The release binary, built first.
fn binary() -> Result<PathBuf> {
    process::run("cargo", &["build", "--release", "--package", "goproxy"], &[])?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("release/goproxy"))
}
