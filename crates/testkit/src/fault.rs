//! What fault tests need: proof that a directory did not change, free ports, patience, and a look at what still runs.

use std::{
    fs,
    io::Write as _,
    net::TcpListener,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use crate::module::hex;

/// A hash over every name, kind, content and symlink target below `dir`; times and modes do not count. A missing
/// directory hashes like an empty one.
pub fn tree_hash(dir: &Path) -> String {
    let mut hasher = Sha256::new();
    add(&mut hasher, dir, Path::new(""));
    hex(&hasher.finalize())
}

fn add(hasher: &mut Sha256, dir: &Path, below: &Path) {
    let Ok(listing) = fs::read_dir(dir) else { return };
    let mut names: Vec<_> = listing.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    for name in names {
        let (path, relative) = (dir.join(&name), below.join(&name));
        let kind = fs::symlink_metadata(&path).map(|meta| meta.file_type());
        // A file that vanishes between the listing and now is a change too: it hashes as a name without kind.
        let content = match kind {
            Ok(kind) if kind.is_dir() => b"dir".to_vec(),
            Ok(kind) if kind.is_symlink() => {
                fs::read_link(&path).unwrap_or_default().into_os_string().into_encoded_bytes()
            }
            Ok(kind) if kind.is_file() => fs::read(&path).unwrap_or_default(),
            _ => Vec::new(),
        };
        hasher.update(format!("{:?} {}\n", relative, hex(&Sha256::digest(content))));
        if kind.is_ok_and(|kind| kind.is_dir()) {
            add(hasher, &path, &relative);
        }
    }
}

/// A port of 127.0.0.1 on which nothing listens now. Somebody else may take it; prefer port 0 where that works.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Asks `condition` every 20 ms until it holds; whether it did within `limit`.
pub async fn wait_until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The ids of running processes whose environment holds `name=value`: children find no other way out of sight.
/// Reads `/proc`; empty where there is none.
pub fn processes_with_env(name: &str, value: &str) -> Vec<u32> {
    let wanted = format!("{name}={value}").into_bytes();
    let Ok(listing) = fs::read_dir("/proc") else { return Vec::new() };
    let ids = listing.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        let environment = fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted)
    })
    .collect()
}

/// Says that a test cannot run here, and why. Written past the test runner's capture, which hides what a passing test
/// prints: who reads the log must see what was not tested.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// A directory below the target directory that outlives the test run: build caches, downloaded toolchains.
pub fn shared_dir(name: &str) -> PathBuf {
    let program = std::env::current_exe().expect("a test has a path");
    // <target>/<profile>/deps/<test binary>
    let target = program.ancestors().nth(3).expect("a test lies below the target directory");
    let dir = target.join("tmp").join(name);
    fs::create_dir_all(&dir).unwrap();
    dir
}
