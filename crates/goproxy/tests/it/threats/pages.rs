//! S3 and S4: pages and redirects that lead astray.

use std::time::{Duration, Instant};

use goproxy_testkit::{Answer, Delivery};

use super::lab::{Lab, NATIVE, PAGES, Trap, assert_refused, peak_memory};
use crate::support::goproxy;

fn meta(content: &str) -> String {
    format!("<meta name=\"go-import\" content=\"{content}\">")
}

#[tokio::test]
async fn redirects_that_lead_astray() {
    let (lab, trap) = (Lab::new().await, Trap::new());
    let _repo = lab.repository("good", &[]);
    let good = meta(&format!("{PAGES}/good git https://{PAGES}/git/acme/good"));
    lab.pages.on("/good", Answer::html(good));
    let proxy = lab.builder().start().await;
    let port = trap.port;
    for (case, location) in [
        ("file", "file:///etc/passwd".to_owned()),
        ("file2", "file://127.0.0.1/etc/passwd".to_owned()),
        ("scheme", format!("//127.0.0.1:{port}/x")),
        ("plain", format!("http://{PAGES}/good?go-get=1")),
        ("plainport", format!("http://127.0.0.1:{port}/x")),
        ("ftp", format!("ftp://127.0.0.1:{port}/x")),
        ("gopher", format!("gopher://127.0.0.1:{port}/x")),
        ("data", "data:text/html,x".to_owned()),
        ("script", "javascript:x".to_owned()),
        ("loop", format!("https://{PAGES}/loop")),
        ("broken", "https://".to_owned()),
        ("empty", String::new()),
        ("metadata", "http://169.254.169.254/latest/meta-data/".to_owned()),
        ("metadata2", "https://169.254.169.254/latest/meta-data/".to_owned()),
        ("metadata3", "https://metadata.google.internal/".to_owned()),
    ] {
        lab.pages.on(&format!("/{case}"), Answer::redirect(302, &location));
        let answer = proxy.get(&format!("/{PAGES}/{case}/@v/list")).await;
        assert_refused(&answer, &format!("{case}: {location}"));
        assert_eq!(trap.connections(), 0, "{location}");
    }
    let targets = lab.tunnel.targets();
    assert!(targets.iter().all(|target| target == &format!("{PAGES}:443")), "{targets:?}");
}

#[tokio::test]
async fn many_hops_are_too_many() {
    let lab = Lab::new().await;
    for hop in 0..40 {
        let next = format!("https://{PAGES}/hop{}?go-get=1", hop + 1);
        lab.pages.on(&format!("/hop{hop}"), Answer::redirect(302, &next));
    }
    let proxy = lab.builder().start().await;
    assert_refused(&proxy.get(&format!("/{PAGES}/hop0/@v/list")).await, "hops");
    assert!(lab.pages.total() <= 22, "{} requests", lab.pages.total());
}

#[tokio::test]
async fn pages_that_contradict_themselves() {
    let lab = Lab::new().await;
    let _repo = lab.repository("good", &[]);
    let repository = format!("https://{PAGES}/git/acme/good");
    let tag = |prefix: &str| meta(&format!("{PAGES}/{prefix} git {repository}"));
    for (case, page) in [
        ("noprefix", tag("elsewhere")),
        ("longer", tag("longer/than/asked")),
        ("letters", tag("letter")),
        ("two", tag("two") + &tag("two")),
        ("twovcs", tag("twovcs") + &meta(&format!("{PAGES}/twovcs hg {repository}"))),
        ("inbody", format!("<body>{}</body>", tag("inbody"))),
        ("afterhead", format!("<head></head>{}", tag("afterhead"))),
        ("comment", format!("<!-- {} -->", tag("comment"))),
        ("twofields", meta(&format!("{PAGES}/twofields git"))),
        ("fivefields", meta(&format!("{PAGES}/fivefields git {repository} sub x"))),
        ("dotdot", meta(&format!("{PAGES}/dotdot git {repository} ../../x"))),
        ("absolute", meta(&format!("{PAGES}/absolute git {repository} /etc"))),
        ("option", meta(&format!("{PAGES}/option git {repository} --output=PWN"))),
        ("vcs", meta(&format!("{PAGES}/vcs sh {repository}"))),
        ("nothing", String::new()),
        ("json", "{}".to_owned()),
        ("entities", tag("entities").replace("git ", "&#103;it&#0; ")),
        ("utf7", format!("<meta charset=utf-7>{}", tag("utf7").replace('<', "+ADw-"))),
    ] {
        lab.pages.on(&format!("/{case}"), Answer::html(page));
        let answer = proxy_get(&lab, &format!("/{PAGES}/{case}/@v/list")).await;
        assert_refused(&answer, case);
        // `go` asks the repository before it finds that there is no such folder.
        assert!(lab.git.fetches() == 0 || case == "dotdot", "{case}: {:?}", lab.git.requests());
        lab.git.reset_log();
    }
    let utf16: Vec<u8> = tag("utf16").encode_utf16().flat_map(u16::to_le_bytes).collect();
    lab.pages.on("/utf16", Answer::new(200, "text/html; charset=utf-16", utf16));
    assert_refused(&proxy_get(&lab, &format!("/{PAGES}/utf16/@v/list")).await, "utf16");
}

async fn proxy_get(lab: &Lab, path: &str) -> goproxy_testkit::Response {
    lab.builder().start().await.get(path).await
}

/// The page of the prefix has the last word.
#[tokio::test]
async fn a_prefix_that_disagrees_is_believed() {
    let lab = Lab::new().await;
    let _repo = lab.repository("good", &[]);
    let _other = lab.repository("other", &[]);
    let claim = |name: &str| meta(&format!("{PAGES}/team git https://{PAGES}/git/acme/{name}"));
    lab.pages.on("/team/sub", Answer::html(claim("good")));
    lab.pages.on("/team", Answer::html(claim("other")));
    assert_refused(&proxy_get(&lab, &format!("/{PAGES}/team/sub/@v/list")).await, "disagree");
    lab.pages.on("/team", Answer::text(404, "nothing"));
    assert_refused(&proxy_get(&lab, &format!("/{PAGES}/team/sub/@v/list")).await, "no page");
    assert_eq!(lab.git.total(), 0, "{:?}", lab.git.requests());
}

#[tokio::test]
async fn a_page_of_a_gibibyte_is_not_read() {
    let lab = Lab::new().await;
    let filler = "<p>filler</p>\n".repeat(80_000);
    lab.pages.on("/endless", Answer::html(filler).delivery(Delivery::Endless));
    let proxy = lab.builder().start().await;
    let started = Instant::now();
    assert_refused(&proxy.get(&format!("/{PAGES}/endless/@v/list")).await, "endless");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert!(peak_memory(proxy.pid()) < 64, "{} MiB", peak_memory(proxy.pid()));
}

/// Nor one whose compressed form is small.
#[tokio::test]
async fn a_compressed_page_does_not_grow() {
    let lab = Lab::new().await;
    let bomb = Answer::html(vec![b' '; 256 << 20]).gzip();
    lab.pages.on("/bomb", bomb);
    let proxy = lab.builder().start().await;
    assert_refused(&proxy.get(&format!("/{PAGES}/bomb/@v/list")).await, "bomb");
    assert!(peak_memory(proxy.pid()) < 64, "{} MiB", peak_memory(proxy.pid()));
}

#[tokio::test]
async fn a_page_that_drips_is_given_up() {
    let lab = Lab::new().await;
    let page = Answer::html("x".repeat(100_000)).delivery(Delivery::Drip(Duration::from_secs(1)));
    lab.pages.on("/drip", page);
    let proxy = lab.builder().start().await;
    let started = Instant::now();
    assert_refused(&proxy.get(&format!("/{PAGES}/drip/@v/list")).await, "drip");
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
}

/// Headers of a client, and credentials of ours, travel to no page.
#[tokio::test]
async fn pages_get_no_secrets() {
    let lab = Lab::new().await;
    lab.home.netrc("127.0.0.1", "robot", "pw-of-another-host");
    let proxy = lab.builder().start().await;
    let headers = [("Authorization", "Bearer canary-token"), ("Cookie", "a=canary"), ("X-Canary", "canary")];
    proxy.get_with(&format!("/{PAGES}/x/@v/list?canary=1"), &headers).await;
    proxy.get_with(&format!("/{PAGES}/x/@v/list"), &headers).await;
    assert!(lab.pages.total() > 0);
    for request in lab.pages.requests() {
        let sent = format!("{} {:?}", request.target, request.headers);
        assert!(!sent.contains("canary") && !sent.contains("pw-of") && !sent.contains("cm9ib3Q6"), "{sent}");
    }
}

/// With no git and no go on PATH at all, refusals stay refusals.
#[tokio::test]
async fn no_program_is_needed_to_refuse() {
    let lab = Lab::new().await;
    lab.pages.on("/x", Answer::html(meta(&format!("{PAGES}/x git ext::sh"))));
    let proxy = goproxy().args(NATIVE.iter().copied()).env("PATH", "/nonexistent").env("HTTPS_PROXY", lab.tunnel.url());
    let proxy = proxy.env("SSL_CERT_FILE", lab.pages.ca_path().unwrap()).start().await;
    assert_refused(&proxy.get(&format!("/{PAGES}/x/@v/list")).await, "ext");
}
