//! A disk that fails: system calls of the running program fail with EIO, ENOSPC or EMFILE now and then, injected by
//! `strace`. Nothing partial is left or served, hits go on, and everything succeeds once the disk is well.

use goproxy_testkit::{ModuleFixture, Proxy, SumDb, Upstream, skipped, write_script};

use crate::support::{files, goproxy};

/// What fails, and how often: `when=a+b` is the a-th call and each b-th after it.
/// (`write` also wakes the runtime; a disk on which writes fail is `store`'s full tmpfs.)
const FAULTS: [&str; 7] = [
    "fsync:error=EIO:when=1+3",
    "fsync:error=ENOSPC:when=2+2",
    "renameat2:error=EIO:when=1+3",
    "renameat2:error=ENOSPC:when=1+2",
    "openat:error=EMFILE:when=60+9",
    "mkdir:error=EIO:when=1+4",
    "statx:error=EIO:when=30+11",
];

const VERSIONS: usize = 12;

/// The program, under a tracer that makes its calls fail; `None` where there is none that may.
fn faulty(dir: &tempfile::TempDir, fault: &str) -> Option<std::path::PathBuf> {
    let call = fault.split(':').next()?;
    let probe = format!("strace -D -f -qq -o /dev/null -e trace={call} -e inject={fault} true");
    #[expect(clippy::disallowed_methods, reason = "a probe in a test")]
    let works = std::process::Command::new("sh").args(["-c", &probe]).output().is_ok_and(|o| o.status.success());
    let program = dir.path().join("faulty");
    let script = probe.replace(" true", &format!(" '{}' \"$@\"", env!("CARGO_BIN_EXE_goproxy")));
    write_script(&program, &format!("#!/bin/sh\nexec {script}\n"));
    works.then_some(program)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_disk_left_half_objects_and_stopped_hits() {
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let modules: Vec<_> =
        (0..VERSIONS).map(|n| ModuleFixture::new("example.com/faulty", &format!("v1.{n}.0"))).collect();
    upstream.add_all(&modules).attach(&sums);
    for module in &modules {
        sums.add(module);
    }
    let flags = ["-proxy".to_owned(), upstream.url(), "-sumdb".to_owned(), sums.name().to_owned()];
    for fault in FAULTS {
        let dir = tempfile::tempdir().unwrap();
        let Some(program) = faulty(&dir, fault) else { return skipped("faults: no strace that may trace") };
        let sound = goproxy().args(flags.clone()).env("GOSUMDB", sums.verifier_key()).start().await;
        assert_eq!(sound.get(&modules[0].url_path("zip")).await.status, 200, "{}", sound.log());
        let faulty = Proxy::builder(&program).args(flags.clone()).env("GOSUMDB", sums.verifier_key());
        let Ok(faulty) = faulty.cache_dir(sound.cache_dir()).try_start().await else { continue };
        let mut failed = 0;
        for module in &modules {
            for (ext, whole) in [("info", module.info()), ("zip", module.zip()), ("mod", module.mod_file())] {
                // A connection may break as well; what breaks off is seen by its length.
                let answer = faulty.try_request("GET", &module.url_path(ext), &[]).await;
                let Some(answer) = answer.ok().filter(|answer| answer.complete) else { continue };
                assert!(answer.status != 404 && answer.status != 410, "{fault}: nothing is absent: {}", answer.text());
                assert!(answer.status >= 500 || answer.body == whole, "{fault} {}", module.url_path(ext));
                failed += usize::from(answer.status >= 500);
            }
            // A file that cannot be opened now and then is an error now and then, which passes.
            let zip = modules[0].url_path("zip");
            let hit = || async {
                faulty.try_request("GET", &zip, &[]).await.is_ok_and(|answer| answer.body == modules[0].zip())
            };
            assert!(hit().await || hit().await || hit().await, "{fault}: hits go on: {}", faulty.log());
        }
        assert!(failed < 3 * VERSIONS, "{fault}: not everything fails");
        for module in &modules {
            for (ext, whole) in [("info", module.info()), ("zip", module.zip()), ("mod", module.mod_file())] {
                let answer = sound.get(&module.url_path(ext)).await;
                assert_eq!((answer.status, answer.body), (200, whole), "{fault}: the disk is well: {}", sound.log());
            }
        }
        for file in files(&sound.download_dir()) {
            let bytes = std::fs::read(&file).unwrap();
            let known = modules.iter().any(|m| bytes == m.zip() || bytes == m.info() || bytes == m.mod_file());
            let of_modules = file.extension().is_some_and(|e| e == "zip" || e == "info" || e == "mod");
            assert!(known || !of_modules, "{fault}: {} is partial", file.display());
        }
    }
}
