//! A real `go` client through us, both modes.

use goproxy_testkit::{FAKE_GO_LINE, GitHost, GitRepo, GoClient, ModuleFixture, SumDb, Upstream, fake_toolchain};

use crate::{
    engine::{Engine, whatever_fetches},
    support::{go_client, goproxy, home_with_git, router, router_with},
};

whatever_fetches! {
    excluded_private_modules_go_direct_with_a_token,
    proxy_mode_builds_straight_from_version_control,
    a_client_and_the_server_share_one_gopath,
}

const MAIN: &str = "package main\n\nimport _ \"DEP\"\n\nfunc main() {}\n";

fn project(client: &GoClient, dependency: &str, version: &str) -> std::path::PathBuf {
    let module = dependency.to_owned();
    client.project(&[
        ("go.mod", &format!("module example.org/app\n\ngo 1.21\n\nrequire {module} {version}\n")),
        ("main.go", &MAIN.replace("DEP", dependency)),
    ])
}

#[tokio::test]
async fn router_mode_builds_with_the_checksum_database() {
    let Some(client) = go_client("router_mode").await else { return };
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let lib = ModuleFixture::new("github.com/Acme/Lib/v2", "v2.1.0").requires("example.com/leaf", "v0.3.0");
    let leaf = ModuleFixture::new("example.com/leaf", "v0.3.0");
    for module in [&lib, &leaf] {
        upstream.add(module);
        sums.pad(300).add(module);
    }
    upstream.attach(&sums);
    let program = goproxy().args(["-proxy", &upstream.url(), "-sumdb", "sums.example.org"]);
    let mut proxy = program.env("GOSUMDB", sums.verifier_key()).start().await;
    let client = client.proxy(&proxy.url()).sumdb(&sums.verifier_key());
    let output = client.build(&project(&client, "github.com/Acme/Lib/v2", "v2.1.0")).await;
    assert!(output.ok, "{output:?}\n{}", proxy.log());
    upstream.stop().await;
    proxy.restart().await;
    let client = client.fresh().proxy(&proxy.url());
    let again = client.build(&project(&client, "github.com/Acme/Lib/v2", "v2.1.0")).await;
    assert!(again.ok, "with the upstream cut off, lookups and tiles included: {again:?}\n{}", proxy.log());
}

async fn excluded_private_modules_go_direct_with_a_token(engine: Engine) {
    let Some(client) = go_client("excluded_private").await else { return };
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[("go.mod", "module git.corp.example/Team/Secret\n"), ("secret.go", "package secret\n")]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add_private("Team/Secret", &repo, "s3cr3t-t0k3n");
    host.go_import("git.corp.example/Team/Secret", "git", "https://git.corp.example/Team/Secret");
    let upstream = Upstream::start().await;
    upstream.add(&ModuleFixture::new("example.com/open", "v1.0.0"));
    let start = |token: Option<&str>| {
        let home = home_with_git("git.corp.example", &host, token);
        let flags = ["-proxy", &upstream.url(), "-exclude", "git.corp.example"].map(str::to_owned);
        // The page that names the repository comes over plain http from the same host, as behind a company proxy.
        let builder = engine.goproxy().args(flags).home(&home).env("GOINSECURE", "git.corp.example");
        (
            builder.env("HTTP_PROXY", host.url()).env("HTTPS_PROXY", "http://127.0.0.1:1").env("NO_PROXY", "127.0.0.1"),
            home,
        )
    };
    let (builder, _home) = start(Some("s3cr3t-t0k3n"));
    let proxy = builder.start().await;
    let client = client.proxy(&proxy.url());
    let output = client.download("git.corp.example/Team/Secret@v1.0.0").await;
    assert!(output.ok, "{output:?}\n{}", proxy.log());
    assert!(client.download("example.com/open@latest").await.ok);
    assert!(!proxy.log().contains("s3cr3t-t0k3n"));
    let leaked = upstream.requests().iter().any(|request| request.path.to_lowercase().contains("corp"));
    assert!(!leaked, "{:?}", upstream.requests());

    let (builder, _home) = start(None);
    let stranger = builder.start().await;
    let refused = stranger.get("/git.corp.example/!team/!secret/@v/v1.0.0.info").await;
    assert!([403, 404].contains(&refused.status), "{} {}", refused.status, refused.text());
}

async fn proxy_mode_builds_straight_from_version_control(engine: Engine) {
    let Some(client) = go_client("proxy_mode").await else { return };
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[("lib.go", "package lib\n")]);
    repo.tag("v1.0.0");
    repo.tag("v2.0.0");
    let untagged = {
        repo.commit(&[
            ("go.mod", "module github.com/Acme/lib\n"),
            ("v3/go.mod", "module github.com/Acme/lib/v3\n"),
            ("v3/v3.go", "package v3\n"),
        ]);
        repo.tag("v1.1.0");
        repo.tag("v3.0.0");
        repo.tag("v1.2.0");
        repo.commit(&[("go.mod", "module github.com/Acme/lib\n\nretract v1.2.0\n"), ("more.go", "package lib\n")]);
        repo.tag("v1.2.1");
        repo.git(&["branch", "feature"]);
        repo.commit(&[("even.go", "package lib\n")]);
        repo.head()
    };
    let host = GitHost::start().await;
    host.add("Acme/lib", &repo);
    let home = home_with_git("github.com", &host, None);
    let proxy = engine.goproxy().home(&home).start().await;
    let list = proxy.get("/github.com/!acme/lib/@v/list").await;
    let expected = "v1.0.0\nv1.1.0\nv1.2.0\nv1.2.1\n";
    assert_eq!(list.text(), expected, "retracted ones stay: {}", proxy.log());
    assert_eq!(proxy.get("/github.com/!acme/lib/v3/@v/list").await.text(), "v3.0.0\n");
    assert!(proxy.get("/github.com/!acme/lib/@latest").await.text().contains("\"v1.2.1\""));
    let info = proxy.get("/github.com/!acme/lib/@v/v1.1.0.info").await;
    assert!(info.text().contains("\"Origin\"") && info.text().contains("refs/tags/v1.1.0"), "{}", info.text());
    let synthesized = proxy.get("/github.com/!acme/lib/@v/v2.0.0+incompatible.mod").await;
    assert_eq!(synthesized.text(), "module github.com/Acme/lib\n");
    let pseudo = proxy.get(&format!("/github.com/!acme/lib/@v/{}.info", &untagged[..12])).await;
    assert!(pseudo.text().contains("v1.2.2-0."), "{}", pseudo.text());
    assert!(proxy.get("/github.com/!acme/lib/@v/feature.info").await.text().contains("v1.2.1"));
    for (path, status) in [("lib/@v/v9.9.9.info", 404), ("lib/@v/nobranch.info", 404), ("nolib/@v/list", 404)] {
        let answer = proxy.get(&format!("/github.com/!acme/{path}")).await;
        assert_eq!(answer.status, status, "{path}: {}\n{}", answer.text(), proxy.log());
        assert!(answer.text().lines().count() <= 8 && answer.body.len() <= 640);
        assert!(!answer.text().contains(proxy.scratch_dir().to_str().unwrap()), "{}", answer.text());
    }
    let client = client.proxy(&proxy.url());
    for dependency in ["@v1.1.0", "@v2.0.0+incompatible", "/v3@v3.0.0", "@feature", &format!("@{untagged}")] {
        let output = client.download(&format!("github.com/Acme/lib{dependency}")).await;
        assert!(output.ok, "{dependency}: {output:?}\n{}", proxy.log());
    }
    let direct = client.fresh().proxy("direct").home(&home);
    for version in ["v1.2.1", "v2.0.0+incompatible"] {
        let name = format!("github.com/Acme/lib@{version}");
        let sum = |output: &goproxy_testkit::Output| {
            output
                .stdout
                .lines()
                .filter(|line| line.contains("Sum\""))
                .map(|line| line.trim().to_owned())
                .collect::<Vec<_>>()
        };
        let (ours, theirs) = (client.fresh().download(&name).await, direct.download(&name).await);
        assert!(theirs.ok && !sum(&ours).is_empty(), "{theirs:?}");
        assert_eq!(sum(&ours), sum(&theirs), "{name}");
    }
}

#[tokio::test]
async fn a_toolchain_switch_goes_through_us() {
    let Some(client) = go_client("toolchain_switch").await else { return };
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let toolchain = fake_toolchain();
    upstream.add(&toolchain).attach(&sums);
    sums.pad(10).add(&toolchain);
    let proxy = router_with(&upstream, &["-sumdb", "sums.example.org"]).await;
    let client = client.proxy(&proxy.url()).sumdb(&sums.verifier_key()).env("GOTOOLCHAIN", "go1.99.0");
    let output = client.run(&["version"]).await;
    assert!(output.ok, "{output:?}\n{}", proxy.log());
    assert_eq!(output.stdout.trim(), FAKE_GO_LINE);
    assert!(upstream.count("/sumdb/sums.example.org/lookup/*") > 0, "its checksum was looked up through us");
}

async fn a_client_and_the_server_share_one_gopath(engine: Engine) {
    let Some(client) = go_client("shared_gopath").await else { return };
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[("go.mod", "module github.com/acme/shared\n"), ("shared.go", "package shared\n")]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add("acme/shared", &repo);
    let upstream = Upstream::start().await;
    let module = ModuleFixture::new("example.com/shared", "v1.0.0");
    upstream.add(&module);
    let gopath = tempfile::tempdir().unwrap();
    let flags = ["-proxy", &upstream.url(), "-exclude", "github.com/acme"].map(str::to_owned);
    let home = home_with_git("github.com", &host, None);
    let proxy = engine.goproxy().args(flags).home(&home).cache_dir(gopath.path()).start().await;
    let client = client.proxy(&proxy.url()).env("GOPATH", gopath.path().to_str().unwrap());
    let client = client.env("GOMODCACHE", gopath.path().join("pkg/mod").to_str().unwrap());
    for name in ["example.com/shared@v1.0.0", "github.com/acme/shared@v1.0.0"] {
        let output = client.download(name).await;
        assert!(output.ok, "no deadlock on the locks that go holds: {output:?}\n{}", proxy.log());
    }
    for ext in ["info", "mod", "zip"] {
        assert_eq!(proxy.get(&module.url_path(ext)).await.status, 200, "{ext}, after go wrote its own");
    }
    assert_eq!(proxy.get("/github.com/acme/shared/@v/list").await.text(), "v1.0.0\n");
}

#[tokio::test]
async fn run_starts_a_private_instance_for_a_command() {
    let Some(client) = go_client("goproxy_run").await else { return };
    let upstream = Upstream::start().await;
    upstream.add(&ModuleFixture::new("example.com/run", "v1.0.0"));
    let folder = client.project(&[
        ("go.mod", "module example.org/app\n\ngo 1.21\n\nrequire example.com/run v1.0.0\n"),
        ("main.go", &MAIN.replace("DEP", "example.com/run")),
    ]);
    let cache = tempfile::tempdir().unwrap();
    let run = |command: &[&str]| {
        let flags =
            ["run", "-proxy", &upstream.url(), "-cacheDir", cache.path().to_str().unwrap(), "--"].map(str::to_owned);
        let gopath = client.gopath();
        let builder = goproxy().bare().args(flags).args(command.iter().copied());
        builder.env("GOPATH", gopath).env("GOSUMDB", "off").env("GOFLAGS", "-modcacherw").env("GOTOOLCHAIN", "local")
    };
    let output = run(&["go", "build", "-C", folder.to_str().unwrap(), "-mod=mod", "-o", "/dev/null", "."]).run().await;
    assert!(output.ok, "{output:?}");
    assert!(upstream.count("/example.com/run/@v/v1.0.0.zip") > 0, "the child went through us");
    assert_eq!(run(&["sh", "-c", "exit 7"]).run().await.code, Some(7));
    assert_eq!(run(&["sh", "-c", "kill -TERM $$"]).run().await.code, Some(128 + 15));
    assert_eq!(run(&["no-such-command-here"]).run().await.code, Some(127));
}

#[tokio::test]
async fn a_wrong_checksum_is_noticed_by_the_client_behind_us() {
    let Some(client) = go_client("wrong_checksum").await else { return };
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let module = ModuleFixture::new("example.com/forged", "v1.0.0");
    upstream.add(&module).attach(&sums);
    sums.add(&ModuleFixture::new("example.com/forged", "v1.0.0").file("true.go", "package forged\n"));
    let proxy = router_with(&upstream, &["-sumdb", "sums.example.org"]).await;
    let output = client.proxy(&proxy.url()).sumdb(&sums.verifier_key()).download("example.com/forged@v1.0.0").await;
    assert!(!output.ok && (output.stdout + &output.stderr).contains("SECURITY ERROR"));
}

#[tokio::test]
async fn lookups_of_private_modules_are_refused_and_never_sent_on() {
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    upstream.attach(&sums);
    let proxy = goproxy().args(["-proxy", &upstream.url(), "-sumdb", "sums.example.org", "-exclude", "a.example"]);
    let proxy = proxy.env("GOPRIVATE", "b.example").env("GONOSUMDB", "c.example").start().await;
    for module in ["a.example/x", "b.example/x", "c.example/x"] {
        let answer = proxy.get(&format!("/sumdb/sums.example.org/lookup/{module}@v1.0.0")).await;
        assert_eq!(answer.status, 403, "{module}: {}", answer.text());
    }
    for junk in ["evil/b.example/x", "lookup/", "tile/8/0/b.example", "supported/x", "lookup/b.example/x@v1", "../x"] {
        assert!(proxy.get(&format!("/sumdb/sums.example.org/{junk}")).await.status >= 400, "{junk}");
    }
    assert_eq!(proxy.get("/sumdb/unknown.example.org/supported").await.status, 404);
    assert_eq!(upstream.total(), 0, "{:?}", upstream.requests());
}

#[tokio::test]
async fn a_database_of_its_own_host_when_the_upstream_has_none() {
    let Some(client) = go_client("sumdb_direct").await else { return };
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let module = ModuleFixture::new("example.com/direct", "v1.0.0");
    upstream.add(&module);
    sums.pad(5).add(&module);
    let own_host = sums.serve().await;
    let own = format!("sums.example.org={}", own_host.url());
    let program = goproxy().args(["-proxy", &upstream.url(), "-sumdb", &own]);
    let proxy = program.env("GOSUMDB", sums.verifier_key()).start().await;
    let client = client.proxy(&proxy.url()).sumdb(&sums.verifier_key());
    let output = client.download("example.com/direct@v1.0.0").await;
    assert!(output.ok, "{output:?}\n{}", proxy.log());
    assert!(own_host.total() > 0);
    let lookup = "/sumdb/sums.example.org/lookup/example.com/direct@v1.0.0";
    assert_eq!(proxy.get(lookup).await.header("cache-control"), Some("public, max-age=31536000, immutable"));
    own_host.stop().await;
    assert_eq!(proxy.get(lookup).await.status, 200, "kept for ever");
    assert!(proxy.get("/sumdb/sums.example.org/lookup/example.com/other@v1.0.0").await.status >= 500);
}

#[tokio::test]
async fn older_go_releases_build_through_us() {
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let module = ModuleFixture::new("github.com/Acme/Old", "v1.0.0").go_mod("module github.com/Acme/Old\n\ngo 1.18\n");
    upstream.add(&module).attach(&sums);
    sums.add(&module);
    let proxy = router(&upstream).await;
    for release in ["1.21.13", "1.24.9"] {
        let Some(client) = GoClient::release(release).await else {
            goproxy_testkit::skipped(&format!("older_go_releases: the registry has no go{release}"));
            continue;
        };
        let output = client.proxy(&proxy.url()).download("github.com/Acme/Old@latest").await;
        assert!(output.ok, "go{release}: {output:?}\n{}", proxy.log());
    }
}

/// README's first command, with what `go env GOPROXY` says almost everywhere, on a machine that reaches only its upstream.
#[tokio::test]
async fn direct_behind_the_upstream_kept_packages_from_being_found() {
    let Some(client) = go_client("direct_behind").await else { return };
    let upstream = Upstream::start().await;
    upstream.add(&ModuleFixture::new("go.unreachable.invalid/lib", "v1.0.0").file("deep/er/er.go", "package er\n"));
    let proxy = goproxy().args(["-proxy", &format!("{},direct", upstream.url())]).env("GOSUMDB", "off").start().await;
    let client = client.proxy(&proxy.url());
    let main = MAIN.replace("DEP", "go.unreachable.invalid/lib/deep/er");
    let project = client.project(&[("go.mod", "module example.org/app\n\ngo 1.21\n"), ("main.go", &main)]);
    let output = client.run_in(&project, &["mod", "tidy"]).await;
    assert!(output.ok, "{output:?}\n{}", proxy.log());
    let text = proxy.get("/go.unreachable.invalid/lib/deep/er/@v/list").await.text();
    assert!(text.contains("unrecognized import path"), "{text}");
    assert!(proxy.get("/other.unreachable.invalid/lib/@v/list").await.status == 404, "{}", proxy.log());
}
