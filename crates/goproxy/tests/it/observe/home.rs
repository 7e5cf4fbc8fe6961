//! The page at `/`: what a newcomer copies from it works, and nobody gets anything else into it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use goproxy_testkit::Upstream;
use sha2::{Digest as _, Sha256};

use crate::support::{goproxy, router, router_with};

const HTML: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[tokio::test]
async fn the_page_for_browsers() {
    let upstream = Upstream::start().await;
    let proxy = router_with(&upstream, &["-exclude", "*.corp.example.com"]).await;
    let page = proxy.get_with("/", &[HTML]).await;
    let text = page.text();
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(
        (page.header("x-content-type-options"), page.header("cache-control")),
        (Some("nosniff"), Some("no-store"))
    );
    assert_eq!((page.header("vary"), page.header("referrer-policy")), (Some("Accept"), Some("no-referrer")));
    assert!(text.contains("go env -w GOPROXY=http://proxy.test<"), "{text}");
    assert!(text.contains("go env -w GONOSUMDB=&#39;*.corp.example.com&#39;"), "{text}");
    assert!(text.contains(env!("CARGO_PKG_VERSION")) && text.contains(">ready<") && !text.contains("netrc"), "{text}");
    let style = text.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let digest = STANDARD.encode(Sha256::digest(style));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains(&format!("style-src 'sha256-{digest}';")));
    assert!(!policy.contains("unsafe") && !text.contains("<script") && !text.contains("style="), "{text}");
    let head = goproxy_testkit::request(proxy.address(), "HEAD", "/", &[HTML]).await.unwrap();
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length").unwrap(), page.body.len().to_string());
    assert_eq!(goproxy_testkit::request(proxy.address(), "POST", "/", &[]).await.unwrap().status, 405);
    assert_eq!(upstream.total(), 0);
}

#[tokio::test]
async fn the_page_for_everybody_else_and_below_a_prefix() {
    let proxy = router_with(&Upstream::start().await, &["-pathPrefix", "/go", "-sumdb", "off"]).await;
    for path in ["/", "/go", "/go/"] {
        for headers in [&[][..], &[("Accept", "*/*")], &[("Accept", "text/plain")]] {
            let page = proxy.get_with(path, headers).await;
            assert_eq!((page.status, page.header("content-type")), (200, Some("text/plain; charset=utf-8")), "{path}");
            let text = page.text();
            assert!(text.contains("    go env -w GOPROXY=http://proxy.test/go\n"), "{text}");
            assert!(text.contains("past this proxy") && !text.contains("GONOSUMDB") && !text.contains('<'), "{text}");
        }
    }
}

#[tokio::test]
async fn only_a_host_is_repeated() {
    let proxy = router(&Upstream::start().await).await;
    for (host, shown) in [
        ("goproxy.io", "http://goproxy.io"),
        ("goproxy.io:8443", "http://goproxy.io:8443"),
        ("[::1]:80", "http://[::1]:80"),
        ("a\"><script>alert(1)</script>", "http://goproxy.example"),
        ("a.b';touch${IFS}x;'", "http://goproxy.example"),
        ("user@goproxy.io", "http://goproxy.example"),
        ("goproxy.io/x", "http://goproxy.example"),
        ("a b", "http://goproxy.example"),
        ("", "http://goproxy.example"),
    ] {
        for accept in [HTML, ("Accept", "*/*")] {
            let headers =
                [accept, ("Host", host), ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")];
            let text = proxy.get_with("/", &headers).await.text().replace("&#39;", "'");
            assert!(
                text.contains(&format!("GOPROXY={shown}")) || text.contains(&format!("GOPROXY='{shown}'")),
                "{host}: {text}"
            );
            assert!(!text.contains("<script") && !text.contains("touch") && !text.contains("evil"), "{host}: {text}");
        }
    }
    let headers = [("Host", "goproxy.io"), ("X-Forwarded-Proto", "https")];
    assert!(proxy.get_with("/", &headers).await.text().contains("GOPROXY=https://goproxy.io\n"));
    let headers = [("Host", "goproxy.io"), ("X-Forwarded-Proto", "javascript")];
    assert!(proxy.get_with("/", &headers).await.text().contains("GOPROXY=http://goproxy.io\n"));
}

#[tokio::test]
async fn strangers_learn_how_to_get_in_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("htpasswd");
    // "pw", of `htpasswd -nbB -C 4 ann pw`.
    std::fs::write(&users, "ann:$2y$04$abcdefghijklmnopqrstuuXHbhVVnGtPHXtTYnXdUuMkBmSsP4rKW\n").unwrap();
    let flags = ["-htpasswd", users.to_str().unwrap(), "-exclude", "secret.corp.example.com"];
    let proxy = goproxy().args(flags).args(["-proxy", "off"]).start().await;
    assert_eq!(proxy.get("/example.com/m/@v/list").await.status, 401);
    for accept in [HTML, ("Accept", "*/*")] {
        let text = proxy.get_with("/", &[accept, ("Host", "goproxy.io")]).await.text();
        assert!(text.contains("machine goproxy.io login USER password PASSWORD"), "{text}");
        assert!(text.contains("GOAUTH=") && text.contains("https only"), "{text}");
        for secret in ["secret", "ann", env!("CARGO_PKG_VERSION")] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[tokio::test]
async fn private_patterns_stay_hidden_where_logs_hide_them() {
    let flags = ["-exclude", "secret.corp.example.com", "-redactPrivate", "on"];
    let proxy = router_with(&Upstream::start().await, &flags).await;
    assert!(!proxy.get("/").await.text().contains("secret"));
}
