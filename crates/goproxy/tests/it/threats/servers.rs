//! Git servers that are slow, large, old, or lead elsewhere.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use goproxy_testkit::{Answer, Delivery, GitRepo, Site, SiteOptions};

use super::{
    judge::Judge,
    lab::{Lab, Trap, assert_refused, peak_memory},
    script::{capabilities, packet, result},
};

/// A server of one kind of answer, for everything below `https://github.com/far/`.
async fn far(lab: &Lab, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Site {
    let site = Site::start(SiteOptions::default(), move |request| {
        let answer = answer(&request.path);
        async move { answer }
    });
    let site = site.await;
    lab.home.instead_of("https://github.com/far/", &format!("{}/", site.url()));
    site
}

#[tokio::test]
async fn a_server_that_trickles_is_given_up_and_holds_up_nobody() {
    let lab = Lab::new().await;
    let _repo = lab.repository("near", &[]);
    let _site = far(&lab, |_| capabilities().delivery(Delivery::Drip(Duration::from_secs(1)))).await;
    let proxy = lab.builder().args(["-directTimeout", "5s"]).start().await;
    let address = proxy.address();
    let slow: Vec<_> = (0..64)
        .map(|number| {
            tokio::spawn(async move {
                let path = format!("/github.com/far/slow{}/@v/list", number % 16);
                let started = Instant::now();
                (goproxy_testkit::request(address, "GET", &path, &[]).await.unwrap(), started.elapsed())
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let started = Instant::now();
    let near = proxy.get("/github.com/acme/near/@v/v1.0.0.zip").await;
    assert_eq!(near.status, 200, "{} {}", near.text(), proxy.log());
    assert!(started.elapsed() < Duration::from_secs(4), "another host waits: {:?}", started.elapsed());
    for task in slow {
        let (answer, took) = task.await.unwrap();
        assert_refused(&answer, "trickle");
        // Sixteen repositories, some at a time, five seconds each.
        assert!(took < Duration::from_secs(60), "{took:?}");
    }
}

#[tokio::test]
async fn a_million_refs_stay_bounded() {
    let lab = Lab::new().await;
    let mut body = Vec::with_capacity(80 << 20);
    for number in 0..1_000_000 {
        body.extend(packet(format!("{number:040x} refs/heads/b{number}\n").as_bytes()));
    }
    body.extend(b"0000");
    let listing = result(body);
    let _site =
        far(&lab, move |path| if path.ends_with("/info/refs") { capabilities() } else { listing.clone() }).await;
    let proxy = lab.builder().start().await;
    let started = Instant::now();
    let answer = proxy.get("/github.com/far/refs/@v/list").await;
    assert!(answer.status == 200 && answer.body.is_empty() || answer.status >= 400, "{}", answer.status);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert!(peak_memory(proxy.pid()) < 384, "{} MiB", peak_memory(proxy.pid()));
    assert_eq!(proxy.get("/healthz").await.status, 200);
}

/// An endless list of refs ends at a limit.
#[tokio::test]
async fn endless_refs_end() {
    let lab = Lab::new().await;
    let lines: String = (0..1_000).map(|n| format!("003e{} refs/heads/{n:04}\n", "a".repeat(40))).collect();
    let endless = result(lines.into_bytes()).delivery(Delivery::Endless);
    let _site =
        far(&lab, move |path| if path.ends_with("/info/refs") { capabilities() } else { endless.clone() }).await;
    let proxy = lab.builder().args(["-directTimeout", "60s"]).start().await;
    assert_refused(&proxy.get("/github.com/far/refs/@v/list").await, "endless refs");
    assert!(peak_memory(proxy.pid()) < 512, "{} MiB", peak_memory(proxy.pid()));
}

/// Where a server redirects: to another host never, however it is called.
#[tokio::test]
async fn servers_redirect_to_nobody_else() {
    let (lab, trap) = (Lab::new().await, Trap::new());
    // Requests for names and addresses that are not ours end here, and are seen.
    let gateway = Site::start(SiteOptions::default(), |_| async { Answer::text(200, "got you") }).await;
    let targets = [
        format!("http://127.0.0.1:{}/x", trap.port),
        format!("http://localhost:{}/x", trap.port),
        format!("http://[::1]:{}/x", trap.port),
        format!("//127.0.0.1:{}/x", trap.port),
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/".to_owned(),
        "http://metadata.google.internal/computeMetadata/v1/".to_owned(),
        "http://10.0.0.1/x".to_owned(),
        "file:///etc/passwd".to_owned(),
        format!("git://127.0.0.1:{}/x", trap.port),
        format!("ssh://127.0.0.1:{}/x", trap.port),
        "ext::sh -c touch% PWN".to_owned(),
    ];
    let locations = targets.clone();
    let site = far(&lab, move |path| {
        let number: usize = path.split('/').nth(1).and_then(|name| name.strip_prefix('r')?.parse().ok()).unwrap_or(0);
        let (number, late) = (number % 100, number >= 100);
        let below = path.find("/info/refs").map_or("/git-upload-pack", |_| "/info/refs?service=git-upload-pack");
        if late && path.ends_with("/info/refs") {
            return capabilities();
        }
        Answer::redirect([301, 302, 307, 308][number % 4], &format!("{}{below}", locations[number]))
    })
    .await;
    let proxy = lab.builder().env("HTTP_PROXY", gateway.url()).env("NO_PROXY", "127.0.0.1,localhost,::1").start().await;
    let before = lab.snapshot();
    for (number, target) in targets.iter().enumerate() {
        for late in [0, 100] {
            let started = Instant::now();
            let answer = proxy.get(&format!("/github.com/far/r{}/@v/list", number + late)).await;
            assert_refused(&answer, target);
            assert_eq!(trap.connections(), 0, "{target}: {}", proxy.log());
            assert_eq!(gateway.total(), 0, "{target}: {:?}", gateway.requests());
            assert!(started.elapsed() < Duration::from_secs(10), "{target}: {:?}", started.elapsed());
        }
    }
    assert!(site.total() > 0);
    assert!(lab.spy.calls_of("ssh").is_empty());
    lab.assert_untouched(&proxy, &before, "redirects");
}

/// A repository that was renamed on its own host is followed, as `go` follows it.
#[tokio::test]
async fn a_renamed_repository_is_followed() {
    let lab = Lab::new().await;
    let _repo = lab.repository("new", &[]);
    for service in ["info/refs", "git-upload-pack"] {
        let to = format!("{}/acme/new/{service}?service=git-upload-pack", lab.git.url());
        lab.git.on(&format!("/acme/old/{service}"), Answer::redirect(301, &to));
    }
    let proxy = lab.builder().start().await;
    let list = proxy.get("/github.com/acme/old/@v/list").await;
    assert_eq!((list.status, list.text().as_str()), (200, "v1.0.0\n"), "{}", proxy.log());
    assert!(proxy.get("/github.com/acme/old/@v/v1.0.0.info").await.text().contains("github.com/acme/old"));
}

/// Loose objects, packs and refs as plain files: the dumb protocol.
#[tokio::test]
async fn a_dumb_server_gives_the_same_answers() {
    let lab = Lab::new().await;
    let repo: GitRepo = lab.repository("dumb", &[("x/y.go", "package y\n"), (".gitattributes", "*.txt eol=crlf\n")]);
    repo.commit(&[("z.txt", "one\n")]);
    repo.tag("v1.1.0");
    repo.git(&["gc", "-q"]);
    repo.commit(&[("loose.go", "package lib\n")]);
    repo.tag("v1.2.0");
    repo.git(&["update-server-info"]);
    let root: PathBuf = repo.git_dir();
    let _site = far(&lab, move |path| {
        let file = path.strip_prefix("/dumb/").or_else(|| path.strip_prefix("/dumb.git/")).unwrap_or("none");
        match fs::read(root.join(file)) {
            Ok(bytes) if !file.contains("..") => Answer::new(200, "text/plain", bytes),
            _ => Answer::text(404, "no such file\n"),
        }
    })
    .await;
    let proxy = lab.builder().start().await;
    let list = proxy.get("/github.com/far/dumb/@v/list").await;
    assert_eq!((list.status, list.text().as_str()), (200, "v1.0.0\nv1.1.0\nv1.2.0\n"), "{}", proxy.log());
    let Some(judge) = Judge::new("dumb", &lab, &proxy).await else { return };
    for version in ["v1.0.0", "v1.1.0", "v1.2.0"] {
        assert!(judge.assert_same(&format!("github.com/far/dumb@{version}"), "dumb").await);
    }
}

/// Too many requests: a pause is kept, and said.
#[tokio::test]
async fn a_server_that_asks_for_a_pause_gets_one() {
    let lab = Lab::new().await;
    let site = far(&lab, |_| Answer::text(429, "slow down\n").retry_after(30)).await;
    let proxy = lab.builder().start().await;
    let first = proxy.get("/github.com/far/busy/@v/list").await;
    assert!((500..=504).contains(&first.status) || first.status == 429, "{} {}", first.status, first.text());
    let asked = site.total();
    for path in ["busy/@v/list", "busy/@latest", "busy/@v/v1.0.0.info", "other/@v/list"] {
        assert!(proxy.get(&format!("/github.com/far/{path}")).await.status >= 429, "{path}");
    }
    assert_eq!(site.total(), asked, "{:?}", site.requests());
}
