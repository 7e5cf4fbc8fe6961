//! Starting, reloading and ending, as a service manager sees it.

use std::time::Duration;

use goproxy_testkit::{Answer, Proxy, ProxyBuilder, Signal, Upstream, wait_until};

const LIMIT: Duration = Duration::from_secs(30);

fn goproxy() -> ProxyBuilder {
    Proxy::builder(env!("CARGO_BIN_EXE_goproxy"))
}

/// Waits for a line of the log that contains this.
async fn logged(proxy: &Proxy, text: &str) {
    assert!(wait_until(LIMIT, || proxy.log().contains(text)).await, "{text:?} is not in the log:\n{}", proxy.log());
}

#[tokio::test]
async fn the_log_of_a_router_begins_and_ends_as_the_original_s() {
    let mut proxy =
        goproxy().args(["-proxy", "http://u:canary@127.0.0.1:1,direct", "-exclude", "a.example"]).start().await;
    let status = proxy.terminate(LIMIT).await.expect("it ends");
    assert!(status.success(), "{status}");
    logged(&proxy, "Successful server shutdown.").await;
    let log = proxy.log();
    let lines: Vec<&str> = log.lines().collect();
    let listening = format!("goproxy.io: listening on {}", proxy.url());
    assert_eq!(
        lines,
        [
            "goproxy.io: ProxyHost http://xxxxx@127.0.0.1:1,direct",
            "goproxy.io: ExcludeHost a.example",
            &listening,
            "goproxy.io: Making a graceful shutdown...",
            "goproxy.io: Successful server shutdown.",
        ]
    );
}

#[tokio::test]
async fn sigint_ends_it_as_sigterm_does() {
    let mut proxy = goproxy().start().await;
    assert_eq!(proxy.get("/healthz").await.status, 200);
    proxy.signal(Signal::INT);
    assert!(proxy.wait(LIMIT).await.expect("it ends").success());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let upstream = Upstream::start().await;
    upstream.on("/a.example/m/@v/list", Answer::hang());
    let mut proxy = goproxy().args(["-proxy", &upstream.url(), "-drainTimeout", "10m"]).start().await;
    let client = tokio::spawn(goproxy_testkit::request(proxy.address(), "GET", "/a.example/m/@v/list", &[]));
    assert!(wait_until(LIMIT, || upstream.total() > 0).await, "{}", proxy.log());
    proxy.signal(Signal::TERM);
    logged(&proxy, "Making a graceful shutdown...").await;
    proxy.signal(Signal::TERM);
    let status = proxy.wait(LIMIT).await.expect("it ends");
    assert_eq!(status.code(), Some(143));
    client.abort();
}

#[tokio::test]
async fn sighup_applies_what_it_can_and_says_what_it_cannot() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    first.on("/a.example/*", Answer::text(200, "v1.0.0\n"));
    second.on("/a.example/*", Answer::text(200, "v2.0.0+incompatible\n"));
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("goproxy.toml");
    let write = |text: String| std::fs::write(&file, text).expect("written");
    write(format!("proxy = '{}'\ncacheExpire = '0s'\n", first.url()));
    let proxy = goproxy().arg("-config").arg(&file).start().await;
    assert_eq!(proxy.get("/a.example/m/@v/list").await.text(), "v1.0.0\n");

    write(format!("proxy = '{}'\ncacheExpire = '0s'\nmaxConnections = 5\nlisten = ':1'\n", second.url()));
    proxy.hangup();
    logged(&proxy, &format!("SIGHUP: proxy is now \"{}\" ({}:1)", second.url(), file.display())).await;
    logged(&proxy, "SIGHUP: maxConnections is \"5\" now").await;
    logged(&proxy, "this needs a restart").await;
    assert_eq!(proxy.get("/a.example/m/@v/list").await.text(), "v2.0.0+incompatible\n");
    assert!(!proxy.log().contains("SIGHUP: listen"), "the flag outranks the file: {}", proxy.log());

    write("proxy = 'ftp://u:canary@x'\n".to_owned());
    proxy.hangup();
    logged(&proxy, "SIGHUP: nothing changed: proxy: bad value").await;
    assert!(!proxy.log().contains("canary"), "{}", proxy.log());
    assert_eq!(proxy.get("/a.example/m2/@v/list").await.text(), "v2.0.0+incompatible\n");

    write(format!("proxy = '{}'\n", proxy.url()));
    proxy.hangup();
    logged(&proxy, "it leads back to this proxy").await;
    assert_eq!(proxy.get("/a.example/m3/@v/list").await.text(), "v2.0.0+incompatible\n");
}

#[tokio::test]
async fn log_lines_are_json_objects_on_request() {
    let mut proxy = goproxy().args(["-logFormat", "json"]).env("GOPROXY_NONE", "1").start().await;
    proxy.terminate(LIMIT).await.expect("it ends");
    logged(&proxy, "Successful server shutdown.").await;
    let log = proxy.log();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(lines[0]["level"], "WARN", "{log}");
    assert_eq!(lines[0]["message"], "the environment variable GOPROXY_NONE names no setting; see goproxy -help");
    assert_eq!(lines[1]["message"], format!("listening on {}", proxy.url()));
    assert!(lines.iter().all(|line| line["timestamp"].is_string()), "{log}");
}

#[tokio::test]
async fn the_log_level_decides_what_is_logged() {
    // Below its level, not even the line that says where it listens.
    let dir = tempfile::tempdir().expect("a directory");
    let socket = dir.path().join("s");
    let listen = format!("unix:{}", socket.display());
    let script = "\"$0\" \"$@\" & while [ ! -S \"$SOCKET\" ]; do sleep 0.05; done; sleep 0.2; kill -TERM $!; wait $!";
    for (level, lines) in [("info", 3), ("warn", 0)] {
        let shell = Proxy::builder("sh").bare().args(["-c", script, env!("CARGO_BIN_EXE_goproxy"), "-listen", &listen]);
        let output = shell.args(["-logLevel", level]).env("SOCKET", &socket).run().await;
        assert_eq!((output.code, output.stderr.lines().count()), (Some(0), lines), "{output:?}");
        assert_eq!(output.stderr.contains(&format!("goproxy.io: listening on {listen}\n")), level == "info");
    }
}
