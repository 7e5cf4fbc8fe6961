//! Which commit this is, for `goproxy version`: `GOPROXY_COMMIT` where somebody says it (tarballs, containers), else what
//! git says of this tree, else `unknown`.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-env-changed=GOPROXY_COMMIT");
    let given = std::env::var("GOPROXY_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = given.or_else(of_git).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=GOPROXY_BUILT_COMMIT={commit}");
}

/// Twelve digits of HEAD, if this tree is a repository of its own and not a copy somewhere inside another one. That
/// something is not committed is said of nobody's build: it would depend on when the compiler looked.
fn of_git() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().ok()?;
    let top = git(&["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != root {
        return None;
    }
    // Each commit and each change of branch adds a line to this log.
    println!("cargo::rerun-if-changed={}", git(&["rev-parse", "--path-format=absolute", "--git-path", "logs/HEAD"])?);
    git(&["rev-parse", "--short=12", "HEAD"])
}

#[expect(clippy::disallowed_methods, reason = "not the program, but its build")]
fn git(args: &[&str]) -> Option<String> {
    let output = std::process::Command::new("git").args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
