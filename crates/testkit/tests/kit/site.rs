//! The scripted server, seen through the raw client.

use std::time::{Duration, Instant};

use goproxy_testkit::{Answer, Delivery, ModuleFixture, Upstream, request};

#[tokio::test]
async fn serves_what_the_protocol_names_and_counts_it() {
    let upstream = Upstream::builder().base("/api/go").start().await;
    let module = ModuleFixture::new("github.com/Azure/x", "v1.0.0").origin("{\"VCS\":\"git\"}");
    upstream.add(&module).query("github.com/Azure/x", "main", "v1.0.0");
    let get = |path: &'static str| {
        let address = upstream.address();
        async move { request(address, "GET", path, &[]).await.unwrap() }
    };
    assert_eq!(get("/api/go/github.com/%21azure/x/@v/list").await.text(), "v1.0.0\n");
    assert_eq!(get("/api/go/github.com/!azure/x/@v/v1.0.0.zip").await.body, module.zip());
    assert_eq!(get("/api/go/github.com/!azure/x/@v/main.info").await.body, module.info());
    assert_eq!(get("/api/go/github.com/!azure/x/@v/v1.0.1.info").await.status, 404);
    assert_eq!(get("/github.com/!azure/x/@v/list").await.status, 404);

    assert_eq!(upstream.count("/github.com/!azure/x/@v/list"), 1);
    assert_eq!(upstream.requests()[0].target, "/api/go/github.com/%21azure/x/@v/list");
    assert_eq!(upstream.total(), 5);

    upstream.set(|knobs| knobs.no_origin = true);
    assert!(!get("/api/go/github.com/!azure/x/@latest").await.text().contains("Origin"));
    upstream.set(|knobs| knobs.reformat_info = true);
    assert!(get("/api/go/github.com/!azure/x/@latest").await.text().contains("+00:00"));
    upstream.set(|knobs| knobs.no_latest = true);
    assert_eq!(get("/api/go/github.com/!azure/x/@latest").await.status, 404);
}

#[tokio::test]
async fn latest_and_list_put_pseudo_versions_last() {
    let upstream = Upstream::start().await;
    let versions = ["v1.0.0", "v1.1.0-rc.1", "v1.0.1-0.20240102030405-abcdefabcdef"];
    upstream.add_all(&ModuleFixture::versions("example.com/m", &versions));
    let get = |path: &'static str| {
        let address = upstream.address();
        async move { request(address, "GET", path, &[]).await.unwrap().text() }
    };
    assert!(get("/example.com/m/@latest").await.contains("\"v1.0.0\""));
    assert_eq!(get("/example.com/m/@v/list").await, "v1.0.0\nv1.1.0-rc.1\n");
    upstream.set(|knobs| knobs.pseudo_in_list = true);
    assert_eq!(get("/example.com/m/@v/list").await.lines().count(), 3);
}

#[tokio::test]
async fn broken_deliveries_are_broken_as_told() {
    let upstream = Upstream::start().await;
    let body = || Answer::text(200, "0123456789");
    let cases = [
        (Delivery::Whole, "0123456789", true),
        (Delivery::Chunked, "0123456789", true),
        (Delivery::Truncated(4), "0123", false),
        (Delivery::Unterminated, "0123456789", false),
        (Delivery::Drip(Duration::from_millis(1)), "0123456789", true),
    ];
    for (delivery, sent, complete) in cases {
        upstream.on("/x", body().delivery(delivery));
        let response = request(upstream.address(), "GET", "/x", &[]).await.unwrap();
        assert_eq!((response.text().as_str(), response.complete), (sent, complete), "{delivery:?}");
    }
    upstream.on("/x", body().gzip());
    let response = request(upstream.address(), "GET", "/x", &[]).await.unwrap();
    assert_eq!(response.body[..2], [0x1f, 0x8b]);

    upstream.on("/x", body().delivery(Delivery::Reset(0)));
    let response = request(upstream.address(), "GET", "/x", &[]).await;
    assert!(response.is_err() || !response.unwrap().complete);

    upstream.on("/x", Answer::raw("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"));
    assert_eq!(request(upstream.address(), "GET", "/x", &[]).await.unwrap().headers.len(), 2);
}

#[tokio::test]
async fn a_hang_hangs_and_an_endless_body_does_not_end() {
    let upstream = Upstream::start().await;
    upstream.on("/hang", Answer::hang());
    upstream.on("/endless", Answer::text(200, "and so on ").delivery(Delivery::Endless));
    for path in ["/hang", "/endless"] {
        let asked = request(upstream.address(), "GET", path, &[]);
        assert!(tokio::time::timeout(Duration::from_millis(300), asked).await.is_err(), "{path} came to an end");
    }
}

#[tokio::test]
async fn failures_come_first_and_then_the_truth() {
    let upstream = Upstream::start().await;
    let module = ModuleFixture::new("example.com/m", "v1.0.0");
    upstream.add(&module);
    upstream.first(2, "*.info", Answer::text(503, "later\n").retry_after(1));
    upstream.first(1, "*.info", Answer::html("<html>portal</html>"));
    let path = module.url_path("info");
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(request(upstream.address(), "GET", &path, &[]).await.unwrap());
    }
    assert_eq!(seen.iter().map(|response| response.status).collect::<Vec<_>>(), [503, 503, 200, 200]);
    assert_eq!(seen[0].header("retry-after"), Some("1"));
    assert_eq!(seen[2].text(), "<html>portal</html>");
    assert_eq!(seen[3].body, module.info());

    upstream.on(&path, Answer::redirect(302, "https://elsewhere.example/"));
    let moved = request(upstream.address(), "GET", &path, &[]).await.unwrap();
    assert_eq!((moved.status, moved.header("location")), (302, Some("https://elsewhere.example/")));
    upstream.heal();
    assert_eq!(request(upstream.address(), "HEAD", &path, &[]).await.unwrap().body, b"");
    assert_eq!(upstream.count_of(&module, "info"), 6);
}

#[tokio::test]
async fn stopped_it_refuses_paused_it_waits_resumed_it_answers() {
    let upstream = Upstream::start().await;
    upstream.on("/x", Answer::text(200, "here"));
    let address = upstream.address();
    assert_eq!(request(address, "GET", "/x", &[]).await.unwrap().status, 200);

    upstream.stop().await;
    assert!(request(address, "GET", "/x", &[]).await.is_err());

    upstream.resume().await;
    assert_eq!(request(address, "GET", "/x", &[]).await.unwrap().text(), "here");

    upstream.pause();
    let waiting = tokio::spawn(async move { request(address, "GET", "/x", &[]).await });
    let start = Instant::now();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    upstream.resume().await;
    assert_eq!(waiting.await.unwrap().unwrap().text(), "here");
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_fixture_and_its_zip_are_the_same_in_every_run() {
    let module = ModuleFixture::new("example.com/m", "v1.0.0").file("a/b.txt", "text");
    let again = ModuleFixture::new("example.com/m", "v1.0.0").file("a/b.txt", "text");
    assert_eq!(module.zip(), again.zip());
    assert_eq!(module.mod_h1(), goproxy_testkit::h1([("go.mod", b"module example.com/m\n\ngo 1.17\n".as_slice())]));
    let names: Vec<_> = module.entries().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["example.com/m@v1.0.0/a/b.txt", "example.com/m@v1.0.0/go.mod", "example.com/m@v1.0.0/m.go"]);
}
