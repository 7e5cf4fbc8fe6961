//! What the users of the original rely on, clause by clause: the environment that counts, addresses, headers of every
//! endpoint, caches that `go` wrote, and ours read by others.

use std::{fs, path::Path, time::Duration};

use goproxy_testkit::{
    Answer, GitHost, GitRepo, GoClient, Home, ModuleFixture, Proxy, SumDb, Upstream, shared_dir, wait_until,
    write_script,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{PATIENCE, go_client, goproxy, home_with_git, router, router_with, upstream_with};

const TOKEN: &str = "s3cr3t-t0k3n";
const IMMUTABLE: Option<&str> = Some("public, max-age=31536000, immutable");

/// A private repository over http, with one version of `github.com/acme/private`.
async fn private_host() -> Option<(GitHost, GitRepo)> {
    go_client("private_host").await?;
    let repo = GitRepo::new()?;
    repo.commit(&[("go.mod", "module github.com/acme/private\n"), ("private.go", "package private\n")]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add_private("acme/private", &repo, TOKEN);
    Some((host, repo))
}

/// It serves the private module, and the token is in no log.
async fn assert_private(proxy: &Proxy) {
    let answer = proxy.get("/github.com/acme/private/@v/v1.0.0.mod").await;
    assert_eq!(answer.text(), "module github.com/acme/private\n", "{}", proxy.log());
    assert!(!proxy.log().contains(TOKEN));
}

#[tokio::test]
async fn netrc_authenticates_git() {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, None);
    home.netrc("127.0.0.1", "robot", TOKEN);
    assert_private(&goproxy().home(&home).start().await).await;
}

#[tokio::test]
async fn credential_helpers_authenticate_git() {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, None);
    home.git_config(&format!(
        "[credential]\n\thelper = \"!f() {{ echo username=robot; echo password={TOKEN}; }}; f\"\n"
    ));
    assert_private(&goproxy().home(&home).start().await).await;
}

#[tokio::test]
async fn git_variables_of_the_host_count() {
    let Some((host, _repo)) = private_host().await else { return };
    let home = Home::new();
    home.write("ask", "");
    let ask = home.path().join("ask");
    write_script(&ask, &format!("#!/bin/sh\necho {TOKEN}\n"));
    let proxy = goproxy()
        .home(&home)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", format!("url.{}/.insteadOf", host.url()))
        .env("GIT_CONFIG_VALUE_0", "https://github.com/")
        .env("GIT_ASKPASS", &ask);
    assert_private(&proxy.start().await).await;
}

#[tokio::test]
async fn ssh_command_and_agent_of_the_host_count() {
    let Some((_host, repo)) = private_host().await else { return };
    let home = Home::new();
    home.instead_of("https://github.com/acme/private", &format!("ssh://git@git.example{}", repo.git_dir().display()));
    let ssh = home.path().join("ssh");
    // What git asks the other side to run is the last argument.
    let script = format!(
        "#!/bin/sh\necho \"$SSH_AUTH_SOCK\" > {}\nfor c; do :; done\nexec sh -c \"$c\"\n",
        seen(&home).display()
    );
    write_script(&ssh, &script);
    let proxy = goproxy().home(&home).env("GIT_SSH_COMMAND", &ssh).env("SSH_AUTH_SOCK", "/run/agent.test");
    assert_private(&proxy.start().await).await;
    assert_eq!(fs::read_to_string(seen(&home)).unwrap(), "/run/agent.test\n");
}

fn seen(home: &Home) -> std::path::PathBuf {
    home.path().join("seen")
}

#[tokio::test]
async fn govcs_of_the_host_is_a_refusal() {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, Some(TOKEN));
    let proxy = goproxy().home(&home).env("GOVCS", "github.com:hg").start().await;
    let answer = proxy.get("/github.com/acme/private/@v/list").await;
    assert_eq!(answer.status, 403, "{} {}", answer.text(), proxy.log());
    assert_eq!(host.total(), 0);
}

#[tokio::test]
async fn goprivate_goes_direct_and_goproxy_is_not_read() {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, Some(TOKEN));
    let (upstream, module) = upstream_with("example.com/public", "v1.0.0").await;
    let proxy = goproxy().args(["-proxy", &upstream.url(), "-exclude", "other.example"]).home(&home);
    let proxy = proxy.env("GOPRIVATE", "github.com/acme").env("GOPROXY", "off").env("GONOPROXY", "none").start().await;
    assert_private(&proxy).await;
    assert_eq!(upstream.total(), 0, "{:?}", upstream.requests());
    assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
}

#[tokio::test]
async fn http_proxy_and_no_proxy_of_the_environment_count() {
    let (gateway, module) = upstream_with("example.com/outside", "v1.0.0").await;
    for name in ["HTTP_PROXY", "http_proxy"] {
        let proxy = goproxy().args(["-proxy", "http://upstream.test/base"]).env(name, gateway.url()).start().await;
        gateway.on("*/base/example.com/outside/@v/v1.0.0.mod", Answer::text(200, module.mod_file()));
        assert_eq!(proxy.get(&module.url_path("mod")).await.status, 200, "{name}: {}", proxy.log());
        assert!(gateway.requests().iter().any(|request| request.host() == "upstream.test"), "{:?}", gateway.requests());
    }
    gateway.reset_log();
    let around = goproxy().args(["-proxy", "http://upstream.test"]).env("HTTP_PROXY", gateway.url());
    let around = around.env("NO_PROXY", ".test,example.org").start().await;
    assert_eq!(around.get(&module.url_path("mod")).await.status, 502, "there is no such host");
    assert_eq!(gateway.total(), 0);
}

#[tokio::test]
async fn a_socks5_proxy_of_the_environment_counts() {
    let (upstream, module) = upstream_with("example.com/socks", "v1.0.0").await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let socks = format!("socks5://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(socks5(listener, upstream.address()));
    let proxy = goproxy().args(["-proxy", "http://upstream.test"]).env("HTTP_PROXY", socks).start().await;
    assert_eq!(proxy.get(&module.url_path("mod")).await.body, module.mod_file(), "{}", proxy.log());
    assert_eq!(asked.await.unwrap(), "upstream.test", "the name is the proxy's to look up");
}

/// A SOCKS proxy (RFC 1928) for one connection, which ends at `target` whatever was asked for; gives the name asked for.
async fn socks5(listener: tokio::net::TcpListener, target: std::net::SocketAddr) -> String {
    let (mut client, _) = listener.accept().await.unwrap();
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting).await.unwrap();
    client.read_exact(&mut vec![0; greeting[1].into()]).await.unwrap();
    client.write_all(&[5, 0]).await.unwrap();
    let mut head = [0; 5];
    client.read_exact(&mut head).await.unwrap();
    assert_eq!(head[..4], [5, 1, 0, 3], "a connection to a name");
    let mut name = vec![0; usize::from(head[4]) + 2];
    client.read_exact(&mut name).await.unwrap();
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
    let mut server = tokio::net::TcpStream::connect(target).await.unwrap();
    tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await.map(drop) });
    name.truncate(name.len() - 2);
    String::from_utf8(name).unwrap()
}

#[tokio::test]
async fn netrc_and_ssl_cert_file_of_the_environment_count_for_the_upstream() {
    let upstream = Upstream::builder().tls().start().await;
    let module = ModuleFixture::new("example.com/netrc", "v1.0.0");
    upstream.add(&module);
    let home = Home::new();
    // With its port, as `go` compares it.
    home.netrc(upstream.url().trim_start_matches("https://"), "robot", TOKEN);
    let elsewhere = Home::new();
    let ca = upstream.ca_path().unwrap();
    let by_home = goproxy().home(&home).env("SSL_CERT_FILE", ca);
    let by_name = goproxy().home(&elsewhere).env("NETRC", home.path().join(".netrc")).env("SSL_CERT_FILE", ca);
    for builder in [by_home, by_name] {
        upstream.reset_log();
        let proxy = builder.args(["-proxy", &upstream.url()]).start().await;
        assert_eq!(proxy.get(&module.url_path("info")).await.status, 200, "{}", proxy.log());
        let sent = upstream.requests();
        assert!(sent.iter().all(|request| request.header("authorization").is_some()), "{sent:?}");
        assert!(!proxy.log().contains(TOKEN));
    }
}

#[tokio::test]
async fn every_spelling_of_a_flag_and_every_kind_of_address() {
    for (flags, host) in [
        (vec!["-listen", "127.0.0.1:0"], "127.0.0.1"),
        (vec!["-listen=:0"], "[::]"),
        (vec!["--listen", "[::1]:0"], "[::1]"),
        (vec!["--listen=localhost:0"], "127.0.0.1"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let proxy = goproxy().bare().args(flags.clone()).arg("-cacheDir").arg(folder.path()).try_start().await;
        let proxy = match proxy {
            Err(output) if flags[1..].contains(&"[::1]:0") => {
                eprintln!("SKIPPED: [::1]: {}", output.stderr.trim());
                continue;
            }
            started => started.unwrap(),
        };
        assert!(proxy.url().starts_with(&format!("http://{host}:")) || host == "[::]", "{flags:?}: {}", proxy.url());
        assert_ne!(proxy.address().port(), 0);
        assert_eq!(proxy.get("/healthz").await.status, 200, "{flags:?}");
    }
}

#[tokio::test]
async fn lists_latest_and_checksums_have_types_lifetimes_and_validators() {
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let module = ModuleFixture::new("example.com/kinds", "v1.0.0");
    upstream.add(&module).query("example.com/kinds", "main", "v1.0.0");
    sums.add(&module).pad(300);
    upstream.attach(&sums);
    let proxy = router_with(&upstream, &["-sumdb", "sums.example.org", "-cacheExpire", "10m"]).await;
    let (text, json) = ("text/plain; charset=utf-8", "application/json");
    let brief = Some("public, max-age=600");
    for (path, kind, lifetime) in [
        ("/example.com/kinds/@v/list", text, brief),
        ("/example.com/kinds/@latest", json, brief),
        ("/example.com/kinds/@v/main.info", json, brief),
        ("/sumdb/sums.example.org/latest", text, brief),
        ("/sumdb/sums.example.org/lookup/example.com/kinds@v1.0.0", text, IMMUTABLE),
        ("/sumdb/sums.example.org/tile/8/0/000", "application/octet-stream", IMMUTABLE),
        ("/sumdb/sums.example.org/tile/8/0/001.p/45", "application/octet-stream", IMMUTABLE),
        ("/sumdb/sums.example.org/tile/8/data/000", text, IMMUTABLE),
    ] {
        let head = proxy.head(path).await;
        let whole = proxy.get(path).await;
        assert_eq!((head.status, head.body.len(), whole.status), (200, 0, 200), "{path}: {}", whole.text());
        let length = whole.body.len().to_string();
        for answer in [&head, &whole] {
            assert_eq!(answer.header("content-type"), Some(kind), "{path}");
            assert_eq!(answer.header("content-length"), Some(length.as_str()), "{path}");
            assert_eq!(answer.header("cache-control"), lifetime, "{path}");
            assert!(answer.header("last-modified").is_some() && answer.header("x-request-id").is_some(), "{path}");
        }
        let etag = whole.header("etag").unwrap();
        assert!(etag.starts_with('"'), "a strong one: {etag}");
        let again = proxy.get_with(path, &[("If-None-Match", etag)]).await;
        assert_eq!((again.status, again.body.len(), again.header("cache-control")), (304, 0, lifetime), "{path}");
        let since = whole.header("last-modified").unwrap();
        assert_eq!(proxy.get_with(path, &[("If-Modified-Since", since)]).await.status, 304, "{path}");
        let part = proxy.get_with(path, &[("Range", "bytes=2-4")]).await;
        assert_eq!((part.status, &part.body[..]), (206, &whole.body[2..5]), "{path}");
        assert_eq!(part.header("content-range"), Some(format!("bytes 2-4/{length}").as_str()), "{path}");
        assert_eq!(proxy.get_with(path, &[("Range", "bytes=99999-")]).await.status, 416, "{path}");
        assert_eq!(proxy.request("POST", path, &[]).await.status, 405, "{path}");
    }
    let supported = proxy.get("/sumdb/sums.example.org/supported").await;
    assert_eq!((supported.status, supported.body.len()), (200, 0));
}

#[tokio::test]
async fn each_file_of_a_version_stands_alone() {
    for kept in ["info", "mod", "zip"] {
        let (upstream, module) = upstream_with("example.com/alone", "v1.0.0").await;
        for ext in ["info", "mod", "zip"] {
            if ext != kept {
                upstream.on(&module.url_path(ext), Answer::html("<html>broken</html>"));
            }
        }
        let proxy = router(&upstream).await;
        for ext in ["info", "mod", "zip"] {
            assert_eq!(proxy.get(&module.url_path(ext)).await.status == 200, ext == kept, "{kept} {ext}");
        }
    }
}

#[tokio::test]
async fn commas_fall_through_on_404_and_410_only_and_bars_on_everything() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    let modules: Vec<_> = (0..9).map(|n| ModuleFixture::new("example.com/hops", &format!("v1.{n}.0"))).collect();
    second.add_all(&modules);
    let comma = goproxy().args(["-proxy", &format!("{},{}", first.url(), second.url())]).start().await;
    let bar = goproxy().args(["-proxy", &format!("{}|{}", first.url(), second.url())]).start().await;
    for (module, (answer, through_comma)) in modules.iter().zip([
        (Answer::text(404, "no\n"), 200),
        (Answer::text(410, "no\n"), 200),
        (Answer::text(400, "no\n"), 502),
        (Answer::text(401, "no\n"), 403),
        (Answer::text(403, "no\n"), 403),
        (Answer::text(451, "no\n"), 403),
        (Answer::text(500, "no\n"), 502),
        (Answer::html("<html></html>"), 502),
        (Answer::json("{\"Version\":\"v9.9.9\"}"), 502),
    ]) {
        first.on(&module.url_path("info"), answer.clone());
        assert_eq!(comma.get(&module.url_path("info")).await.status, through_comma, "{answer:?}");
        assert_eq!(bar.get(&module.url_path("info")).await.status, 200, "{answer:?}");
    }
}

#[tokio::test]
async fn a_folder_is_an_upstream() {
    let (upstream, module) = upstream_with("example.com/Folder", "v1.0.0").await;
    let filled = router(&upstream).await;
    for path in [module.url_path("info"), module.url_path("mod"), module.url_path("zip")] {
        assert_eq!(filled.get(&path).await.status, 200);
    }
    assert_eq!(filled.get("/example.com/!folder/@v/list").await.status, 200);
    let url = format!("file://{}", filled.download_dir().display());
    let proxy = goproxy().args(["-proxy", &url]).start().await;
    for (ext, body) in [("info", module.info()), ("mod", module.mod_file()), ("zip", module.zip())] {
        assert_eq!(proxy.get(&module.url_path(ext)).await.body, body, "{ext}");
    }
    assert_eq!(proxy.get("/example.com/!folder/@v/list").await.text(), "v1.0.0\n");
    assert_eq!(proxy.get("/example.com/missing/@v/list").await.status, 404);
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

#[tokio::test]
async fn go_get_with_the_gopath_of_the_server() {
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
    let proxy = goproxy().args(flags).home(&home).cache_dir(gopath.path()).start().await;
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

#[tokio::test]
async fn process_1_serves_and_leaves_no_zombies() {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, Some(TOKEN));
    let unshare = ["--pid", "--fork", "--kill-child", "--mount-proc", env!("CARGO_BIN_EXE_goproxy")];
    let Ok(proxy) = Proxy::builder("unshare").args(unshare).home(&home).try_start().await else {
        return eprintln!("SKIPPED: process 1: unshare --pid is not allowed here");
    };
    for path in ["@v/list", "@latest", "@v/v1.0.0.zip"] {
        let answer = proxy.get(&format!("/github.com/acme/private/{path}")).await;
        assert_eq!(answer.status, 200, "{path}: {} {}", answer.text(), proxy.log());
    }
    assert!(wait_until(PATIENCE, || descendants(proxy.pid()).iter().all(|(_, state)| state != "Z")).await);
    assert!(!descendants(proxy.pid()).is_empty(), "they were looked at");
}

/// Processes below this one, with their states.
fn descendants(pid: u32) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ').collect();
        if let [state, parent, ..] = fields[..]
            && parent == pid.to_string()
            && let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok())
        {
            found.push((child, state.to_owned()));
            found.extend(descendants(child));
        }
    }
    found
}

#[tokio::test]
async fn access_log_and_metrics_tell_the_modes_apart() {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, Some(TOKEN));
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let module = ModuleFixture::new("example.com/modes", "v1.0.0");
    upstream.add(&module).attach(&sums);
    sums.add(&module);
    let flags = ["-proxy", &upstream.url(), "-exclude", "github.com/acme", "-sumdb", "sums.example.org"];
    let proxy = goproxy().args(flags.map(str::to_owned)).home(&home).start().await;
    let info = module.url_path("info");
    let lookup = "/sumdb/sums.example.org/lookup/example.com/modes@v1.0.0";
    for (path, mode) in [
        (info.as_str(), "proxy"),
        (info.as_str(), "cached"),
        (lookup, "sumdb"),
        ("/github.com/acme/private/@v/v1.0.0.info", "direct"),
    ] {
        let answer = proxy.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", proxy.log());
        let line = format!("s 200 {path} [{mode}] id={}", answer.header("x-request-id").unwrap());
        assert!(wait_until(PATIENCE, || proxy.log().contains(&line)).await, "{line}\n{}", proxy.log());
        let sample = format!("goproxy_router_request_total{{mode=\"{mode}\",status=\"200\"}} 1\n");
        let metrics = proxy.get("/metrics").await.text();
        assert!(metrics.contains(&sample), "{sample}{metrics}");
    }
}

#[tokio::test]
async fn a_freshness_of_nothing_asks_each_time() {
    let (upstream, _) = upstream_with("example.com/always", "v1.0.0").await;
    let proxy = router_with(&upstream, &["-cacheExpire", "0"]).await;
    let ask = "/example.com/always/@v/list";
    for number in 1..=3 {
        assert_eq!(proxy.get(ask).await.text(), "v1.0.0\n");
        assert_eq!(upstream.count(ask), number);
    }
}

#[tokio::test]
async fn expired_answers_of_version_control_outlive_its_host() {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, Some(TOKEN));
    let proxy = goproxy().args(["-cacheExpire", "1s"]).home(&home).start().await;
    let paths = ["@v/list", "@latest", "@v/v1.info"].map(|path| format!("/github.com/acme/private/{path}"));
    let mut fresh = Vec::new();
    for path in &paths {
        fresh.push(proxy.get(path).await.body);
    }
    host.stop().await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for (path, body) in paths.iter().zip(fresh) {
        let stale = proxy.get(path).await;
        assert_eq!((stale.status, stale.header("x-cache")), (200, Some("stale")), "{path}: {}", proxy.log());
        assert_eq!(stale.body, body, "{path}");
    }
}

#[tokio::test]
async fn checksums_go_below_the_base_path_of_the_upstream() {
    let upstream = Upstream::builder().base("/artifactory/api/go").start().await;
    let (sums, module) = (SumDb::new("sums.example.org"), ModuleFixture::new("example.com/base", "v1.0.0"));
    sums.add(&module);
    upstream.attach(&sums);
    let proxy = router_with(&upstream, &["-sumdb", "sums.example.org"]).await;
    let lookup = proxy.get("/sumdb/sums.example.org/lookup/example.com/base@v1.0.0").await;
    assert_eq!((lookup.status, lookup.text()), (200, sums.lookup("example.com/base@v1.0.0").unwrap()));
}

#[tokio::test]
async fn cached_only_below_a_prefix_and_for_every_kind() {
    let (upstream, module) = upstream_with("example.com/kept", "v1.0.0").await;
    upstream.query("example.com/kept", "main", "v1.0.0");
    let proxy = router_with(&upstream, &["-pathPrefix", "/go"]).await;
    let base = "/example.com/kept";
    let paths = [format!("{base}/@v/list"), format!("{base}/@latest"), format!("{base}/@v/main.info")];
    let paths: Vec<String> = paths.into_iter().chain(["info", "mod", "zip"].map(|ext| module.url_path(ext))).collect();
    for (filled, status) in [(false, 404), (true, 200)] {
        for path in &paths {
            if filled {
                assert_eq!(proxy.get(&format!("/go{path}")).await.status, 200);
            }
            let asked = upstream.total();
            assert_eq!(proxy.get(&format!("/go/cached-only{path}")).await.status, status, "{path}");
            let header = [("Disable-Module-Fetch", "1")];
            assert_eq!(proxy.get_with(&format!("/go{path}"), &header).await.status, status, "{path}");
            assert_eq!(upstream.total(), asked, "{path}");
        }
    }
}

#[tokio::test]
async fn a_private_instance_needs_no_gopath_of_its_own_and_leaves_the_users_alone() {
    let Some(client) = go_client("run_shared").await else { return };
    let (upstream, module) = upstream_with("example.com/ci", "v1.0.0").await;
    let home = Home::new();
    let flags = ["run", "-proxy", &upstream.url(), "--"].map(str::to_owned);
    let command = ["go", "mod", "download", &module.name()].map(str::to_owned);
    // Server and command share `$HOME/go`, as in a CI job.
    let run = goproxy().bare().args(flags).args(command).home(&home).env("GOSUMDB", "off");
    let run = run.env("GOFLAGS", "-modcacherw").env("GOCACHE", shared_dir("go-build")).env("GOTOOLCHAIN", "local");
    let output = run.run().await;
    assert!(output.ok, "{output:?}");
    let file = Path::new("go/pkg/mod/cache/download/example.com/ci/@v/v1.0.0.zip");
    assert_eq!(fs::read(home.path().join(file)).unwrap(), module.zip());
    assert!(home.path().join("go/pkg/mod/example.com/ci@v1.0.0").is_dir(), "go unpacked it for itself");
    drop(client);
}

#[tokio::test]
async fn an_upstream_that_hangs_is_a_504_in_time() {
    let upstream = Upstream::start().await;
    upstream.on("*", Answer::hang());
    let proxy = router_with(&upstream, &["-responseTimeout", "300ms"]).await;
    let answer = tokio::time::timeout(Duration::from_secs(30), proxy.get("/example.com/hang/@v/v1.0.0.info")).await;
    assert_eq!(answer.expect("in time").status, 504);
}
