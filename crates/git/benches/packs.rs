//! Receiving and reading packs, as ratios to `git` in one run: `cargo bench -p goproxy-git --bench packs`. With a pack
//! from elsewhere as argument (`-- <file>`), the time and memory of receiving that.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    dead_code,
    reason = "a measurement: what is wrong is a panic, and starting git is what it is for"
)]

#[path = "../tests/packs/git.rs"]
mod git;

use git::{Git, LIMITS, receive, run};
use goproxy_git::{MemoryObjects, ObjectFormat, Objects as _, Odb, Oid, PackReceiver, init};
use std::time::{Duration, Instant};

/// The best of some runs.
fn best(mut run: impl FnMut()) -> Duration {
    let once = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..5).map(once).min().unwrap()
}

fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned()
}

/// Text as code is: words of a vocabulary, which deflates to about a quarter.
fn text(random: &mut fastrand::Rng, len: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(len);
    while text.len() < len {
        let word = random.u32(..400).pow(2) / 400;
        text.extend(format!("{}{:x}", ["\n", " ", "\t", "(", "."][word as usize % 5], word * 2_654_435).into_bytes());
    }
    text
}

fn compare(what: &str, pack: &[u8], blobs: &[String]) {
    let format = ObjectFormat::Sha1;
    let (theirs, ours) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    init(theirs.path(), format).unwrap();
    init(ours.path(), format).unwrap();
    let none = MemoryObjects::new(format);
    let mine = best(|| assert!(receive(ours.path(), format, pack, 65_000, &none).is_ok()));
    let gits = best(|| assert!(run(theirs.path(), &["index-pack", "--stdin"], pack).0));
    let single = best(|| assert!(run(theirs.path(), &["index-pack", "--threads=1", "--stdin"], pack).0));
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
    println!("{what}: {} bytes; {}", pack.len(), peak());
    println!("  receive {mine:?}, index-pack {gits:?} (one thread {single:?}): {:.2}", ratio(mine, gits));

    let ids: Vec<Oid> = blobs.iter().map(|id| Oid::from_hex(id).unwrap()).collect();
    let mut bytes = 0;
    let mine = best(|| {
        let odb = Odb::open(ours.path(), format).unwrap();
        bytes = ids.iter().map(|id| odb.read(id, u64::MAX).unwrap().unwrap().data.len()).sum();
    });
    let names = blobs.join("\n");
    let gits = best(|| assert!(run(theirs.path(), &["cat-file", "--batch", "--buffer"], names.as_bytes()).0));
    println!("  read {} blobs, {bytes} bytes: {mine:?}, cat-file {gits:?}: {:.2}", ids.len(), ratio(mine, gits));
}

fn main() {
    match std::env::args().skip(1).find(|word| !word.starts_with("--")) {
        Some(path) => given_pack(&path),
        None => beside_git(),
    }
}

fn beside_git() {
    let mut random = fastrand::Rng::with_seed(1);
    let Some(git) = Git::new(ObjectFormat::Sha1) else { return };
    let files: Vec<_> = (0..1000).map(|at| (format!("d{}/f{at}.go", at % 30), text(&mut random, 30_000))).collect();
    git.commit(&files.iter().map(|(name, content)| (name.as_str(), content.clone())).collect::<Vec<_>>());
    let listing = |revision: &str| {
        let all = git.run(&["ls-tree", "-r", "--object-only", revision]);
        all.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    compare("one commit, 1,000 files", &git.pack(&["--delta-base-offset"], "HEAD"), &listing("HEAD"));
    let mut files = files;
    for _ in 0..30 {
        for _ in 0..300 {
            let (_, content) = &mut files[random.usize(..1000)];
            let (at, new) = (random.usize(..content.len()), text(&mut random, 200));
            content.splice(at..at, new);
        }
        git.commit(&files.iter().map(|(name, content)| (name.as_str(), content.clone())).collect::<Vec<_>>());
    }
    let pack = git.pack(&["--delta-base-offset"], "HEAD");
    compare("30 more commits: the oldest's files", &pack, &listing("HEAD~30"));
    let all = git.run(&["rev-list", "--objects", "--filter=object:type=blob", "--filter-provided-objects", "HEAD"]);
    let all: Vec<_> = all.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    compare("30 more commits: all files", &pack, &all);
}

fn given_pack(path: &str) {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path(), ObjectFormat::Sha1).unwrap();
    let (mut file, mut buffer) = (std::fs::File::open(path).unwrap(), vec![0; 65_536]);
    let start = Instant::now();
    let mut receiver = PackReceiver::new(dir.path(), ObjectFormat::Sha1, LIMITS).unwrap();
    loop {
        let got = std::io::Read::read(&mut file, &mut buffer).unwrap();
        if got == 0 {
            break;
        }
        receiver.write(&buffer[..got]).unwrap();
    }
    println!("parsed after {:?}; {}", start.elapsed(), peak());
    let stats = receiver.finish(&MemoryObjects::new(ObjectFormat::Sha1)).unwrap();
    println!("{stats:?} after {:?}; {}", start.elapsed(), peak());
}
