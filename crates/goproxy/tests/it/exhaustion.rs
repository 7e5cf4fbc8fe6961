//! What runs out: places for fetches, room on the disk, open files. Hits go on, nothing partial is left, and what was
//! refused succeeds when there is room again.

use std::{sync::Arc, time::Duration};

use goproxy_testkit::{ModuleFixture, Proxy, Upstream, request, skipped, wait_until, write_script};
use tokio::net::TcpStream;

use crate::support::{PATIENCE, files, goproxy, noise, router_with};

async fn versions(upstream: &Upstream, count: usize) -> Vec<ModuleFixture> {
    let modules: Vec<_> = (0..count).map(|n| ModuleFixture::new("example.com/much", &format!("v1.{n}.0"))).collect();
    upstream.add_all(&modules);
    modules
}

async fn get(proxy: &Proxy, path: String) -> tokio::task::JoinHandle<(u16, Option<String>)> {
    let address = proxy.address();
    tokio::spawn(async move {
        let answer = request(address, "GET", &path, &[]).await.unwrap();
        (answer.status, answer.header("retry-after").map(str::to_owned))
    })
}

#[tokio::test]
async fn misses_without_number_waited_without_end() {
    let upstream = Upstream::start().await;
    let modules = versions(&upstream, 9).await;
    let proxy = router_with(&upstream, &["-fetchLimit", "3"]).await;
    assert_eq!(proxy.get(&modules[8].url_path("zip")).await.status, 200);
    upstream.pause();
    let mut waiting = Vec::new();
    for module in &modules[..3] {
        waiting.push(get(&proxy, module.url_path("zip")).await);
    }
    assert!(wait_until(PATIENCE, || upstream.count("*.zip") == 4).await);
    for module in &modules[3..8] {
        let answer = proxy.get(&module.url_path("zip")).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{}", answer.text());
    }
    // Whoever wants what is being fetched waits with the others.
    waiting.push(get(&proxy, modules[0].url_path("zip")).await);
    assert_eq!(proxy.get(&modules[8].url_path("zip")).await.status, 200, "hits go on");
    upstream.resume().await;
    for answer in waiting {
        assert_eq!(answer.await.unwrap(), (200, None));
    }
    assert_eq!(proxy.get(&modules[3].url_path("zip")).await.status, 200);
}

#[tokio::test]
async fn the_disk_was_filled_to_the_last_byte() {
    let upstream = Upstream::start().await;
    let modules = versions(&upstream, 2).await;
    let cache = router_with(&upstream, &[]).await;
    assert_eq!(cache.get(&modules[0].url_path("zip")).await.status, 200);
    let flags = ["-proxy", &upstream.url(), "-minFreeDisk", "4000TB"];
    let proxy = goproxy().args(flags).cache_dir(cache.cache_dir()).start().await;
    assert_eq!(proxy.get(&modules[0].url_path("zip")).await.status, 200, "hits go on");
    let answer = proxy.get(&modules[1].url_path("zip")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("60")), "{}", answer.text());
    assert!(answer.text().contains("nearly full"), "{}", answer.text());
    assert_eq!(upstream.count_of(&modules[1], "zip"), 0);
    assert_eq!(proxy.get("/example.com/much/@v/list").await.status, 200, "lists need no room");
    assert_eq!(cache.get(&modules[1].url_path("zip")).await.status, 200, "another's limit is another's");
}

/// EMFILE: idle connections hold nearly all files that the process may have.
#[tokio::test]
async fn open_files_ran_out() {
    let upstream = Upstream::start().await;
    let modules = versions(&upstream, 40).await;
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("few-files");
    write_script(&program, &format!("#!/bin/sh\nulimit -n 48\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_goproxy")));
    let proxy = Proxy::builder(&program).args(["-proxy", &upstream.url()]).start().await;
    assert_eq!(proxy.get(&modules[0].url_path("zip")).await.status, 200);
    let mut idle = Vec::new();
    for _ in 0..60 {
        idle.push(TcpStream::connect(proxy.address()).await.unwrap());
    }
    let load: Vec<_> = modules.iter().map(|module| module.url_path("zip")).collect();
    let mut tasks = Vec::new();
    for path in load {
        tasks.push(get(&proxy, path).await);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(idle);
    for task in tasks {
        let (status, _) = task.await.unwrap();
        assert!(status == 200 || (500..505).contains(&status), "{status}");
    }
    for module in &modules {
        let whole = || async { proxy.get(&module.url_path("zip")).await.body == module.zip() };
        assert!(whole().await || whole().await, "it recovers: {}", proxy.log());
    }
    let zips = files(&proxy.download_dir()).into_iter().filter(|file| file.extension().is_some_and(|e| e == "zip"));
    let known: Arc<[Vec<u8>]> = modules.iter().map(ModuleFixture::zip).collect();
    assert!(zips.into_iter().all(|file| known.contains(&std::fs::read(file).unwrap())), "nothing partial");
}

/// A disk of four megabytes, and more than that to store.
#[tokio::test]
async fn a_full_disk_stopped_hits_or_kept_half_an_object() {
    let upstream = Upstream::start().await;
    let modules: Vec<_> = (0..40)
        .map(|n| ModuleFixture::new("example.com/full", &format!("v1.{n}.0")).file("noise.bin", noise(300_000, n + 1)))
        .collect();
    upstream.add_all(&modules);
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("small-disk");
    let mount = format!("mount -t tmpfs -o size=4m none '{}'", dir.path().join("disk").display());
    std::fs::create_dir(dir.path().join("disk")).unwrap();
    let script = format!(
        "#!/bin/sh\nexec unshare -rm sh -c \"{mount} && exec '{}' \\\"\\$@\\\"\" sh \"$@\"\n",
        env!("CARGO_BIN_EXE_goproxy")
    );
    write_script(&program, &script);
    for reserve in ["0MB", ""] {
        let flags = ["-proxy", &upstream.url(), "-minFreeDisk", reserve];
        let started = Proxy::builder(&program).args(flags).cache_dir(&dir.path().join("disk")).try_start().await;
        let Ok(proxy) = started else { return skipped("exhaustion: no mounts for mere users") };
        let mut refused = 0;
        for module in &modules {
            let answer = proxy.get(&module.url_path("zip")).await;
            assert!(answer.status == 200 || answer.status >= 500, "{reserve}: {} {}", answer.status, answer.text());
            // What had begun when the disk was full is broken off: its end is missing, and the client sees it.
            let (given, whole) = (answer.status == 200 && answer.complete, module.zip());
            assert!(if given { answer.body == whole } else { answer.body.len() < whole.len() }, "{reserve}");
            refused += usize::from(!given);
            let hit = proxy.get(&modules[0].url_path("zip")).await;
            assert_eq!((hit.status, hit.body), (200, modules[0].zip()), "{reserve}: {}", proxy.log());
        }
        assert!(refused > 20 && refused < 40, "{reserve}: {refused}");
        assert_eq!(proxy.get("/healthz").await.status, 200);
    }
}
