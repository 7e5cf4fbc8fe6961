//! Starting, watching and killing a program, shown on a stand-in: this test binary, run again as a tiny server.

use std::{path::PathBuf, time::Duration};

use goproxy_testkit::{Answer, Proxy, Upstream, free_port, processes_with_env, wait_until, write_script};
use tempfile::TempDir;

/// Not a test of anything: the stand-in's body, when started as one.
#[tokio::test]
#[ignore = "the body of the stand-in, no test"]
async fn stand_in() {
    if std::env::var_os("STAND_IN").is_none() {
        return;
    }
    let upstream = Upstream::start().await;
    upstream.on("*", Answer::text(200, "from the stand-in").header("X-Kind", "stand-in"));
    eprintln!("goproxy.io: listening on http://{}", upstream.address());
    std::future::pending::<()>().await;
}

/// A script that ignores its flags and runs the stand-in, or fails with `$STAND_IN_FAILS`.
fn program(dir: &TempDir) -> PathBuf {
    let script = dir.path().join("goproxy");
    let text = format!(
        "#!/bin/sh\necho \"args: $*\" >&2\n[ -n \"$STAND_IN_FAILS\" ] && exit \"$STAND_IN_FAILS\"\n\
         export STAND_IN=1\nexec '{}' --ignored --exact proxy::stand_in --nocapture\n",
        std::env::current_exe().unwrap().display()
    );
    write_script(&script, &text);
    script
}

#[tokio::test]
async fn a_proxy_is_started_asked_killed_and_restarted() {
    let dir = TempDir::new().unwrap();
    let marker = format!("marker-{}", free_port());
    let mut proxy = Proxy::builder(program(&dir)).args(["-proxy", "off"]).env("MARKER", &marker).start().await;
    let response = proxy.get("/any/%21path").await;
    assert_eq!((response.status, response.header("x-kind")), (200, Some("stand-in")));
    assert!(proxy.head("/x").await.complete);
    let raw = proxy.raw(b"GET //x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(raw.starts_with(b"HTTP/1.1 200"));
    let log = proxy.log();
    assert!(log.contains("-proxy off -listen 127.0.0.1:0 -cacheDir"), "{log}");
    assert!(proxy.cache_dir().is_dir());
    assert_eq!(processes_with_env("MARKER", &marker), [proxy.pid()]);

    let first = proxy.pid();
    proxy.kill9();
    assert!(proxy.try_request("GET", "/x", &[]).await.is_err());
    proxy.restart().await;
    assert_ne!(proxy.pid(), first);
    assert_eq!(proxy.get("/x").await.text(), "from the stand-in");
    let status = proxy.terminate(Duration::from_secs(20)).await.expect("SIGTERM ends it");
    assert!(!status.success());
    let gone = wait_until(Duration::from_secs(5), || processes_with_env("MARKER", &marker).is_empty()).await;
    assert!(gone);
}

#[tokio::test]
async fn a_program_that_refuses_to_start_leaves_its_status_and_words() {
    let dir = TempDir::new().unwrap();
    let builder = Proxy::builder(program(&dir)).env("STAND_IN_FAILS", "64");
    let refused = builder.clone().try_start().await.unwrap_err();
    assert_eq!(refused.code, Some(64));
    assert!(refused.stderr.contains("-listen"));
    let ran = builder.arg("check-config").run().await;
    assert_eq!((ran.code, ran.stderr.trim()), (Some(64), "args: check-config"));
}
