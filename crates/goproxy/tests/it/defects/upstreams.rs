//! What upstreams could do to the original.

use std::fs;

use goproxy_testkit::{Answer, Delivery, ModuleFixture, Upstream};

use crate::support::{PATIENCE, files, goproxy, noise, router, router_with, upstream_with};

#[tokio::test]
async fn tls_of_the_upstream_was_not_verified() {
    let upstream = Upstream::builder().tls().start().await;
    let module = ModuleFixture::new("example.com/tls", "v1.0.0");
    upstream.add(&module);
    let stranger = router(&upstream).await;
    let refused = stranger.get(&module.url_path("info")).await;
    assert_eq!(refused.status, 502, "{}", refused.text());
    let ca = upstream.ca_path().unwrap().to_owned();
    let friend = goproxy().args(["-proxy", &upstream.url()]).env("SSL_CERT_FILE", ca).start().await;
    assert_eq!(friend.get(&module.url_path("info")).await.body, module.info());
}

#[tokio::test]
async fn redirect_targets_were_stored_without_a_look_at_their_status() {
    let (upstream, module) = upstream_with("example.com/moved", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let zip = module.url_path("zip");
    upstream.on(&zip, Answer::redirect(302, "/nowhere.zip"));
    upstream.on("/nowhere.zip", Answer::html("<h1>no such page</h1>").header("X", "y"));
    for _ in 0..2 {
        let answer = proxy.get(&zip).await;
        assert_eq!(answer.status, 502, "{}", answer.text());
    }
    upstream.on("/nowhere.zip", Answer::text(404, "gone"));
    assert_eq!(proxy.get(&zip).await.status, 404);
    upstream.on("/elsewhere.zip", Answer::zip(module.zip()));
    let other = ModuleFixture::new("example.com/moved", "v1.1.0");
    upstream.on(&other.url_path("zip"), Answer::redirect(302, "/elsewhere-1.1.zip"));
    upstream.on("/elsewhere-1.1.zip", Answer::zip(other.zip()));
    let answer = proxy.get(&other.url_path("zip")).await;
    assert_eq!((answer.status, answer.header("location")), (200, None));
    assert_eq!(answer.body, other.zip(), "a relative redirect is followed for the client");
}

#[tokio::test]
async fn redirects_to_files_and_down_from_https_are_refused() {
    let (upstream, module) = upstream_with("example.com/away", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let secret = proxy.scratch_dir().join("secret.mod");
    fs::write(&secret, "module example.com/away\n").unwrap();
    upstream.on(&module.url_path("mod"), Answer::redirect(302, &format!("file://{}", secret.display())));
    assert_eq!(proxy.get(&module.url_path("mod")).await.status, 502);
    let safe = Upstream::builder().tls().start().await;
    safe.on(&module.url_path("mod"), Answer::redirect(302, &format!("{}/plain.mod", upstream.url())));
    upstream.on("/plain.mod", Answer::text(200, "module example.com/away\n"));
    let ca = safe.ca_path().unwrap().to_owned();
    let proxy = goproxy().args(["-proxy", &safe.url()]).env("SSL_CERT_FILE", ca).start().await;
    assert_eq!(proxy.get(&module.url_path("mod")).await.status, 502);
    assert_eq!(upstream.count("/plain.mod"), 0);
}

#[tokio::test]
async fn redirects_other_than_302_passed_through() {
    for status in [301, 303, 307, 308] {
        let (upstream, module) = upstream_with("example.com/redirected", "v1.0.0").await;
        upstream.on(&module.url_path("zip"), Answer::redirect(status, "/elsewhere.zip"));
        upstream.on("/elsewhere.zip", Answer::zip(module.zip()));
        let proxy = router(&upstream).await;
        for _ in 0..2 {
            let answer = proxy.get(&module.url_path("zip")).await;
            assert_eq!((answer.status, answer.header("location")), (200, None), "{status}");
            assert_eq!(answer.body, module.zip(), "{status}");
        }
        assert_eq!(upstream.count("/elsewhere.zip"), 1, "{status}: kept");
    }
}

#[tokio::test]
async fn every_error_was_a_404_with_raw_stderr() {
    let (upstream, module) = upstream_with("example.com/errors", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let info = module.url_path("info");
    for (status, expected) in [(500, 502), (502, 502), (401, 403), (403, 403), (451, 403), (410, 404), (404, 404)] {
        let version = format!("v1.0.{status}");
        let path = module.url_path("info").replace("v1.0.0", &version);
        upstream.on(&path, Answer::text(status, format!("the upstream says {status}\n")));
        let answer = proxy.get(&path).await;
        assert_eq!(answer.status, expected, "{status}: {}", answer.text());
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
        if expected < 500 {
            assert!(answer.text().contains(&format!("the upstream says {status}")), "{}", answer.text());
        }
    }
    assert_eq!(proxy.get(&info).await.status, 200);
    upstream.stop().await;
    let down = proxy.get(&info.replace("v1.0.0", "v1.9.9")).await;
    assert_eq!(down.status, 502, "{}", down.text());
    assert!(!down.text().contains(proxy.scratch_dir().to_str().unwrap()), "{}", down.text());
}

#[tokio::test]
async fn whole_zips_were_held_in_memory() {
    let upstream = Upstream::start().await;
    let module = ModuleFixture::new("example.com/big", "v1.0.0").file("noise.bin", noise(100 << 20, 1));
    let zip = module.zip();
    assert!(zip.len() > 100 << 20, "the fixture is big: {}", zip.len());
    upstream.on(&module.url_path("zip"), Answer::zip(zip.clone()));
    let proxy = router(&upstream).await;
    let answer = proxy.get(&module.url_path("zip")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.body == zip);
    let status = fs::read_to_string(format!("/proc/{}/status", proxy.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 64 << 10, "peak memory is {peak} kB for a zip of {} bytes", zip.len());
}

#[tokio::test]
async fn a_base_path_made_every_request_a_miss() {
    let upstream = Upstream::builder().base("/artifactory/api/go").start().await;
    let module = ModuleFixture::new("example.com/base", "v1.0.0");
    upstream.add(&module);
    let proxy = router(&upstream).await;
    for _ in 0..3 {
        assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip());
    }
    assert_eq!(upstream.count(&module.url_path("zip")), 1);
    assert!(proxy.download_dir().join("example.com/base/@v/v1.0.0.zip").is_file());
}

#[tokio::test]
async fn gzip_bodies_were_unpacked_into_memory() {
    let (upstream, module) = upstream_with("example.com/gzip", "v1.0.0").await;
    upstream.on(&module.url_path("zip"), Answer::zip(module.zip()).gzip());
    let proxy = router(&upstream).await;
    assert_eq!(proxy.get(&module.url_path("zip")).await.status, 502);
    upstream.heal();
    assert_eq!(proxy.get(&module.url_path("zip")).await.body, module.zip(), "a lie that was mended stops hurting");
}

#[tokio::test]
async fn broken_bodies_are_never_stored() {
    let (upstream, module) = upstream_with("example.com/broken", "v1.0.0").await;
    let proxy = router(&upstream).await;
    let (zip, body) = (module.url_path("zip"), module.zip());
    let half = body.len() / 2;
    for answer in [
        Answer::zip(body.clone()).delivery(Delivery::Truncated(half)),
        Answer::zip(body.clone()).delivery(Delivery::Reset(half)),
        Answer::zip(body.clone()).delivery(Delivery::Unterminated),
        Answer::zip(Vec::new()),
        Answer::zip(body[..half].to_vec()),
        Answer::html("<html>captive portal</html>"),
        Answer::new(206, "application/zip", body.clone()),
        Answer::new(203, "application/zip", body.clone()),
        Answer::zip(ModuleFixture::new("example.com/other", "v1.0.0").zip()),
    ] {
        upstream.on(&zip, answer.clone());
        let got = proxy.get(&zip).await;
        assert!((500..505).contains(&got.status), "{answer:?}: {} {}", got.status, got.text());
    }
    for (ext, answer) in [
        ("info", Answer::json("{\"Version\":\"v9.9.9\"}")),
        ("info", Answer::json("{}")),
        ("info", Answer::html("<html></html>")),
        ("info", Answer::json("")),
        ("mod", Answer::text(200, "")),
        ("mod", Answer::html("<html>module</html>")),
    ] {
        upstream.on(&module.url_path(ext), answer.clone());
        let got = proxy.get(&module.url_path(ext)).await;
        assert_eq!(got.status, 502, "{answer:?}: {}", got.text());
    }
    upstream.on("/example.com/broken/@v/list", Answer::html("<html></html>"));
    assert_eq!(proxy.get("/example.com/broken/@v/list").await.status, 502);
    let stored: Vec<_> = files(&proxy.download_dir());
    assert!(stored.is_empty(), "{stored:?}");
    upstream.heal();
    for (ext, expected) in [("zip", module.zip()), ("info", module.info()), ("mod", module.mod_file())] {
        assert_eq!(proxy.get(&module.url_path(ext)).await.body, expected, "{ext}");
    }
}

#[tokio::test]
async fn upstreams_had_no_time_limit() {
    let (upstream, module) = upstream_with("example.com/slow", "v1.0.0").await;
    let proxy = router_with(&upstream, &["-responseTimeout", "300ms", "-idleTimeout", "300ms"]).await;
    let half = module.zip().len() / 2;
    for answer in [Answer::hang(), Answer::zip(module.zip()).delivery(Delivery::Hang(half))] {
        upstream.on(&module.url_path("zip"), answer);
        let answer = tokio::time::timeout(PATIENCE, proxy.get(&module.url_path("zip"))).await.expect("in time");
        assert_eq!(answer.status, 504, "{}", answer.text());
    }
    assert!(files(&proxy.download_dir()).is_empty());
}
