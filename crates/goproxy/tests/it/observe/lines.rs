//! Every line of the JSON access log says the same things, however the request ended.

use goproxy_testkit::request;
use serde_json::{Value, json};

use super::logs::line;
use crate::support::{goproxy, upstream_with};

/// Made by crypt(3): the password is `opensesame`.
const ANN: &str = "ann:$2y$04$abcdefghijklmnopqrstuuFuhxWRTXIsURoluSTZ1N4tYaWGn9oOi\n";
const AS_ANN: (&str, &str) = ("Authorization", "Basic YW5uOm9wZW5zZXNhbWU=");

#[tokio::test]
async fn hits_misses_parts_conditions_and_failures() {
    let (upstream, module) = upstream_with("example.com/lines", "v1.0.0").await;
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("htpasswd");
    std::fs::write(&users, ANN).unwrap();
    let flags = ["-proxy", &upstream.url(), "-accessLog", "json", "-readAhead", "0", "-cacheExpire", "1s"];
    let proxy = goproxy().args(flags).arg("-htpasswd").arg(&users).start().await;
    let (zip, list) = (module.url_path("zip"), "/example.com/lines/@v/list");
    let of_zip = |cache: &str, source: Value| json!(["zip", "example.com/lines", "v1.0.0", cache, source, "ann"]);
    let cases = [
        (200, zip.clone(), vec![AS_ANN], of_zip("miss", json!("proxy"))),
        (200, format!("{zip}?hit"), vec![AS_ANN], of_zip("hit", Value::Null)),
        (206, format!("{zip}?part"), vec![AS_ANN, ("Range", "bytes=0-9")], of_zip("hit", Value::Null)),
        (304, format!("{zip}?same"), vec![AS_ANN, ("If-None-Match", "*")], of_zip("hit", Value::Null)),
        (416, format!("{zip}?none"), vec![AS_ANN, ("Range", "bytes=9999999-")], of_zip("hit", Value::Null)),
        (401, format!("{zip}?who"), vec![], json!(["zip", "example.com/lines", "v1.0.0", null, null, null])),
        (200, list.to_owned(), vec![AS_ANN], json!(["list", "example.com/lines", null, "miss", "proxy", "ann"])),
        (
            404,
            "/example.com/lines/@v/v1.9.0.info".to_owned(),
            vec![AS_ANN],
            json!(["info", "example.com/lines", "v1.9.0", "miss", "proxy", "ann"]),
        ),
    ];
    for (status, target, headers, told) in cases {
        check(&proxy, status, &target, &headers, &told).await;
    }
    upstream.stop().await;
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    let stale = json!(["list", "example.com/lines", null, "stale", null, "ann"]);
    check(&proxy, 200, &format!("{list}?stale"), &[AS_ANN], &stale).await;
    let broken = json!(["mod", "example.com/lines", "v1.0.9", "miss", "proxy", "ann"]);
    check(&proxy, 502, "/example.com/lines/@v/v1.0.9.mod", &[AS_ANN], &broken).await;
}

async fn check(proxy: &goproxy_testkit::Proxy, status: u16, target: &str, headers: &[(&str, &str)], told: &Value) {
    let answer = request(proxy.address(), "GET", target, headers).await.unwrap();
    assert_eq!(answer.status, status, "{target}: {}", proxy.log());
    let found = line(proxy, target).await;
    let names = ["what", "module", "version", "cache", "source", "user"];
    assert_eq!(&Value::from(names.map(|name| found[name].clone()).to_vec()), told, "{found}");
    assert_eq!(found["id"], answer.header("x-request-id").unwrap(), "{found}");
    assert_eq!((&found["status"], &found["bytes"]), (&status.into(), &answer.body.len().into()), "{found}");
    assert!(found["seconds"].is_number() && found["time"].is_string() && found["aborted"] == false, "{found}");
}
