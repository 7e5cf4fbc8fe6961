//! `cargo xtask differential`: the random repositories of the integration tests, as many as one likes.

use std::process::Command;

use anyhow::{Context, Result, bail};

const USAGE: &str = "usage: cargo xtask differential [--repositories N] [--seed S] \
                     [--server filters|nofilters|version0|dumb] [--engine native|go] [--keep]";

/// What the documented long run has.
const REPOSITORIES: &str = "2000";

/// Runs the test `differential::random_repositories` with what its environment says. A single difference is shown again
/// with its seed and `--repositories 1`; `--keep` leaves its repository in place and says where.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--locked", "--package", "goproxy", "--test", "it", "--"]);
    cargo.args(["--exact", "differential::random_repositories", "--nocapture"]);
    cargo.env("DIFFERENTIAL_REPOSITORIES", REPOSITORIES);
    let mut words = arguments.iter();
    while let Some(option) = words.next() {
        let mut value = || words.next().with_context(|| format!("{option} takes a value\n{USAGE}"));
        match *option {
            "--repositories" => cargo.env("DIFFERENTIAL_REPOSITORIES", value()?),
            "--seed" => cargo.env("DIFFERENTIAL_SEED", value()?),
            "--server" => cargo.env("DIFFERENTIAL_SERVER", value()?),
            "--engine" => cargo.env("ORACLE_FLAGS", format!("-direct {}", value()?)),
            "--keep" => cargo.env("DIFFERENTIAL_KEEP", "1"),
            other => bail!("{other}: unknown\n{USAGE}"),
        };
    }
    let status = cargo.status().context("cargo does not start")?;
    if !status.success() {
        bail!("there are differences, or the run broke: see above");
    }
    Ok(())
}
