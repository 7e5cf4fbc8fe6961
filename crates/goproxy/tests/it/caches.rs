//! Caches that `go` wrote, and ours read by `go`.

use std::fs;

use goproxy_testkit::{GitHost, GitRepo, GoClient, ModuleFixture, SumDb, Upstream};

use crate::{
    engine::{Engine, whatever_fetches},
    support::{go_client, goproxy, home_with_git, router, upstream_with},
};

whatever_fetches! {
    go_get_with_the_gopath_of_the_server,
}

/// `go get` of each query in a project of its own; what it said last of each.
async fn get_all(client: &GoClient, queries: &[&str]) -> Vec<(bool, String)> {
    let mut said = Vec::new();
    for query in queries {
        let folder = client.project(&[("go.mod", "module example.org/app\n\ngo 1.21\n")]);
        let output = client.run_in(&folder, &["get", query]).await;
        said.push((output.ok, output.stderr.lines().last().unwrap_or_default().to_owned()));
    }
    said
}

fn added(module: &str, versions: &[&str]) -> Vec<(bool, String)> {
    versions.iter().map(|version| (true, format!("go: added {module} {version}"))).collect()
}

#[tokio::test]
async fn go_get_of_ranges_through_us_and_from_our_files() {
    let Some(client) = go_client("go_get").await else { return };
    let upstream = Upstream::start().await;
    upstream
        .add_all(&ModuleFixture::versions("example.com/Range", &["v1.0.0", "v1.1.0", "v1.2.0", "v2.0.0+incompatible"]));
    upstream.add(&ModuleFixture::new("example.com/untagged", "v0.0.0-20240102030405-abcdefabcdef"));
    let proxy = router(&upstream).await;
    let queries = ["<v1.2.0", ">=v1.0.1", "v1", "v1.1", "v1.0.0", "latest"].map(|q| format!("example.com/Range@{q}"));
    let mut queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    let mut expected = added("example.com/Range", &["v1.1.0", "v1.1.0", "v1.2.0", "v1.1.0", "v1.0.0", "v1.2.0"]);
    queries.push("example.com/untagged@latest");
    expected.extend(added("example.com/untagged", &["v0.0.0-20240102030405-abcdefabcdef"]));
    assert_eq!(get_all(&client.clone().proxy(&proxy.url()), &queries).await, expected, "{}", proxy.log());
    let files = client.fresh().proxy(&format!("file://{}", proxy.download_dir().display()));
    assert_eq!(get_all(&files, &queries).await, expected, "from our files");
}

async fn go_get_with_the_gopath_of_the_server(engine: Engine) {
    let Some(client) = go_client("go_get_shared").await else { return };
    let Some(repo) = GitRepo::new() else { return };
    for version in ["v1.0.0", "v1.1.0", "v1.2.0"] {
        repo.commit(&[
            ("go.mod", "module github.com/Acme/shared\n"),
            ("s.go", &format!("package shared // {version}\n")),
        ]);
        repo.tag(version);
    }
    repo.branch("feature");
    let host = GitHost::start().await;
    host.add("Acme/shared", &repo);
    let upstream = Upstream::start().await;
    upstream.add_all(&ModuleFixture::versions("example.com/shared", &["v1.0.0", "v1.1.0"]));
    let gopath = tempfile::tempdir().unwrap();
    let home = home_with_git("github.com", &host, None);
    let flags = ["-proxy", &upstream.url(), "-exclude", "github.com/Acme"].map(str::to_owned);
    let proxy = engine.goproxy().args(flags).home(&home).cache_dir(gopath.path()).start().await;
    let root = gopath.path();
    let client = client.proxy(&proxy.url()).env("GOPATH", root.to_str().unwrap());
    let client = client.env("GOMODCACHE", root.join("pkg/mod").to_str().unwrap());
    let excluded = ["<v1.2.0", "v1.0", "latest", "feature"].map(|query| format!("github.com/Acme/shared@{query}"));
    let excluded: Vec<&str> = excluded.iter().map(String::as_str).collect();
    let expected = added("github.com/Acme/shared", &["v1.1.0", "v1.0.0", "v1.2.0", "v1.2.0"]);
    assert_eq!(get_all(&client, &excluded).await, expected, "{}", proxy.log());
    let public = ["example.com/shared@<v1.1.0", "example.com/shared@latest"];
    assert_eq!(get_all(&client, &public).await, added("example.com/shared", &["v1.0.0", "v1.1.0"]), "{}", proxy.log());
    // Both at once, and the client direct as well: the clones are shared.
    let direct = client.clone().proxy("direct").home(&home);
    let (through, beside) = tokio::join!(
        client.download("github.com/Acme/shared@v1.1.0"),
        direct.download("github.com/Acme/shared@v1.1.0")
    );
    assert!(through.ok && beside.ok, "{through:?} {beside:?}");
    assert_eq!(proxy.get("/github.com/!acme/shared/@v/list").await.text(), "v1.0.0\nv1.1.0\nv1.2.0\n");
    assert_eq!(proxy.get("/example.com/shared/@v/list").await.text(), "v1.0.0\nv1.1.0\n");
}

#[tokio::test]
async fn a_cache_that_go_wrote_is_adopted_checksums_included() {
    let Some(client) = go_client("go_cache").await else { return };
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let modules = [
        ModuleFixture::new("github.com/Acme/Lib/v2", "v2.1.0-RC.1"),
        ModuleFixture::new("example.com/old", "v3.0.0+incompatible"),
        ModuleFixture::new("example.com/untagged", "v0.0.0-20240102030405-abcdefabcdef"),
    ];
    upstream.add_all(&modules).attach(&sums);
    modules.iter().for_each(|module| _ = sums.pad(200).add(module));
    let client = client.proxy(&upstream.url()).sumdb(&sums.verifier_key());
    for module in &modules {
        let output = client.download(&module.name()).await;
        assert!(output.ok, "{output:?}");
    }
    let proxy = goproxy().args(["-proxy", "off", "-sumdb", "sums.example.org"]).cache_dir(&client.gopath());
    let proxy = proxy.start().await;
    upstream.reset_log();
    for module in &modules {
        for (ext, body) in [("info", module.info()), ("mod", module.mod_file()), ("zip", module.zip())] {
            let answer = proxy.get(&module.url_path(ext)).await;
            assert_eq!((answer.status, answer.header("x-cache")), (200, Some("hit")), "{ext}");
            assert_eq!(answer.body, body, "{ext}");
        }
    }
    // Fresh, but with the checksum database through us: lookups and tiles of the old cache are enough.
    let again = client.fresh().proxy(&proxy.url());
    for module in &modules {
        let output = again.download(&module.name()).await;
        assert!(output.ok, "{output:?}\n{}", proxy.log());
    }
    assert!(proxy.log().contains("/sumdb/sums.example.org/lookup/"), "it was asked: {}", proxy.log());
    assert_eq!(upstream.total(), 0);
}

#[tokio::test]
async fn branches_and_latest_of_an_old_cache_are_asked_for() {
    let (upstream, module) = upstream_with("example.com/old", "v1.1.0").await;
    upstream.query("example.com/old", "main", "v1.1.0");
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("pkg/mod/cache/download/example.com/old");
    fs::create_dir_all(old.join("@v")).unwrap();
    // The original kept a branch for ever, and neither expires with the file's age.
    for name in ["@v/main.info", "@latest", "@v/list"] {
        fs::write(old.join(name), "{\"Version\":\"v1.0.0\",\"Time\":\"2020-01-02T03:04:05Z\"}").unwrap();
    }
    let proxy = goproxy().args(["-proxy", &upstream.url()]).cache_dir(folder.path()).start().await;
    for path in ["@v/main.info", "@latest"] {
        assert_eq!(proxy.get(&format!("/example.com/old/{path}")).await.body, module.info(), "{path}");
    }
    assert_eq!(proxy.get("/example.com/old/@v/list").await.text(), "v1.1.0\n");
    assert_eq!(fs::read(old.join("@latest")).unwrap(), module.info(), "for file:// readers, as the list is");
}
