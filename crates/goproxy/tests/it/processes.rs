//! Addresses, process 1, the private instance, and what the log and the metrics tell.

use std::{fs, path::Path};

use goproxy_testkit::{Home, ModuleFixture, Proxy, SumDb, Upstream, shared_dir, wait_until};

use crate::{
    engine::{Engine, whatever_fetches},
    environment::{TOKEN, private_host},
    support::{PATIENCE, go_client, goproxy, home_with_git, upstream_with},
};

whatever_fetches! {
    process_1_serves_and_leaves_no_zombies,
    access_log_and_metrics_tell_the_modes_apart,
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
                goproxy_testkit::skipped(&format!("[::1]: {}", output.stderr.trim()));
                continue;
            }
            started => started.unwrap(),
        };
        assert!(proxy.url().starts_with(&format!("http://{host}:")) || host == "[::]", "{flags:?}: {}", proxy.url());
        assert_ne!(proxy.address().port(), 0);
        assert_eq!(proxy.get("/healthz").await.status, 200, "{flags:?}");
    }
}

async fn process_1_serves_and_leaves_no_zombies(engine: Engine) {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, Some(TOKEN));
    let unshare = ["--pid", "--fork", "--kill-child", "--mount-proc", env!("CARGO_BIN_EXE_goproxy")];
    let Ok(proxy) = engine.of(Proxy::builder("unshare").args(unshare)).home(&home).try_start().await else {
        return goproxy_testkit::skipped("process 1: unshare --pid is not allowed here");
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

async fn access_log_and_metrics_tell_the_modes_apart(engine: Engine) {
    let Some((host, _repo)) = private_host().await else { return };
    let home = home_with_git("github.com", &host, Some(TOKEN));
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let module = ModuleFixture::new("example.com/modes", "v1.0.0");
    upstream.add(&module).attach(&sums);
    sums.add(&module);
    let flags = ["-proxy", &upstream.url(), "-exclude", "github.com/acme", "-sumdb", "sums.example.org"];
    let proxy = engine.goproxy().args(flags.map(str::to_owned)).home(&home).start().await;
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
