//! Caches that the original or `go` itself wrote, and ours read by others.

use std::{fs, path::Path};

use goproxy_testkit::{ModuleFixture, Upstream};

use crate::support::{go_client, goproxy, router};

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
