//! What a crash leaves behind.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

use goproxy_testkit::skipped;

/// A program that may write core dumps.
#[expect(clippy::disallowed_methods, reason = "a program under test")]
fn spawn(program: &str, args: &[&str], folder: &Path) -> Child {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$@\" 2>&1", program]).args(args);
    shell.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
}

/// How it ends by a signal that dumps core, once it has said something.
#[expect(clippy::disallowed_methods, reason = "a program under test")]
fn crashed(mut child: Child) -> ExitStatus {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(Command::new("kill").args(["-SEGV", &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap()
}

#[test]
fn a_crash_left_the_secrets_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let other = crashed(spawn("sh", &["-c", "echo ready; while :; do :; done"], folder.path()));
    if !other.core_dumped() {
        return skipped("core dumps: there are none here");
    }
    let cache = folder.path().join("cache");
    let args = ["-listen", "127.0.0.1:0", "-cacheDir", cache.to_str().unwrap()];
    let ours = crashed(spawn(env!("CARGO_BIN_EXE_goproxy"), &args, folder.path()));
    assert!(ours.signal() == Some(11) && !ours.core_dumped(), "{ours}");
}
