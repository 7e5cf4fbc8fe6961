//! Rounds of `kill -9` under mixed load against one cache directory, two hundred or as many as `GOPROXY_CRASH_ROUNDS`
//! says: nothing partial is ever left or served, and what the checksum database vouches for stays so.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use goproxy_testkit::{ModuleFixture, Proxy, SumDb, Upstream};

use crate::support::{files, goproxy, noise};

/// How often it is killed.
fn rounds() -> usize {
    std::env::var("GOPROXY_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(200)
}

const VERSIONS: usize = 400;

fn module(number: usize) -> ModuleFixture {
    let noise = noise(60_000, number as u64 + 1);
    ModuleFixture::new("example.com/crash", &format!("v1.{number}.0")).file("noise.bin", noise)
}

/// How much longer than usual one zip takes here and now: a machine that does nothing else fetches one in 15 ms, and one
/// that is killed before it has fetched any proves nothing.
async fn slowness(proxy: &Proxy, module: &ModuleFixture) -> u32 {
    let begun = Instant::now();
    assert_eq!(proxy.get(&module.url_path("zip")).await.status, 200);
    (begun.elapsed().as_millis() / 15).clamp(1, 10) as u32
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_leave_whole_objects_only() {
    let upstream = Upstream::start().await;
    let modules: Arc<Vec<_>> = Arc::new((0..VERSIONS).map(module).collect());
    upstream.add_all(modules.iter());
    let sums = SumDb::new("sums.example.org");
    for module in modules.iter() {
        sums.add(module);
    }
    upstream.attach(&sums);
    let program = goproxy().args(["-proxy", &upstream.url(), "-sumdb", sums.name()]);
    let mut proxy = program.env("GOSUMDB", sums.verifier_key()).start().await;
    let slow = slowness(&proxy, &modules[0]).await;
    for round in 0..rounds() {
        let address = proxy.address();
        let load: Vec<_> = (0..8)
            .map(|lane| {
                let modules = Arc::clone(&modules);
                tokio::spawn(async move {
                    for step in 0.. {
                        let module = &modules[(round * 37 + lane * 51 + step * 7) % VERSIONS];
                        for (ext, body) in [("info", module.info()), ("zip", module.zip()), ("mod", module.mod_file())]
                        {
                            let answer = goproxy_testkit::request(address, "GET", &module.url_path(ext), &[]).await;
                            let Ok(answer) = answer else { return };
                            let whole = answer.status == 200 && answer.complete;
                            assert!(!whole || answer.body == body, "a wrong body was served");
                        }
                        let lookup = format!("/sumdb/sums.example.org/lookup/{}", module.name());
                        for (path, part) in [(&*lookup, &*module.zip_h1()), ("/example.com/crash/@v/list", "v1.0.0\n")]
                        {
                            let answer = goproxy_testkit::request(address, "GET", path, &[]).await;
                            let Ok(answer) = answer else { return };
                            let whole = answer.status == 200 && answer.complete;
                            assert!(!whole || answer.text().contains(part), "a wrong body was served: {path}");
                        }
                    }
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(3 + (round as u64 * 29) % 120) * slow).await;
        proxy.kill9();
        for task in load {
            task.await.unwrap();
        }
        proxy.restart().await;
    }
    let (mut infos, mut zips) = (0, 0);
    let modules_only = |file: &std::path::PathBuf| file.starts_with(proxy.download_dir().join("example.com"));
    for file in files(&proxy.download_dir()).into_iter().filter(modules_only) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let body = fs::read(&file).unwrap();
        let of = |ext: &str| modules.iter().find(|module| format!("{}.{ext}", module.version()) == name);
        match file.extension().and_then(|ext| ext.to_str()) {
            Some("info") => infos += usize::from(body == of("info").unwrap().info()),
            Some("zip") => zips += usize::from(body == of("zip").unwrap().zip()),
            Some("mod") => assert_eq!(body, of("mod").unwrap().mod_file(), "{name}"),
            // For `file://` readers; written anew with each answer.
            None if name == "list" => {}
            _ => panic!("a file that nobody knows: {}", file.display()),
        }
    }
    let named = |ext: &str| {
        files(&proxy.download_dir()).iter().filter(|file| file.extension().is_some_and(|e| e == ext)).count()
    };
    assert_eq!((infos, zips), (named("info"), named("zip")), "every object is whole");
    assert!(zips > 20, "the load was real: {zips} zips");
    let leftovers = files(&proxy.cache_dir().join("pkg/mod/cache/goproxy/tmp"));
    assert!(leftovers.len() <= 2, "the last start cleaned up: {leftovers:?}");
}
