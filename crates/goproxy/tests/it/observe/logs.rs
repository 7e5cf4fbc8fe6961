//! The access log as JSON, and how much is logged.

use std::time::Duration;

use goproxy_testkit::{Proxy, Signal, wait_until};
use serde_json::Value;

use crate::support::{PATIENCE, goproxy, router_with, upstream_with};

/// The line of the request with that target.
pub(super) async fn line(proxy: &Proxy, target: &str) -> Value {
    let find = || {
        let log = proxy.log();
        let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.rfind(|line| line["path"] == target)
    };
    assert!(wait_until(PATIENCE, || find().is_some()).await, "{target}: {}", proxy.log());
    find().unwrap()
}

#[tokio::test]
async fn a_line_says_who_asked_for_what_and_where_it_came_from() {
    let (upstream, module) = upstream_with("example.com/Logged", "v1.0.0").await;
    upstream.query("example.com/Logged", "main", "v1.0.0");
    let proxy = router_with(&upstream, &["-accessLog", "json", "-readAhead", "0"]).await;
    let zip = module.url_path("zip");
    let answer = proxy.get(&zip).await;
    let found = line(&proxy, &zip).await;
    for (key, value) in [
        ("id", answer.header("x-request-id").unwrap()),
        ("method", "GET"),
        ("what", "zip"),
        ("module", "example.com/Logged"),
        ("version", "v1.0.0"),
        ("mode", "proxy"),
        ("source", "proxy"),
        ("cache", "miss"),
    ] {
        assert_eq!(found[key], value, "{key}: {found}");
    }
    assert_eq!((&found["status"], &found["bytes"]), (&200.into(), &answer.body.len().into()), "{found}");
    assert!(found["seconds"].as_f64().unwrap() > 0.0 && found["user"].is_null() && found["trace_id"].is_null());
    let query = "/example.com/!logged/@v/main.info";
    proxy.get(query).await;
    assert_eq!(line(&proxy, query).await["version"], "main");
    for (target, what, source, cache) in [
        (&*module.url_path("mod"), "mod", "proxy", "miss"),
        ("/example.com/none/@v/list", "list", "proxy", "miss"),
        ("/sumdb/sum.golang.org/lookup/example.com/!logged@v1.0.0", "sumdb", "sumdb", "miss"),
    ] {
        proxy.get(target).await;
        let found = line(&proxy, target).await;
        let told = ["what", "source", "cache"].map(|key| found[key].as_str().unwrap_or_default().to_owned());
        assert_eq!(told, [what, source, cache], "{found}");
        assert!(found["module"].as_str().unwrap().starts_with("example.com/"), "{found}");
    }
    let target = format!("{zip}?again");
    proxy.get(&target).await;
    let found = line(&proxy, &target).await;
    assert_eq!((found["mode"].as_str(), found["cache"].as_str()), (Some("cached"), Some("hit")), "{found}");
    assert!(found["source"].is_null(), "{found}");
    proxy.get("/").await;
    let found = line(&proxy, "/").await;
    assert_eq!((found["what"].as_str(), found["module"].is_null()), (Some("home"), true), "{found}");
}

#[tokio::test]
async fn signals_change_how_much_is_logged() {
    let proxy = goproxy().args(["-proxy", "off"]).start().await;
    for (signal, said) in [
        (Signal::USR1, "goproxy.io: SIGUSR1: logLevel is debug until SIGHUP or a restart"),
        (Signal::USR1, "goproxy.io: SIGUSR1: logLevel is debug until SIGHUP or a restart"),
        (Signal::USR2, "goproxy.io: SIGUSR2: logLevel is info until SIGHUP or a restart"),
        (Signal::USR2, "goproxy.io: warning: SIGUSR2: logLevel is warn until SIGHUP or a restart"),
        (Signal::USR2, "goproxy.io: error: SIGUSR2: logLevel is error until SIGHUP or a restart"),
        (Signal::USR1, "goproxy.io: warning: SIGUSR1: logLevel is warn until SIGHUP or a restart"),
    ] {
        let before = proxy.log().matches(said).count();
        proxy.signal(signal);
        assert!(wait_until(PATIENCE, || proxy.log().matches(said).count() > before).await, "{said}: {}", proxy.log());
    }
    // What speaks no HTTP is worth a line of debugging.
    let debugged = async || {
        let before = proxy.log().matches("goproxy.io: debug: ").count();
        let _ = proxy.raw(b"nonsense\r\n\r\n").await;
        wait_until(Duration::from_secs(2), || proxy.log().matches("goproxy.io: debug: ").count() > before).await
    };
    assert!(!debugged().await, "{}", proxy.log());
    for level in ["info", "debug"] {
        proxy.signal(Signal::USR1);
        let said = format!("SIGUSR1: logLevel is {level}");
        let before = if level == "debug" { 2 } else { 0 };
        assert!(wait_until(PATIENCE, || proxy.log().matches(&said).count() > before).await, "{}", proxy.log());
    }
    assert!(debugged().await, "{}", proxy.log());
    proxy.hangup();
    assert!(wait_until(PATIENCE, || proxy.log().contains("the settings are unchanged")).await, "{}", proxy.log());
    assert!(!debugged().await, "SIGHUP returns to the setting: {}", proxy.log());
}
