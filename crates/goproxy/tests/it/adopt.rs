//! Caches that the original or `go` itself wrote, and ours read by others.

use std::{fs, path::Path};

use goproxy_testkit::{Answer, ModuleFixture, SumDb, Upstream, wait_until};

use crate::support::{PATIENCE, go_client, goproxy, router};

/// Writes a version as `go` and the original leave it.
fn plant(download: &Path, module: &ModuleFixture) {
    for (ext, body) in [("info", module.info()), ("mod", module.mod_file()), ("zip", module.zip())] {
        let file = download.join(module.url_path(ext).trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, body).unwrap();
    }
    let folder = download.join(module.url_path("zip").trim_start_matches('/'));
    fs::write(folder.with_extension("ziphash"), module.zip_h1()).unwrap();
    fs::write(folder.with_extension("lock"), "").unwrap();
    fs::write(folder.with_file_name("list"), "v0.0.1\n").unwrap();
}

#[tokio::test]
async fn an_old_cache_is_adopted_but_never_its_list() {
    let upstream = Upstream::start().await;
    let module = ModuleFixture::new("github.com/Old/Cache", "v1.2.3");
    let folder = tempfile::tempdir().unwrap();
    plant(&folder.path().join("pkg/mod/cache/download"), &module);
    let proxy = goproxy().args(["-proxy", &upstream.url()]).cache_dir(folder.path()).start().await;
    for (ext, body) in [("info", module.info()), ("mod", module.mod_file()), ("zip", module.zip())] {
        let answer = proxy.get(&module.url_path(ext)).await;
        assert_eq!((answer.status, answer.body), (200, body), "{ext}");
    }
    assert_eq!(upstream.total(), 0, "all hits");
    assert_eq!(proxy.get("/github.com/!old/!cache/@v/list").await.status, 404, "the list is asked for");
    assert_eq!(upstream.count("/github.com/!old/!cache/@v/list"), 1);
}

/// A cache that others own, or that can only be read: the `go` command needs a place of its own, hits do not.
#[tokio::test]
async fn a_cache_without_room_for_go_was_not_served() {
    let upstream = Upstream::start().await;
    let module = ModuleFixture::new("github.com/Old/Cache", "v1.2.3");
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("pkg/mod/cache");
    plant(&cache.join("download"), &module);
    fs::create_dir(cache.join("goproxy")).unwrap();
    // What stops root as well.
    fs::write(cache.join("goproxy/go"), "in the way").unwrap();
    let proxy = goproxy().args(["-proxy", &upstream.url()]).cache_dir(folder.path()).start().await;
    assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
    assert!(proxy.log().contains("modules that are not in git cannot be fetched"), "{}", proxy.log());
    let args = ["-direct", "go", "-proxy", &upstream.url()].map(str::to_owned);
    let refused = goproxy().args(args).cache_dir(folder.path()).try_start().await.unwrap_err();
    assert!(refused.stderr.contains("correct -cacheDir"), "{refused:?}");
}

#[tokio::test]
async fn bad_files_of_an_old_cache_are_fetched_again() {
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let download = folder.path().join("pkg/mod/cache/download");
    let module = ModuleFixture::new("example.com/rotten", "v1.0.0");
    upstream.add(&module);
    plant(&download, &module);
    let file = |ext: &str| download.join(module.url_path(ext).trim_start_matches('/'));
    fs::write(file("zip"), "").unwrap();
    fs::write(file("info"), "<a href=\"/\">Found</a>").unwrap();
    let proxy = goproxy().args(["-proxy", &upstream.url()]).cache_dir(folder.path()).start().await;
    for (ext, body) in [("info", module.info()), ("mod", module.mod_file()), ("zip", module.zip())] {
        assert_eq!(proxy.get(&module.url_path(ext)).await.body, body, "{ext}");
    }
    assert_eq!(upstream.count_of(&module, "mod"), 0, "the good one stays");
    assert_eq!(fs::read(file("zip")).unwrap(), module.zip());
}

/// Nobody but `goproxy verify` asked whether they are the true ones.
#[tokio::test]
async fn an_adopted_file_that_the_database_contradicts_stayed() {
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let [module, good] = ["example.com/replaced", "example.com/good"].map(|path| ModuleFixture::new(path, "v1.0.0"));
    sums.pad(3).add(&module).add(&good);
    upstream.add(&module).add(&good).attach(&sums);
    let folder = tempfile::tempdir().unwrap();
    let download = folder.path().join("pkg/mod/cache/download");
    let evil = ModuleFixture::new(module.path(), module.version())
        .go_mod("module example.com/replaced\n\ngo 1.99\n")
        .file("evil.go", "package replaced\n");
    plant(&download, &evil);
    plant(&download, &good);
    let flags = ["-proxy", &upstream.url(), "-sumdb", "sums.example.org"].map(str::to_owned);
    let builder = goproxy().args(flags).cache_dir(folder.path()).env("GOSUMDB", sums.verifier_key());
    let mut proxy = builder.start().await;
    for ext in ["mod", "zip"] {
        assert_eq!(proxy.get(&evil.url_path(ext)).await.status, 200, "not kept from who reads it first");
        assert_eq!(proxy.get(&good.url_path(ext)).await.status, 200);
        let gone = || !is_there(&download, &evil, ext);
        assert!(wait_until(PATIENCE, gone).await, "{ext}: {}", proxy.log());
        let (answer, body) =
            (proxy.get(&module.url_path(ext)).await, if ext == "zip" { module.zip() } else { module.mod_file() });
        assert_eq!((answer.status, answer.body), (200, body), "{ext}: {}", proxy.log());
    }
    let records = folder.path().join("pkg/mod/cache/goproxy/records");
    // The two good ones are vouched for by now, the other two were fetched.
    let vouched = || {
        let text: String =
            crate::support::files(&records).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
        text.lines()
            .filter(|line| line.ends_with(" own") && (line.starts_with("mod ") || line.starts_with("zip ")))
            .count()
            == 4
    };
    assert!(wait_until(PATIENCE, vouched).await, "{}", proxy.log());
    upstream.reset_log();
    proxy.restart().await;
    assert_eq!(proxy.get(&good.url_path("zip")).await.body, good.zip());
    assert_eq!(upstream.total(), 0, "asked once, for ever: {:?}", upstream.requests());
    let page = proxy.get("/metrics").await.text();
    assert!(page.contains("goproxy_checksums_total{outcome=\"mismatch\"} 0"), "{page}");
}

fn is_there(download: &Path, module: &ModuleFixture, ext: &str) -> bool {
    fs::read(download.join(module.url_path(ext).trim_start_matches('/'))).is_ok_and(|bytes| match ext {
        "zip" => bytes == module.zip(),
        _ => bytes == module.mod_file(),
    })
}

/// Of what no database vouches for, the one that was found in the cache is the first that was seen.
#[tokio::test]
async fn an_adopted_file_of_a_private_module_was_not_pinned() {
    let (upstream, folder) = (Upstream::start().await, tempfile::tempdir().unwrap());
    let module = ModuleFixture::new("example.com/pinned", "v1.0.0");
    let download = folder.path().join("pkg/mod/cache/download");
    plant(&download, &module);
    let other = ModuleFixture::new(module.path(), module.version()).file("other.go", "package pinned\n");
    upstream.on(&module.url_path("zip"), Answer::zip(other.zip()));
    let mut proxy = goproxy().args(["-proxy", &upstream.url()]).cache_dir(folder.path()).start().await;
    assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
    let facts = folder.path().join("pkg/mod/cache/goproxy/facts/sums");
    assert!(wait_until(PATIENCE, || !crate::support::files(&facts).is_empty()).await, "{}", proxy.log());
    fs::remove_dir_all(&download).unwrap();
    proxy.restart().await;
    let answer = proxy.get(&module.url_path("zip")).await;
    assert!(answer.status == 502 && answer.text().contains("changed since it was first seen"), "{}", answer.text());
}

#[tokio::test]
async fn our_cache_is_a_file_proxy_for_go() {
    let Some(client) = go_client("file_proxy").await else { return };
    let upstream = Upstream::start().await;
    let modules = ModuleFixture::versions("example.com/filed", &["v1.0.0", "v1.1.0"]);
    upstream.add_all(&modules);
    let proxy = router(&upstream).await;
    let through = client.clone().proxy(&proxy.url());
    assert!(through.download("example.com/filed@latest").await.ok);
    drop(proxy.get("/example.com/filed/@v/list").await);
    let file = client.fresh().proxy(&format!("file://{}", proxy.download_dir().display()));
    assert_eq!(file.list_versions("example.com/filed").await.unwrap(), ["v1.0.0", "v1.1.0"]);
    let output = file.download("example.com/filed@v1.1.0").await;
    assert!(output.ok, "{output:?}");
}
