//! The environment counts as it did for the original, which handed it to `go` and git.

use std::fs;

use goproxy_testkit::{Answer, GitHost, GitRepo, Home, ModuleFixture, Proxy, Upstream, write_script};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    engine::{Engine, whatever_fetches},
    support::{goproxy, home_with_git, upstream_with},
};

whatever_fetches! {
    netrc_authenticates_git,
    credential_helpers_authenticate_git,
    git_variables_of_the_host_count,
    ssh_command_and_agent_of_the_host_count,
    govcs_of_the_host_is_a_refusal,
    goprivate_goes_direct_and_goproxy_is_not_read,
}

pub(crate) const TOKEN: &str = "s3cr3t-t0k3n";

/// A private repository over http, with one version of `github.com/acme/private`.
pub(crate) async fn private_host() -> Option<(GitHost, GitRepo)> {
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

async fn netrc_authenticates_git(engine: Engine) {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, None);
    home.netrc("127.0.0.1", "robot", TOKEN);
    assert_private(&engine.goproxy().home(&home).start().await).await;
}

async fn credential_helpers_authenticate_git(engine: Engine) {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, None);
    home.git_config(&format!(
        "[credential]\n\thelper = \"!f() {{ echo username=robot; echo password={TOKEN}; }}; f\"\n"
    ));
    assert_private(&engine.goproxy().home(&home).start().await).await;
}

async fn git_variables_of_the_host_count(engine: Engine) {
    let Some((host, _repo)) = private_host().await else { return };
    let home = Home::new();
    home.write("ask", "");
    let ask = home.path().join("ask");
    write_script(&ask, &format!("#!/bin/sh\necho {TOKEN}\n"));
    let proxy = engine
        .goproxy()
        .home(&home)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", format!("url.{}/.insteadOf", host.url()))
        .env("GIT_CONFIG_VALUE_0", "https://github.com/")
        .env("GIT_ASKPASS", &ask);
    assert_private(&proxy.start().await).await;
}

async fn ssh_command_and_agent_of_the_host_count(engine: Engine) {
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
    let proxy = engine.goproxy().home(&home).env("GIT_SSH_COMMAND", &ssh).env("SSH_AUTH_SOCK", "/run/agent.test");
    assert_private(&proxy.start().await).await;
    assert_eq!(fs::read_to_string(seen(&home)).unwrap(), "/run/agent.test\n");
}

fn seen(home: &Home) -> std::path::PathBuf {
    home.path().join("seen")
}

async fn govcs_of_the_host_is_a_refusal(engine: Engine) {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, Some(TOKEN));
    let proxy = engine.goproxy().home(&home).env("GOVCS", "github.com:hg").start().await;
    let answer = proxy.get("/github.com/acme/private/@v/list").await;
    assert_eq!(answer.status, 403, "{} {}", answer.text(), proxy.log());
    assert_eq!(host.total(), 0);
}

async fn goprivate_goes_direct_and_goproxy_is_not_read(engine: Engine) {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, Some(TOKEN));
    let (upstream, module) = upstream_with("example.com/public", "v1.0.0").await;
    let proxy = engine.goproxy().args(["-proxy", &upstream.url(), "-exclude", "other.example"]).home(&home);
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
