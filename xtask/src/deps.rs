//! Dependency rules: which crate may use which, which licences and crates may come in at all.

use std::{collections::BTreeMap, process::Command};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The arrows of ARCHITECTURE.md: each crate of the workspace and the crates of the workspace it may use at run time.
const ARROWS: &[(&str, &[&str])] = &[
    ("gomod", &[]),
    ("goproxy-access", &["gomod"]),
    ("goproxy-engine", &["gomod"]),
    ("goproxy-store", &["gomod", "goproxy-engine"]),
    ("goproxy-git", &[]),
    ("goproxy-fetch", &["gomod", "goproxy-engine", "goproxy-git"]),
    ("goproxy-direct", &["gomod", "goproxy-engine", "goproxy-git", "goproxy-fetch"]),
    ("goproxy-server", &["gomod", "goproxy-engine"]),
    ("goproxy-testkit", &[]),
    ("goproxy-fuzz-targets", &["gomod", "goproxy-git"]),
    (
        "goproxy",
        &[
            "gomod",
            "goproxy-access",
            "goproxy-engine",
            "goproxy-store",
            "goproxy-fetch",
            "goproxy-direct",
            "goproxy-server",
        ],
    ),
    ("xtask", &[]),
];

/// What `gomod` must never pull in: it is pure.
const IMPURE: &[&str] = &["tokio", "hyper", "reqwest", "rustls", "rustix"];

/// Crates that may not come in: a second TLS stack or crypto provider, and what is unmaintained.
const BANNED: &[&str] = &["openssl-sys", "native-tls", "async-std", "serde_yaml", "libgit2-sys"];

/// Licences that users of a static binary can live with.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unicode-3.0",
    "CC0-1.0",
    "Unlicense",
    "BSL-1.0",
    "OpenSSL",
    "MIT-0",
    "CDLA-Permissive-2.0",
];

/// Checks the whole graph and reports every violation.
pub(crate) fn check() -> Result<()> {
    let graph = metadata()?;
    let mut faults = arrows(&graph)?;
    faults.extend(crates(&graph)?);
    for fault in &faults {
        println!("{fault}");
    }
    if !faults.is_empty() {
        bail!("{} dependency rules are broken (xtask/src/deps.rs)", faults.len());
    }
    println!("dependencies: arrows, bans and licences hold");
    Ok(())
}

fn metadata() -> Result<Value> {
    let output = Command::new(env!("CARGO")).args(["metadata", "--format-version=1", "--locked"]).output()?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn packages(graph: &Value) -> Result<&Vec<Value>> {
    graph["packages"].as_array().context("cargo metadata has no packages")
}

fn arrows(graph: &Value) -> Result<Vec<String>> {
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut faults = Vec::new();
    for package in packages(graph)?.iter().filter(|package| package["source"].is_null()) {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(allowed) = allowed.get(name) else {
            faults.push(format!("{name}: a crate without a place in the arrows"));
            continue;
        };
        for used in package["dependencies"].as_array().into_iter().flatten().filter(|used| used["kind"].is_null()) {
            let used_name = used["name"].as_str().unwrap_or_default();
            if used["path"].is_string() && !allowed.contains(&used_name) {
                faults.push(format!("{name} -> {used_name}: not an allowed arrow"));
            }
            if name == "gomod" && IMPURE.contains(&used_name) {
                faults.push(format!("gomod -> {used_name}: gomod is pure"));
            }
        }
    }
    Ok(faults)
}

fn crates(graph: &Value) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for package in packages(graph)?.iter().filter(|package| !package["source"].is_null()) {
        let (name, licence) = (&package["name"], package["license"].as_str().unwrap_or_default());
        if BANNED.iter().any(|banned| name == banned) {
            faults.push(format!("{name}: banned"));
        }
        if !acceptable(licence) {
            faults.push(format!("{name}: licence `{licence}`"));
        }
    }
    Ok(faults)
}

/// An SPDX expression of `AND`, `OR` and one level of parentheses: every AND part needs an accepted alternative.
fn acceptable(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], "").replace('/', " OR ");
    flat.split(" AND ").all(|part| part.split(" OR ").any(|licence| LICENCES.contains(&licence.trim())))
}

#[cfg(test)]
mod tests {
    use super::acceptable;

    #[test]
    fn licences() {
        for (expression, expected) in [
            ("MIT", true),
            ("MIT OR GPL-3.0", true),
            ("MIT/Apache-2.0", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("ISC AND (Apache-2.0 OR ISC)", true),
            ("GPL-3.0", false),
            ("MIT AND GPL-3.0", false),
            ("", false),
        ] {
            assert_eq!(acceptable(expression), expected, "{expression}");
        }
    }
}
