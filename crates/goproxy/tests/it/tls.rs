//! TLS with real `go` clients, and how its files are told wrong.

use std::{fs, path::Path};

use goproxy_testkit::{Answer, GoClient, Home, ProxyBuilder, Site, SiteOptions, TestCa, wait_until};

use crate::support::{PATIENCE, go_client, goproxy, upstream_with};

/// A folder with `tls.crt` and `tls.key`, and the flags that name them.
fn certificate(ca: &TestCa) -> (tempfile::TempDir, [String; 4]) {
    let folder = tempfile::tempdir().unwrap();
    ca.issue(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let flags = ["-tlsCert".to_owned(), path("tls.crt"), "-tlsKey".to_owned(), path("tls.key")];
    (folder, flags)
}

fn trusting(client: GoClient, ca: &TestCa) -> GoClient {
    client.env("SSL_CERT_FILE", ca.path().to_str().unwrap())
}

#[tokio::test]
async fn tls_go_lists_and_downloads() {
    let Some(client) = go_client("tls_go").await else { return };
    let (upstream, module) = upstream_with("example.com/tls", "v1.0.0").await;
    let ca = TestCa::new();
    let (_folder, flags) = certificate(&ca);
    let proxy = goproxy().args(["-proxy", &upstream.url()]).args(flags).start().await;
    assert!(proxy.url().starts_with("https://127.0.0.1:"), "{}", proxy.log());
    let client = client.proxy(&proxy.url());
    let distrusting = client.list_versions("example.com/tls").await.unwrap_err();
    assert!(distrusting.stderr.contains("certificate"), "{distrusting:?}");
    let client = trusting(client, &ca);
    assert_eq!(client.list_versions("example.com/tls").await.unwrap(), ["v1.0.0"]);
    let output = client.download("example.com/tls@v1.0.0").await;
    assert!(output.ok, "{output:?}\n{}", proxy.log());
    assert_eq!(ca.get(proxy.address(), &module.url_path("zip")).await.unwrap().0.body, module.zip());
    let plain = proxy.get("/healthz").await;
    assert_eq!((plain.status, plain.text().contains("HTTPS server")), (400, true), "{}", plain.text());
}

/// Why there is TLS at all: over http, `go` keeps its credentials to itself.
#[tokio::test]
async fn tls_go_sends_credentials_over_https_only() {
    let Some(client) = go_client("tls_credentials").await else { return };
    for (tls, sent) in [(None, false), (Some(TestCa::new()), true)] {
        // Asks for credentials as a proxy with accounts would.
        let site = Site::start(SiteOptions { tls, ..SiteOptions::default() }, |request| async move {
            match request.header("authorization") {
                Some(_) => Answer::text(200, "v1.0.0\n"),
                None => Answer::text(401, "who are you"),
            }
        });
        let site = site.await;
        let home = Home::new();
        // To `go`, a port is a part of the machine's name.
        home.netrc(&site.address().to_string(), "ci", "s3cr3t");
        let mut client = client.fresh().home(&home).proxy(&site.url());
        if let Some(ca) = site.ca_path() {
            client = client.env("SSL_CERT_FILE", ca.to_str().unwrap());
        }
        let _ = client.run(&["list", "-m", "-versions", "example.com/x"]).await;
        assert!(site.total() > 0);
        assert_eq!(site.requests().iter().any(|request| request.header("authorization").is_some()), sent);
    }
}

#[tokio::test]
async fn tls_sighup_serves_the_new_certificate_or_keeps_the_old_one() {
    let (upstream, _) = upstream_with("example.com/renewed", "v1.0.0").await;
    let ca = TestCa::new();
    let (folder, flags) = certificate(&ca);
    let proxy = goproxy().args(["-proxy", &upstream.url()]).args(flags).start().await;
    let shown = async || ca.get(proxy.address(), "/healthz").await.unwrap().1;
    let first = shown().await;
    fs::rename(folder.path().join("tls.key"), folder.path().join("away")).unwrap();
    proxy.hangup();
    assert!(wait_until(PATIENCE, || proxy.log().contains("SIGHUP: nothing changed: tlsKey")).await, "{}", proxy.log());
    assert_eq!(shown().await, first);
    ca.issue(folder.path());
    proxy.hangup();
    let mut second = first.clone();
    for _ in 0..100 {
        second = shown().await;
        if second != first {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_ne!(second, first, "{}", proxy.log());
}

/// Without any signal, as certbot and cert-manager leave it.
#[tokio::test]
async fn tls_a_changed_file_is_noticed() {
    let ca = TestCa::new();
    let (folder, flags) = certificate(&ca);
    let proxy = goproxy().args(["-proxy", "off"]).args(flags).start().await;
    let (_, first) = ca.get(proxy.address(), "/healthz").await.unwrap();
    ca.issue(folder.path());
    assert!(wait_until(PATIENCE, || proxy.log().contains("the certificate was renewed")).await, "{}", proxy.log());
    assert_ne!(ca.get(proxy.address(), "/healthz").await.unwrap().1, first);
}

#[tokio::test]
async fn tls_mistakes_are_one_line_before_anything_is_made() {
    let ca = TestCa::new();
    let (folder, [_, cert, _, key]) = certificate(&ca);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (_other, [_, _, _, other]) = certificate(&ca);
    let empty = file("empty.pem", "");
    let encrypted = file("encrypted.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
    let pair = ["-tlsCert", &cert, "-tlsKey", &key];
    for (flags, line) in [
        (vec!["-tlsCert", &cert], "tlsCert: a certificate needs its private key; set tlsKey too".to_owned()),
        (vec!["-tlsKey", &key], "tlsKey: a private key needs its certificate; set tlsCert too".to_owned()),
        (vec!["-tlsClientCA", &cert], "set tlsCert and tlsKey too".to_owned()),
        (
            vec!["-tlsCert", &empty, "-tlsKey", &key],
            format!("bad value {empty:?} (flag -tlsCert): holds no certificate"),
        ),
        (vec!["-tlsCert", &cert, "-tlsKey", "/nowhere"], "(flag -tlsKey): cannot be read (No such file".to_owned()),
        (vec!["-tlsCert", &cert, "-tlsKey", &other], "is not the key of the first certificate".to_owned()),
        (vec!["-tlsCert", &cert, "-tlsKey", &encrypted], "is encrypted".to_owned()),
        ([&pair[..], &["-tlsClientCA", &empty]].concat(), "(flag -tlsClientCA): holds no certificate".to_owned()),
        ([&pair[..], &["-listen", "unix:/nowhere/x"]].concat(), "a unix socket has no TLS".to_owned()),
    ] {
        for command in ["check-config", "serve"] {
            let cache = folder.path().join("cache");
            let cache = ["-cacheDir", cache.to_str().unwrap()];
            let output = goproxy().bare().arg(command).args(cache).args(flags.iter().copied()).run().await;
            assert_eq!(output.code, Some(64), "{flags:?}: {output:?}");
            assert!(output.stderr.contains(&line) && output.stderr.lines().count() == 1, "{flags:?}: {output:?}");
            assert!(!Path::new(cache[1]).exists(), "{flags:?}");
        }
    }
    let good = goproxy().bare().arg("check-config").args(pair).run().await;
    assert!(good.ok && good.stdout.contains("tlsCert = "), "{good:?}");
}

/// A client could have the server compute one handshake after the other on one connection (CVE-2011-1473), and have had
/// its request answered under another identity (CVE-2009-3555). The TLS library has no renegotiation at all.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a client that no library can play")]
async fn tls_is_not_renegotiated() {
    let ca = TestCa::new();
    let (_folder, flags) = certificate(&ca);
    let proxy = goproxy().args(["-proxy", "off"]).args(flags).start().await;
    // Shakes hands, waits, writes the line R, which means: begin again; and ends the connection.
    let script = format!(
        "{{ sleep 1; echo R; sleep 2; }} | timeout 20 openssl s_client -msg -tls1_2 -connect {} -CAfile {} 2>&1",
        proxy.address(),
        ca.path().display()
    );
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !said.contains("RENEGOTIATING") {
        goproxy_testkit::skipped(&format!("tls_is_not_renegotiated: no openssl that asks for it: {said:.200}"));
        return;
    }
    let times = |what: &str| said.lines().filter(|line| line.ends_with(what)).count();
    assert_eq!((times(", ClientHello"), times(", ServerHello")), (2, 1), "asked for twice, done once: {said}");
    assert_eq!(ca.get(proxy.address(), "/healthz").await.unwrap().0.status, 200);
}

/// The service's certificate is for the service's name: a private instance on the loopback address does without.
#[tokio::test]
async fn tls_of_the_service_is_not_that_of_run() {
    let ca = TestCa::new();
    let (_folder, [_, cert, _, key]) = certificate(&ca);
    let cache = tempfile::tempdir().unwrap();
    let run = |flags: &[&str]| -> ProxyBuilder {
        let builder = goproxy().bare().args(["run", "-cacheDir", cache.path().to_str().unwrap()]);
        let builder = builder.env("GOPROXY_TLS_CERT", &cert).env("GOPROXY_TLS_KEY", &key);
        builder.args(flags.iter().copied()).args(["--", "sh", "-c", "echo $GOPROXY"])
    };
    assert!(run(&[]).run().await.stdout.starts_with("http://127.0.0.1:"));
    assert!(run(&["-tlsCert", &cert, "-tlsKey", &key]).run().await.stdout.starts_with("https://127.0.0.1:"));
}
