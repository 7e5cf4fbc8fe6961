//! How the original used the `go` command.

use goproxy_testkit::{Answer, GitHost, GitRepo, Home, Proxy, SumDb, Upstream, fake_toolchain, wait_until};

use crate::{
    engine::{Engine, whatever_fetches},
    support::{PATIENCE, files, home_with_git, upstream_with},
};

whatever_fetches! {
    proxy_direct_was_a_502_for_everything,
    cached_hits_started_a_go_process_each,
    info_and_latest_downloaded_the_whole_zip,
    a_go_process_per_request_and_none_ended_with_its_client,
    a_module_first_seen_by_its_info_listed_that_version_only,
    latest_and_branches_ran_go_each_time,
    sources_were_unpacked_into_the_cache,
    sixteen_cold_requests_ran_go_sixteen_times,
    the_working_directory_leaked_into_go,
    direct_errors_held_commands_paths_and_json,
    gosumdb_off_broke_toolchains,
}

/// A repository with three versions as `github.com/acme/tags`, and a home whose git finds it.
async fn tagged() -> Option<(GitHost, GitRepo, Home)> {
    let repo = GitRepo::new()?;
    repo.commit(&[("go.mod", "module github.com/acme/tags\n"), ("tags.go", "package tags\n")]);
    ["v1.0.0", "v1.1.0", "v1.2.0"].iter().for_each(|version| repo.tag(version));
    repo.branch("feature");
    let host = GitHost::start().await;
    host.add("acme/tags", &repo);
    let home = home_with_git("github.com", &host, None);
    Some((host, repo, home))
}

async fn proxy_direct_was_a_502_for_everything(engine: Engine) {
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[("go.mod", "module github.com/acme/direct\n"), ("direct.go", "package direct\n")]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add("acme/direct", &repo);
    let home = home_with_git("github.com", &host, None);
    let (upstream, module) = upstream_with("example.com/first", "v1.0.0").await;
    for list in ["direct".to_owned(), format!("{},direct", upstream.url())] {
        let proxy = engine.goproxy().args(["-proxy", &list]).home(&home).start().await;
        assert_eq!(proxy.get("/github.com/acme/direct/@v/list").await.text(), "v1.0.0\n", "{list}: {}", proxy.log());
        if list != "direct" {
            assert_eq!(proxy.get(&module.url_path("info")).await.status, 200);
        }
    }
}

async fn cached_hits_started_a_go_process_each(engine: Engine) {
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[("go.mod", "module github.com/acme/hits\n"), ("hits.go", "package hits\n")]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add("acme/hits", &repo);
    let home = home_with_git("github.com", &host, None);
    let mut proxy = engine.goproxy().home(&home).start().await;
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

async fn info_and_latest_downloaded_the_whole_zip(engine: Engine) {
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[
        ("go.mod", "module github.com/acme/small\n"),
        ("aux.go", "package small // a name that no zip may hold\n"),
    ]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add("acme/small", &repo);
    let home = home_with_git("github.com", &host, None);
    let proxy = engine.goproxy().home(&home).start().await;
    for path in ["@latest", "@v/list", "@v/v1.0.0.info", "@v/v1.0.0.mod"] {
        let answer = proxy.get(&format!("/github.com/acme/small/{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {} {}", answer.text(), proxy.log());
    }
    let zip = proxy.get("/github.com/acme/small/@v/v1.0.0.zip").await;
    assert!(zip.status >= 400, "the zip is refused alone");
    assert!(zip.text().contains("aux.go"), "in go's words: {}", zip.text());
}

async fn a_go_process_per_request_and_none_ended_with_its_client(engine: Engine) {
    let host = GitHost::start().await;
    host.on("*", Answer::hang());
    let home = home_with_git("github.com", &host, None);
    let proxy = engine.goproxy().home(&home).env("CANARY_OF_THIS_TEST", format!("{engine:?}")).start().await;
    let others = || goproxy_testkit::processes_with_env("CANARY_OF_THIS_TEST", &format!("{engine:?}")).len() - 1;
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

async fn a_module_first_seen_by_its_info_listed_that_version_only(engine: Engine) {
    let Some((_host, _repo, home)) = tagged().await else { return };
    let proxy = engine.goproxy().home(&home).start().await;
    let whole = "v1.0.0\nv1.1.0\nv1.2.0\n";
    assert_eq!(proxy.get("/github.com/acme/tags/@v/v1.0.0.info").await.status, 200);
    assert_eq!(proxy.get("/github.com/acme/tags/@v/list").await.text(), whole);
    assert_eq!(proxy.get("/github.com/acme/tags/@v/v1.1.0.zip").await.status, 200);
    assert_eq!(proxy.get("/github.com/acme/tags/@v/list").await.text(), whole);
}

async fn latest_and_branches_ran_go_each_time(engine: Engine) {
    let Some((host, _repo, home)) = tagged().await else { return };
    let proxy = engine.goproxy().home(&home).start().await;
    for path in ["@latest", "@v/feature.info", "@v/list"] {
        let path = format!("/github.com/acme/tags/{path}");
        let first = proxy.get(&path).await;
        assert_eq!((first.status, first.header("x-cache")), (200, Some("miss")), "{path}: {}", proxy.log());
        let asked = host.total();
        let second = proxy.get(&path).await;
        assert_eq!((second.body, host.total()), (first.body, asked), "{path}");
    }
}

async fn sources_were_unpacked_into_the_cache(engine: Engine) {
    let Some((_host, _repo, home)) = tagged().await else { return };
    let proxy = engine.goproxy().home(&home).start().await;
    assert_eq!(proxy.get("/github.com/acme/tags/@v/v1.0.0.zip").await.status, 200);
    let kept = files(proxy.cache_dir());
    assert!(!kept.iter().any(|file| file.ends_with("tags.go")), "{kept:?}");
}

async fn sixteen_cold_requests_ran_go_sixteen_times(engine: Engine) {
    let Some((_host, _repo, home)) = tagged().await else { return };
    let proxy = engine.goproxy().home(&home).start().await;
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

async fn the_working_directory_leaked_into_go(engine: Engine) {
    let Some((_host, _repo, home)) = tagged().await else { return };
    for name in ["go.mod", "go.work"] {
        home.write(name, "this is no file of go's\n");
    }
    // As a service manager or a developer might start it: in the middle of a project.
    let inside = Proxy::builder("sh").args(["-c", "cd \"$HOME\" && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_goproxy")]);
    let proxy = engine.of(inside).home(&home).start().await;
    for path in ["@v/list", "@latest", "@v/feature.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip"] {
        let answer = proxy.get(&format!("/github.com/acme/tags/{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {} {}", answer.text(), proxy.log());
    }
}

async fn direct_errors_held_commands_paths_and_json(engine: Engine) {
    let Some((host, _repo, home)) = tagged().await else { return };
    let proxy = engine.goproxy().home(&home).start().await;
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

async fn gosumdb_off_broke_toolchains(engine: Engine) {
    let (releases, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let toolchain = fake_toolchain();
    releases.add(&toolchain);
    sums.pad(5).add(&toolchain);
    let own_host = sums.serve().await;
    let host = GitHost::start().await;
    host.go_import("golang.org/toolchain", "mod", &releases.url());
    // Where toolchains come from is found over plain http from the same host, as behind a company proxy. It is inside our
    // network, where no public module's page may lead the native engine.
    let private: &[&str] = if engine == Engine::Native { &["-exclude", "golang.org/toolchain"] } else { &[] };
    let proxy = engine
        .goproxy()
        .args(private)
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
    // The go command verifies what it fetches; otherwise that is left to the client, which always does.
    assert!(engine == Engine::Native || own_host.total() > 0, "it was verified");
}
