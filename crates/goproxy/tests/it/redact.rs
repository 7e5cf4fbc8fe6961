//! `-redactPrivate`: what logs tell of private modules.

use std::fs;

use goproxy_testkit::{Upstream, wait_until};

use crate::support::{PATIENCE, goproxy};

#[tokio::test]
async fn private_names_stood_in_every_log() {
    let upstream = Upstream::start().await;
    for format in ["text", "json"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("goproxy.toml");
        let write = |redact: &str| {
            let exclude = "github.com/SecretOrg,*.hidden.example.com";
            let proxy = upstream.url();
            let text = format!("exclude = '{exclude}'\nproxy = '{proxy}'\nredactPrivate = '{redact}'\n");
            fs::write(&file, text).unwrap();
        };
        write("on");
        let config = file.to_str().unwrap();
        let proxy = goproxy().args(["-config", config, "-logFormat", format, "-accessLog", format]);
        let proxy = proxy.env("HTTPS_PROXY", "http://127.0.0.1:9").env("PATH", "/nowhere").start().await;
        for target in [
            "/github.com/!secret!org/app/@v/list",
            "/github.com/%21secret%21org/app/@v/v1.0.0.zip",
            "//github.com/!secret!org/app/@v/list",
            "/github.com/SecretOrg/app/@v/list",
            "/git.hidden.example.com/team/app/@v/v1.0.0.info",
            "/sumdb/sum.golang.org/lookup/github.com/!secret!org/app@v1.0.0",
            "/example.com/open/@v/list",
        ] {
            assert!(proxy.get(target).await.status >= 400, "{target}");
        }
        assert!(wait_until(PATIENCE, || proxy.log().contains("example.com/open")).await, "{}", proxy.log());
        let log = proxy.log();
        for name in ["secretorg", "secret!org", "hidden"] {
            assert!(!log.replace("!", "").to_lowercase().contains(&name.replace('!', "")), "{name} in {log}");
        }
        let list = log.lines().find(|line| line.contains("private:") && line.contains("/@v/list")).unwrap();
        let at = list.find("private:").unwrap();
        let hash = &list[at..at + 16];
        assert!(hash[8..].bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
        assert!(log.matches(hash).count() >= 3, "the same name, the same hash: {hash} in {log}");
        write("off");
        proxy.hangup();
        assert!(
            wait_until(PATIENCE, || proxy.log().contains("redactPrivate is now \"off\"")
                || proxy.log().contains("redactPrivate is now \\\"off\\\""))
            .await
        );
        proxy.get("/github.com/!secret!org/later/@v/list").await;
        assert!(wait_until(PATIENCE, || proxy.log().contains("github.com/!secret!org/later")).await, "{}", proxy.log());
    }
}
