//! A real project of more than 150 modules through us from the real upstream, and again with the upstream cut off.
//! Runs where `go env GOPROXY` names an upstream that answers; says SKIPPED elsewhere.

use std::{fs, path::PathBuf};

use goproxy_testkit::{GoClient, ProxyBuilder, skipped};

use crate::support::{go_client, goproxy};

/// What the machine's own `go` would use: it holds for us too.
const SETTINGS: [&str; 6] = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "https_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"];

async fn upstream(client: &GoClient) -> Option<String> {
    let home = std::env::var("HOME").ok()?;
    // The settings of the user, not those of the test's clean environment.
    let user = client.clone().env("GOENV", &format!("{home}/.config/go/env")).env("HOME", &home);
    let list = std::env::var("GOPROXY").ok().or(Some(user_goproxy(&user).await))?;
    list.split([',', '|']).map(str::trim).find(|entry| entry.starts_with("http")).map(str::to_owned)
}

async fn user_goproxy(user: &GoClient) -> String {
    let mut user = user.clone();
    user = user.env("GOPROXY", "");
    user.run(&["env", "GOPROXY"]).await.stdout.trim().to_owned()
}

fn with_settings(builder: ProxyBuilder) -> ProxyBuilder {
    let set = SETTINGS.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?)));
    set.fold(builder, |builder, (name, value)| builder.env(name, value))
}

fn project(client: &GoClient) -> PathBuf {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/live");
    let read = |name: &str| fs::read_to_string(source.join(name)).unwrap();
    client.project(&[("go.mod", &read("go.mod")), ("go.sum", &read("go.sum")), ("main.go", &read("main.go"))])
}

#[tokio::test]
async fn live_a_project_of_150_modules_builds_twice() {
    let Some(client) = go_client("live").await else { return };
    let Some(upstream) = upstream(&client).await else { return skipped("live: no upstream") };
    let program = goproxy().args(["-proxy", &upstream]).env("GOSUMDB", "sum.golang.org");
    let mut proxy = with_settings(program).start().await;
    let probe = proxy.get("/golang.org/x/text/@v/list").await;
    if probe.status != 200 {
        return skipped(&format!("live: the upstream does not answer: {} {}", probe.status, probe.text()));
    }
    // Checksums are looked up through us as well.
    let client = client.proxy(&proxy.url()).sumdb("sum.golang.org");
    let folder = project(&client);
    fs::remove_file(folder.join("go.sum")).unwrap();
    let build = ["build", "-mod=mod", "-o", "built", "."];
    let output = client.run_in(&folder, &build).await;
    assert!(output.ok, "{}\n{}", output.stderr, proxy.log());
    let committed = fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/live/go.sum")).unwrap();
    for line in fs::read_to_string(folder.join("go.sum")).unwrap().lines() {
        assert!(committed.contains(line), "a checksum that is not the committed one: {line}");
    }
    let page = proxy.get("/metrics").await.text();
    assert!(page.contains("goproxy_checksums_total{outcome=\"verified\"}"), "all of it was verified by us: {page}");
    let listed = client.run_in(&folder, &["list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "."]).await;
    let modules: std::collections::BTreeSet<_> = listed.stdout.lines().filter(|line| !line.is_empty()).collect();
    assert!(modules.len() >= 150, "{} modules", modules.len());

    let cache = proxy.cache_dir().to_owned();
    proxy.kill9();
    let cut_off = goproxy().args(["-proxy", "http://127.0.0.1:1"]).cache_dir(&cache).start().await;
    let again = client.fresh().proxy(&cut_off.url()).sumdb("sum.golang.org");
    let folder = project(&again);
    let output = again.run_in(&folder, &build).await;
    assert!(output.ok, "with the upstream cut off: {}\n{}", output.stderr, cut_off.log());
}
