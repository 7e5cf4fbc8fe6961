//! The defects of the original (goproxyio/goproxy at 382eafb), one test each: none may come back.

use std::{fs, time::Duration};

use goproxy_testkit::{
    Answer, Delivery, GitHost, GitRepo, Home, ModuleFixture, Proxy, SumDb, SumDbSupport, Upstream, fake_toolchain,
    tree_hash, wait_until,
};

use crate::support::{PATIENCE, go_client, goproxy, home_with_git, noise, router, router_with, upstream_with};

#[tokio::test]
async fn head_of_a_cold_zip_stored_an_empty_file() {
    let (upstream, module) = upstream_with("example.com/head", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let zip = module.url_path("zip");
    let head = proxy.head(&zip).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(module.zip().len().to_string().as_str()));
    assert_eq!(proxy.get(&zip).await.body, module.zip());
}

#[tokio::test]
async fn traversal_read_and_wrote_outside_the_cache() {
    let (upstream, _) = upstream_with("example.com/m", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let canary = proxy.scratch_dir().join("creds.zip");
    fs::write(&canary, "CANARY").unwrap();
    let before = tree_hash(proxy.scratch_dir());
    let absolute = canary.to_str().unwrap();
    for up in ["..", "%2e%2e", "%2E%2E", "..%2f..", "..%5c..", "%252e%252e"] {
        let climb = format!("{up}/").repeat(12);
        for target in
            [format!("/x/@v/{climb}{absolute}"), format!("/x.y/@v/{climb}creds.zip"), format!("/{climb}creds.zip")]
        {
            let answer = proxy.get(&target).await;
            assert!((400..500).contains(&answer.status), "{target}: {}", answer.status);
            assert!(!answer.text().contains("CANARY"), "{target}");
        }
    }
    assert_eq!(upstream.total(), 0, "{:?}", upstream.requests());
    assert_eq!(tree_hash(proxy.scratch_dir()), before);
}

#[tokio::test]
async fn private_names_leaked_by_capitals_double_slashes_and_dots() {
    let (upstream, _) = upstream_with("example.com/m", "v1.0.0").await;
    let proxy = router_with(&upstream, &["-exclude", "github.com/MyOrg/*,*.Corp.example.com,github.com/corp"]).await;
    for target in [
        "/github.com/!my!org/priv/@v/list",
        "/github.com/%21my%21org/priv/@v/v1.0.0.info",
        "/github.com/!my!org/priv/@latest",
        "/github.com/!my!org/priv/@v/v1.0.0.zip",
        "/sumdb/sum.golang.org/lookup/github.com/!my!org/priv@v1.0.0",
        "//github.com/corp/p/@v/list",
        "/./github.com/corp/p/@v/list",
        "/%67ithub.com/corp/p/@v/list",
        "/github.com/corp/p%2Fq/@v/list",
        "/github.com/corp/p/@v/list?x=1",
    ] {
        let answer = proxy.get(target).await;
        assert!(answer.status >= 400, "{target}: {}", answer.status);
    }
    assert_eq!(upstream.total(), 0, "{:?}", upstream.requests());
}

#[tokio::test]
async fn patterns_matched_the_url_not_the_module_path() {
    let (upstream, module) = upstream_with("rsc.io/private", "v1.0.0").await;
    upstream.add(&ModuleFixture::new("github.com/corporate/open", "v1.0.0"));
    let proxy = router_with(&upstream, &["-exclude", "rsc.io/private/*,github.com/corp"]).await;
    assert_eq!(
        proxy.get(&module.url_path("info")).await.status,
        200,
        "a pattern of three elements matches no path of two"
    );
    assert_eq!(proxy.get("/github.com/corporate/open/@v/list").await.status, 200, "corp is not corporate");
}

#[tokio::test]
async fn tls_of_the_upstream_was_not_verified() {
    let upstream = Upstream::builder().tls().start().await;
    let module = ModuleFixture::new("example.com/tls", "v1.0.0");
    upstream.add(&module);
    let stranger = router(&upstream).await;
    let refused = stranger.get(&module.url_path("info")).await;
    assert_eq!(refused.status, 502, "{}", refused.text());
    let ca = upstream.ca_path().unwrap().to_owned();
    let friend = goproxy().args(["-proxy", &upstream.url()]).env("SSL_CERT_FILE", ca).start().await;
    assert_eq!(friend.get(&module.url_path("info")).await.body, module.info());
}

#[tokio::test]
async fn redirect_targets_were_stored_without_a_look_at_their_status() {
    let (upstream, module) = upstream_with("example.com/moved", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let zip = module.url_path("zip");
    upstream.on(&zip, Answer::redirect(302, "/nowhere.zip"));
    upstream.on("/nowhere.zip", Answer::html("<h1>no such page</h1>").header("X", "y"));
    for _ in 0..2 {
        let answer = proxy.get(&zip).await;
        assert_eq!(answer.status, 502, "{}", answer.text());
    }
    upstream.on("/nowhere.zip", Answer::text(404, "gone"));
    assert_eq!(proxy.get(&zip).await.status, 404);
    upstream.on("/elsewhere.zip", Answer::zip(module.zip()));
    let other = ModuleFixture::new("example.com/moved", "v1.1.0");
    upstream.on(&other.url_path("zip"), Answer::redirect(302, "/elsewhere-1.1.zip"));
    upstream.on("/elsewhere-1.1.zip", Answer::zip(other.zip()));
    let answer = proxy.get(&other.url_path("zip")).await;
    assert_eq!((answer.status, answer.header("location")), (200, None));
    assert_eq!(answer.body, other.zip(), "a relative redirect is followed for the client");
}

#[tokio::test]
async fn redirects_to_files_and_down_from_https_are_refused() {
    let (upstream, module) = upstream_with("example.com/away", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let secret = proxy.scratch_dir().join("secret.mod");
    fs::write(&secret, "module example.com/away\n").unwrap();
    upstream.on(&module.url_path("mod"), Answer::redirect(302, &format!("file://{}", secret.display())));
    assert_eq!(proxy.get(&module.url_path("mod")).await.status, 502);
    let safe = Upstream::builder().tls().start().await;
    safe.on(&module.url_path("mod"), Answer::redirect(302, &format!("{}/plain.mod", upstream.url())));
    upstream.on("/plain.mod", Answer::text(200, "module example.com/away\n"));
    let ca = safe.ca_path().unwrap().to_owned();
    let proxy = goproxy().args(["-proxy", &safe.url()]).env("SSL_CERT_FILE", ca).start().await;
    assert_eq!(proxy.get(&module.url_path("mod")).await.status, 502);
    assert_eq!(upstream.count("/plain.mod"), 0);
}

#[tokio::test]
async fn other_methods_were_forwarded_and_their_answers_cached() {
    let (upstream, module) = upstream_with("example.com/post", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let before = tree_hash(&proxy.download_dir());
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"] {
        let answer = proxy.request(method, &module.url_path("info"), &[]).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    assert_eq!(upstream.total(), 0);
    assert_eq!(tree_hash(&proxy.download_dir()), before);
}

#[tokio::test]
async fn any_path_was_forwarded() {
    let (upstream, _) = upstream_with("example.com/m", "v1.0.0").await;
    let proxy = router(&upstream).await;
    for target in
        ["/favicon.ico", "/", "/index.html", "/example.com/m/@v/", "/example.com/m/@v/v1.0.0.exe", "/a/@v/list"]
    {
        let status = proxy.get(target).await.status;
        assert!([400, 404].contains(&status), "{target}: {status}");
    }
    assert_eq!(proxy.get("/example.com/m/@v1.0.0.info").await.status, 404, "a version needs its @v/");
    assert_eq!(upstream.total(), 0, "{:?}", upstream.requests());
}

#[tokio::test]
async fn every_error_was_a_404_with_raw_stderr() {
    let (upstream, module) = upstream_with("example.com/errors", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let info = module.url_path("info");
    for (status, expected) in [(500, 502), (502, 502), (401, 403), (403, 403), (451, 403), (410, 404), (404, 404)] {
        let version = format!("v1.0.{status}");
        let path = module.url_path("info").replace("v1.0.0", &version);
        upstream.on(&path, Answer::text(status, format!("the upstream says {status}\n")));
        let answer = proxy.get(&path).await;
        assert_eq!(answer.status, expected, "{status}: {}", answer.text());
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
        if expected < 500 {
            assert!(answer.text().contains(&format!("the upstream says {status}")), "{}", answer.text());
        }
    }
    assert_eq!(proxy.get(&info).await.status, 200);
    upstream.stop().await;
    let down = proxy.get(&info.replace("v1.0.0", "v1.9.9")).await;
    assert_eq!(down.status, 502, "{}", down.text());
    assert!(!down.text().contains(proxy.scratch_dir().to_str().unwrap()), "{}", down.text());
}

#[tokio::test]
async fn whole_zips_were_held_in_memory() {
    let upstream = Upstream::start().await;
    let module = ModuleFixture::new("example.com/big", "v1.0.0").file("noise.bin", noise(100 << 20, 1));
    let zip = module.zip();
    assert!(zip.len() > 100 << 20, "the fixture is big: {}", zip.len());
    upstream.on(&module.url_path("zip"), Answer::zip(zip.clone()));
    let proxy = router(&upstream).await;
    let answer = proxy.get(&module.url_path("zip")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.body == zip);
    let status = fs::read_to_string(format!("/proc/{}/status", proxy.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 64 << 10, "peak memory is {peak} kB for a zip of {} bytes", zip.len());
}

#[tokio::test]
async fn lists_shrank_when_go_rewrote_them() {
    let upstream = Upstream::start().await;
    upstream
        .add_all(&ModuleFixture::versions("example.com/list", &["v1.0.0", "v1.1.0", "v1.2.0", "v2.0.0+incompatible"]));
    let proxy = router(&upstream).await;
    let whole = "v1.0.0\nv1.1.0\nv1.2.0\nv2.0.0+incompatible\n";
    assert_eq!(proxy.get("/example.com/list/@v/list").await.text(), whole);
    let file = proxy.download_dir().join("example.com/list/@v/list");
    assert_eq!(fs::read_to_string(&file).unwrap(), whole, "file:// readers find it");
    fs::write(&file, "v1.0.0\n").unwrap();
    assert_eq!(proxy.get("/example.com/list/@v/v1.0.0.info").await.status, 200);
    assert_eq!(proxy.get("/example.com/list/@v/list").await.text(), whole);
}

#[tokio::test]
async fn a_list_grew_by_what_was_merely_fetched() {
    let upstream = Upstream::start().await;
    let pseudo = "v0.0.0-20240102030405-abcdefabcdef";
    let module = ModuleFixture::new("example.com/untagged", pseudo);
    upstream.add(&module);
    let proxy = router(&upstream).await;
    assert_eq!(proxy.get(&module.url_path("mod")).await.status, 200);
    let list = proxy.get("/example.com/untagged/@v/list").await;
    assert_eq!((list.status, list.text().as_str()), (200, ""), "a known module without versions");
}

#[tokio::test]
async fn branch_queries_were_cached_for_ever() {
    let upstream = Upstream::start().await;
    upstream.add_all(&ModuleFixture::versions("example.com/branch", &["v1.0.0", "v1.1.0"]));
    upstream.query("example.com/branch", "main", "v1.0.0");
    let proxy = router_with(&upstream, &["-cacheExpire", "1s"]).await;
    let ask = "/example.com/branch/@v/main.info";
    assert!(proxy.get(ask).await.text().contains("v1.0.0"));
    upstream.query("example.com/branch", "main", "v1.1.0");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(proxy.get(ask).await.text().contains("v1.1.0"));
}

#[tokio::test]
async fn latest_ignored_the_freshness_setting() {
    let upstream = Upstream::start().await;
    upstream.add(&ModuleFixture::new("example.com/latest", "v1.0.0"));
    let proxy = router_with(&upstream, &["-cacheExpire", "3s"]).await;
    let ask = "/example.com/latest/@latest";
    assert!(proxy.get(ask).await.text().contains("v1.0.0"));
    assert!(proxy.get(ask).await.text().contains("v1.0.0"));
    assert_eq!(upstream.count(ask), 1, "fresh for three seconds");
    upstream.add(&ModuleFixture::new("example.com/latest", "v1.1.0"));
    tokio::time::sleep(Duration::from_millis(3100)).await;
    assert!(proxy.get(ask).await.text().contains("v1.1.0"));
}

#[tokio::test]
async fn expired_lists_died_with_the_upstream() {
    let (upstream, _) = upstream_with("example.com/stale", "v1.0.0").await;
    let mut proxy = router_with(&upstream, &["-cacheExpire", "3s"]).await;
    let ask = "/example.com/stale/@v/list";
    assert_eq!(proxy.get(ask).await.header("x-cache"), Some("miss"));
    assert_eq!(proxy.get(ask).await.header("x-cache"), Some("hit"));
    upstream.stop().await;
    tokio::time::sleep(Duration::from_millis(3100)).await;
    for _ in 0..2 {
        let stale = proxy.get(ask).await;
        assert_eq!((stale.status, stale.text().as_str()), (200, "v1.0.0\n"));
        assert_eq!(stale.header("x-cache"), Some("stale"));
        assert!(stale.header("warning").is_some_and(|warning| warning.starts_with("110")));
        proxy.restart().await;
    }
    upstream.resume().await;
    upstream.add(&ModuleFixture::new("example.com/stale", "v1.1.0"));
    proxy.restart().await;
    assert_eq!(proxy.get(ask).await.text(), "v1.0.0\nv1.1.0\n");
}

#[tokio::test]
async fn a_base_path_made_every_request_a_miss() {
    let upstream = Upstream::builder().base("/artifactory/api/go").start().await;
    let module = ModuleFixture::new("example.com/base", "v1.0.0");
    upstream.add(&module);
    let proxy = router(&upstream).await;
    for _ in 0..3 {
        assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
    }
    assert_eq!(upstream.count(&module.url_path("zip")), 1);
    assert!(proxy.download_dir().join("example.com/base/@v/v1.0.0.zip").is_file());
}

#[tokio::test]
async fn client_headers_travelled_to_the_upstream() {
    let (upstream, module) = upstream_with("example.com/headers", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let headers = [
        ("Authorization", "Basic c2VjcmV0OnNlY3JldA=="),
        ("Cookie", "session=1"),
        ("Range", "bytes=0-3"),
        ("If-None-Match", "\"x\""),
        ("Accept-Encoding", "gzip"),
        ("Cache-Control", "no-cache"),
        ("X-Forwarded-For", "10.0.0.1"),
    ];
    let answer = proxy.get_with(&module.url_path("zip"), &headers).await;
    assert_eq!(answer.status, 206, "a range on a miss is served from what was fetched whole");
    assert_eq!(answer.body, module.zip()[..4]);
    for request in upstream.requests() {
        for (name, value) in &headers {
            assert_ne!(request.header(name), Some(*value), "{name}");
        }
        assert_eq!(request.header("authorization"), None);
    }
    assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
}

#[tokio::test]
async fn a_get_with_a_query_string_never_sends_it_on() {
    let (upstream, module) = upstream_with("example.com/query", "v1.0.0").await;
    let proxy = router(&upstream).await;
    assert_eq!(proxy.get(&format!("{}?token=secret", module.url_path("info"))).await.status, 200);
    assert!(upstream.requests().iter().all(|request| request.query().is_empty()));
}

#[tokio::test]
async fn unparsable_proxies_were_ignored() {
    for (flags, word) in [
        (["-proxy", "http://[::1"], "-proxy"),
        (["-proxy", "ftp://example.com"], "-proxy"),
        (["-exclude", "github.com/[a"], "-exclude"),
        (["-cacheExpire", "5"], "-cacheExpire"),
        (["-listen", "nonsense"], "-listen"),
    ] {
        let output = goproxy().args(flags).bare().run().await;
        assert_eq!(output.code, Some(64), "{flags:?}: {output:?}");
        assert!(output.stderr.contains(word) && output.stderr.contains(flags[1]), "{output:?}");
        assert_eq!(output.stderr.trim().lines().count(), 1, "{output:?}");
    }
    assert_eq!(goproxy().arg("-nonsense").bare().run().await.code, Some(2));
}

#[tokio::test]
async fn proxy_direct_was_a_502_for_everything() {
    let Some(_) = go_client("proxy_direct").await else { return };
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[("go.mod", "module github.com/acme/direct\n"), ("direct.go", "package direct\n")]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add("acme/direct", &repo);
    let home = home_with_git("github.com", &host, None);
    let (upstream, module) = upstream_with("example.com/first", "v1.0.0").await;
    for list in ["direct".to_owned(), format!("{},direct", upstream.url())] {
        let proxy = goproxy().args(["-proxy", &list]).home(&home).start().await;
        assert_eq!(proxy.get("/github.com/acme/direct/@v/list").await.text(), "v1.0.0\n", "{list}: {}", proxy.log());
        if list != "direct" {
            assert_eq!(proxy.get(&module.url_path("info")).await.status, 200);
        }
    }
}

#[tokio::test]
async fn sumdb_failures_were_410_and_sent_clients_past_us() {
    let (upstream, _) = upstream_with("example.com/m", "v1.0.0").await;
    upstream.on("/sumdb/*", Answer::text(503, "out of order\n"));
    let proxy = router(&upstream).await;
    let supported = proxy.get("/sumdb/sum.golang.org/supported").await;
    assert_eq!((supported.status, supported.body.len()), (200, 0), "answered by us");
    for path in ["latest", "lookup/example.com/m@v1.0.0", "tile/8/0/000"] {
        let answer = proxy.get(&format!("/sumdb/sum.golang.org/{path}")).await;
        assert!((500..505).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    }
    upstream.stop().await;
    let answer = proxy.get("/sumdb/sum.golang.org/lookup/example.com/m@v1.0.1").await;
    assert!((500..505).contains(&answer.status), "{}", answer.status);
}

#[tokio::test]
async fn cached_hits_started_a_go_process_each() {
    let Some(_) = go_client("cached_hits").await else { return };
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[("go.mod", "module github.com/acme/hits\n"), ("hits.go", "package hits\n")]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add("acme/hits", &repo);
    let home = home_with_git("github.com", &host, None);
    let mut proxy = goproxy().home(&home).start().await;
    for ext in ["info", "mod", "zip"] {
        let answer = proxy.get(&format!("/github.com/acme/hits/@v/v1.0.0.{ext}")).await;
        assert_eq!(answer.status, 200, "{ext}: {} {}", answer.text(), proxy.log());
    }
    host.stop().await;
    proxy.restart().await;
    let metric = "goproxy_fetch_duration_seconds_count";
    for _ in 0..3 {
        for ext in ["info", "mod", "zip"] {
            assert_eq!(proxy.get(&format!("/github.com/acme/hits/@v/v1.0.0.{ext}")).await.status, 200);
        }
    }
    assert!(!proxy.get("/metrics").await.text().contains(metric), "no fetch was made");
    assert!(!proxy.cache_dir().join("pkg/mod/github.com").exists(), "no source tree is unpacked into the cache");
}

#[tokio::test]
async fn info_and_latest_downloaded_the_whole_zip() {
    let Some(_) = go_client("info_without_zip").await else { return };
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[
        ("go.mod", "module github.com/acme/small\n"),
        ("aux.go", "package small // a name that no zip may hold\n"),
    ]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add("acme/small", &repo);
    let home = home_with_git("github.com", &host, None);
    let proxy = goproxy().home(&home).start().await;
    for path in ["@latest", "@v/list", "@v/v1.0.0.info", "@v/v1.0.0.mod"] {
        let answer = proxy.get(&format!("/github.com/acme/small/{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {} {}", answer.text(), proxy.log());
    }
    let zip = proxy.get("/github.com/acme/small/@v/v1.0.0.zip").await;
    assert!(zip.status >= 400, "the zip is refused alone");
    assert!(zip.text().contains("aux.go"), "in go's words: {}", zip.text());
}

#[tokio::test]
async fn a_go_process_per_request_and_none_ended_with_its_client() {
    let Some(_) = go_client("process_per_request").await else { return };
    let host = GitHost::start().await;
    host.on("*", Answer::hang());
    let home = home_with_git("github.com", &host, None);
    let proxy = goproxy().home(&home).env("CANARY_OF_THIS_TEST", "hang").start().await;
    let others = || goproxy_testkit::processes_with_env("CANARY_OF_THIS_TEST", "hang").len() - 1;
    let target = "/github.com/acme/hang/@v/v1.0.0.info";
    let address = proxy.address();
    let clients: Vec<_> = (0..16)
        .map(|_| tokio::spawn(async move { goproxy_testkit::request(address, "GET", target, &[]).await.map(drop) }))
        .collect();
    assert!(wait_until(PATIENCE, || host.total() > 0).await, "{}", proxy.log());
    let listings = host.total();
    assert!(listings <= 2, "sixteen clients share one run: {:?}", host.requests());
    for client in clients {
        client.abort();
    }
    assert!(wait_until(PATIENCE, || others() == 0).await, "{} processes outlive their clients", others());
}

#[tokio::test]
async fn gzip_bodies_were_unpacked_into_memory() {
    let (upstream, module) = upstream_with("example.com/gzip", "v1.0.0").await;
    upstream.on(&module.url_path("zip"), Answer::zip(module.zip()).gzip());
    let proxy = router(&upstream).await;
    assert_eq!(proxy.get(&module.url_path("zip")).await.status, 502);
    upstream.heal();
    assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip(), "a lie that was mended stops hurting");
}

#[tokio::test]
async fn broken_bodies_are_never_stored() {
    let (upstream, module) = upstream_with("example.com/broken", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let (zip, body) = (module.url_path("zip"), module.zip());
    let half = body.len() / 2;
    for answer in [
        Answer::zip(body.clone()).delivery(Delivery::Truncated(half)),
        Answer::zip(body.clone()).delivery(Delivery::Reset(half)),
        Answer::zip(body.clone()).delivery(Delivery::Unterminated),
        Answer::zip(Vec::new()),
        Answer::zip(body[..half].to_vec()),
        Answer::html("<html>captive portal</html>"),
        Answer::new(206, "application/zip", body.clone()),
        Answer::new(203, "application/zip", body.clone()),
        Answer::zip(ModuleFixture::new("example.com/other", "v1.0.0").zip()),
    ] {
        upstream.on(&zip, answer.clone());
        let got = proxy.get(&zip).await;
        assert!((500..505).contains(&got.status), "{answer:?}: {} {}", got.status, got.text());
    }
    for (ext, answer) in [
        ("info", Answer::json("{\"Version\":\"v9.9.9\"}")),
        ("info", Answer::json("{}")),
        ("info", Answer::html("<html></html>")),
        ("info", Answer::json("")),
        ("mod", Answer::text(200, "")),
        ("mod", Answer::html("<html>module</html>")),
    ] {
        upstream.on(&module.url_path(ext), answer.clone());
        let got = proxy.get(&module.url_path(ext)).await;
        assert_eq!(got.status, 502, "{answer:?}: {}", got.text());
    }
    upstream.on("/example.com/broken/@v/list", Answer::html("<html></html>"));
    assert_eq!(proxy.get("/example.com/broken/@v/list").await.status, 502);
    let stored: Vec<_> = files(&proxy.download_dir());
    assert!(stored.is_empty(), "{stored:?}");
    upstream.heal();
    for (ext, expected) in [("zip", module.zip()), ("info", module.info()), ("mod", module.mod_file())] {
        assert_eq!(proxy.get(&module.url_path(ext)).await.body, expected, "{ext}");
    }
}

/// A repository with three versions as `github.com/acme/tags`, and a home whose git finds it.
async fn tagged() -> Option<(GitHost, GitRepo, Home)> {
    go_client("tagged").await?;
    let repo = GitRepo::new()?;
    repo.commit(&[("go.mod", "module github.com/acme/tags\n"), ("tags.go", "package tags\n")]);
    ["v1.0.0", "v1.1.0", "v1.2.0"].iter().for_each(|version| repo.tag(version));
    repo.branch("feature");
    let host = GitHost::start().await;
    host.add("acme/tags", &repo);
    let home = home_with_git("github.com", &host, None);
    Some((host, repo, home))
}

#[tokio::test]
async fn a_module_first_seen_by_its_info_listed_that_version_only() {
    let Some((_host, _repo, home)) = tagged().await else { return };
    let proxy = goproxy().home(&home).start().await;
    let whole = "v1.0.0\nv1.1.0\nv1.2.0\n";
    assert_eq!(proxy.get("/github.com/acme/tags/@v/v1.0.0.info").await.status, 200);
    assert_eq!(proxy.get("/github.com/acme/tags/@v/list").await.text(), whole);
    assert_eq!(proxy.get("/github.com/acme/tags/@v/v1.1.0.zip").await.status, 200);
    assert_eq!(proxy.get("/github.com/acme/tags/@v/list").await.text(), whole);
}

#[tokio::test]
async fn latest_and_branches_ran_go_each_time() {
    let Some((host, _repo, home)) = tagged().await else { return };
    let proxy = goproxy().home(&home).start().await;
    for path in ["@latest", "@v/feature.info", "@v/list"] {
        let path = format!("/github.com/acme/tags/{path}");
        let first = proxy.get(&path).await;
        assert_eq!((first.status, first.header("x-cache")), (200, Some("miss")), "{path}: {}", proxy.log());
        let asked = host.total();
        let second = proxy.get(&path).await;
        assert_eq!((second.body, host.total()), (first.body, asked), "{path}");
    }
}

#[tokio::test]
async fn sources_were_unpacked_into_the_cache() {
    let Some((_host, _repo, home)) = tagged().await else { return };
    let proxy = goproxy().home(&home).start().await;
    assert_eq!(proxy.get("/github.com/acme/tags/@v/v1.0.0.zip").await.status, 200);
    let kept = files(proxy.cache_dir());
    assert!(!kept.iter().any(|file| file.ends_with("tags.go")), "{kept:?}");
}

#[tokio::test]
async fn sixteen_cold_requests_ran_go_sixteen_times() {
    let Some((_host, _repo, home)) = tagged().await else { return };
    let proxy = goproxy().home(&home).start().await;
    let address = proxy.address();
    let ask = |_| {
        tokio::spawn(async move {
            let zip = "/github.com/acme/tags/@v/v1.0.0.zip";
            goproxy_testkit::request(address, "GET", zip, &[]).await.unwrap()
        })
    };
    let clients: Vec<_> = (0..16).map(ask).collect();
    let mut bodies = Vec::new();
    for client in clients {
        let answer = client.await.unwrap();
        assert_eq!(answer.status, 200, "{}", proxy.log());
        bodies.push(answer.body);
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
    let runs = "goproxy_fetch_duration_seconds_count";
    let metrics = proxy.get("/metrics").await.text();
    let counts: Vec<_> = metrics.lines().filter(|line| line.starts_with(runs)).collect();
    assert!(counts.len() == 1 && counts[0].ends_with(" 1"), "{counts:?}");
}

#[tokio::test]
async fn the_working_directory_leaked_into_go() {
    let Some((_host, _repo, home)) = tagged().await else { return };
    for name in ["go.mod", "go.work"] {
        home.write(name, "this is no file of go's\n");
    }
    // As a service manager or a developer might start it: in the middle of a project.
    let inside = Proxy::builder("sh").args(["-c", "cd \"$HOME\" && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_goproxy")]);
    let proxy = inside.home(&home).start().await;
    for path in ["@v/list", "@latest", "@v/feature.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip"] {
        let answer = proxy.get(&format!("/github.com/acme/tags/{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {} {}", answer.text(), proxy.log());
    }
}

#[tokio::test]
async fn direct_errors_held_commands_paths_and_json() {
    let Some((host, _repo, home)) = tagged().await else { return };
    let proxy = goproxy().home(&home).start().await;
    let address = host.url();
    host.on("/acme/broken/*", Answer::text(500, "out of order\n"));
    for (path, status) in [
        ("tags/@v/v9.9.9.info", 404),
        ("tags/@v/v9.9.9.zip", 404),
        ("tags/@v/nobranch.info", 404),
        ("missing/@v/list", 404),
        ("broken/@v/list", 502),
    ] {
        let answer = proxy.get(&format!("/github.com/acme/{path}")).await;
        let text = answer.text();
        assert_eq!(answer.status, status, "{path}: {text} {}", proxy.log());
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{path}");
        assert!(answer.body.len() <= 640 && text.lines().count() <= 8, "{path}: {text}");
        let scratch = proxy.scratch_dir().to_str().unwrap();
        for leak in [scratch, address.as_str(), "go list", "go mod download", "{", "RepoSum", "exit status"] {
            assert!(!text.contains(leak), "{path}: {leak}: {text}");
        }
    }
}

#[tokio::test]
async fn gosumdb_off_broke_toolchains() {
    let Some(_) = go_client("toolchain_direct").await else { return };
    let (releases, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let toolchain = fake_toolchain();
    releases.add(&toolchain);
    sums.pad(5).add(&toolchain);
    let own_host = sums.serve().await;
    let host = GitHost::start().await;
    host.go_import("golang.org/toolchain", "mod", &releases.url());
    // Where toolchains come from is found over plain http from the same host, as behind a company proxy.
    let proxy = goproxy()
        .env("GOINSECURE", "golang.org")
        .env("HTTP_PROXY", host.url())
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .env("NO_PROXY", "127.0.0.1")
        .env("GOSUMDB", format!("{} {}", sums.verifier_key(), own_host.url()))
        .start()
        .await;
    for (ext, body) in [("zip", toolchain.zip()), ("info", toolchain.info()), ("mod", toolchain.mod_file())] {
        let answer = proxy.get(&toolchain.url_path(ext)).await;
        assert_eq!(answer.status, 200, "{ext}: {} {}", answer.text(), proxy.log());
        if ext != "info" {
            assert_eq!(answer.body, body, "{ext}");
        }
    }
    assert!(own_host.total() > 0, "it was verified");
}

#[tokio::test]
async fn redirects_other_than_302_passed_through() {
    for status in [301, 303, 307, 308] {
        let (upstream, module) = upstream_with("example.com/redirected", "v1.0.0").await;
        upstream.on(&module.url_path("zip"), Answer::redirect(status, "/elsewhere.zip"));
        upstream.on("/elsewhere.zip", Answer::zip(module.zip()));
        let proxy = router(&upstream).await;
        for _ in 0..2 {
            let answer = proxy.get(&module.url_path("zip")).await;
            assert_eq!((answer.status, answer.header("location")), (200, None), "{status}");
            assert_eq!(answer.body, module.zip(), "{status}");
        }
        assert_eq!(upstream.count("/elsewhere.zip"), 1, "{status}: kept");
    }
}

#[tokio::test]
async fn upstreams_had_no_time_limit() {
    let (upstream, module) = upstream_with("example.com/slow", "v1.0.0").await;
    let proxy = router_with(&upstream, &["-responseTimeout", "300ms", "-idleTimeout", "300ms"]).await;
    let half = module.zip().len() / 2;
    for answer in [Answer::hang(), Answer::zip(module.zip()).delivery(Delivery::Hang(half))] {
        upstream.on(&module.url_path("zip"), answer);
        let answer = tokio::time::timeout(PATIENCE, proxy.get(&module.url_path("zip"))).await.expect("in time");
        assert_eq!(answer.status, 504, "{}", answer.text());
    }
    assert!(files(&proxy.download_dir()).is_empty());
}

#[tokio::test]
async fn absences_were_not_remembered() {
    let upstream = Upstream::start().await;
    let proxy = router(&upstream).await;
    for path in ["/example.com/absent/@v/list", "/example.com/absent/@v/v1.0.0.info"] {
        for _ in 0..5 {
            assert_eq!(proxy.get(path).await.status, 404, "{path}");
        }
        assert_eq!(upstream.count(path), 1, "{path}");
    }
}

#[tokio::test]
async fn an_unknown_checksum_database_was_410_and_the_names_were_fixed() {
    let upstream = Upstream::start().await;
    let proxy = router_with(&upstream, &["-sumdb", "sums.example.org,gosum.io"]).await;
    for (name, status) in [("sums.example.org", 200), ("gosum.io", 200), ("sum.golang.org", 404), ("other", 404)] {
        let answer = proxy.get(&format!("/sumdb/{name}/supported")).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
    }
    assert_eq!(upstream.total(), 0);
    let by_default = router(&upstream).await;
    for name in ["sum.golang.org", "sum.golang.google.cn", "gosum.io"] {
        assert_eq!(by_default.get(&format!("/sumdb/{name}/supported")).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_quick_404_beat_the_mirror_that_knew() {
    let (quick, slow, sums) = (Upstream::start().await, Upstream::start().await, SumDb::new("sums.example.org"));
    let module = ModuleFixture::new("example.com/race", "v1.0.0");
    sums.pad(5).add(&module);
    let body = sums.lookup("example.com/race@v1.0.0").unwrap();
    slow.attach(&sums);
    slow.on("/sumdb/*/lookup/*", Answer::text(200, body.clone()).delay(Duration::from_millis(2500)));
    let list = format!("{},{}", quick.url(), slow.url());
    let proxy = goproxy().args(["-proxy", &list, "-sumdb", "sums.example.org"]).start().await;
    let lookup = "/sumdb/sums.example.org/lookup/example.com/race@v1.0.0";
    for _ in 0..2 {
        // Two and a half seconds: the original gave up after two.
        let answer = proxy.get(lookup).await;
        assert_eq!((answer.status, answer.text()), (200, body.clone()), "{}", proxy.log());
    }
    assert_eq!(slow.count(lookup), 1, "and the original kept nothing");
}

#[tokio::test]
async fn a_down_checksum_database_is_never_absent() {
    let sums = SumDb::new("sums.example.org");
    for status in [500, 502, 503, 504, 429] {
        for support in [SumDbSupport::Failing(status), SumDbSupport::Down(status)] {
            let upstream = Upstream::start().await;
            upstream.attach(&sums).set(|knobs| knobs.sumdb = support);
            let proxy = router_with(&upstream, &["-sumdb", "sums.example.org"]).await;
            for path in ["lookup/example.com/m@v1.0.0", "tile/8/0/000", "latest"] {
                let answer = proxy.get(&format!("/sumdb/sums.example.org/{path}")).await;
                assert!((500..505).contains(&answer.status), "{support:?} {path}: {}", answer.status);
            }
        }
    }
}

/// Every regular file below a folder.
pub(crate) fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
