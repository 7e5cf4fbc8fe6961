//! Redirects are followed by us, judged hop by hop, and only their final answer counts.

use goproxy_engine::ErrorKind::{Invalid, NotFound, Unavailable};

use super::{Reply, Server, ask, client, outcome, upstream};
use crate::Upstream;

#[tokio::test]
async fn defect_1_6_a_redirect_to_a_404_is_a_404() {
    let server = Server::start(|_, asked| match asked.target.as_str() {
        "/x" => Reply::redirect("/gone"),
        _ => Reply::text(404, "no such object"),
    })
    .await;
    let error = ask(&server).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (NotFound, "no such object"));
    assert_eq!(server.targets(), ["/x", "/gone"]);
}

#[tokio::test]
async fn defect_1_6_a_relative_location_works() {
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start(move |_, asked| match asked.target.as_str() {
            "/x" => Reply::new(status, &[("Location", "other/place?sig=1")], ""),
            "/other/place?sig=1" => Reply::ok("found"),
            _ => Reply::status(500),
        })
        .await;
        assert_eq!(ask(&server).await.unwrap(), "found", "{status}");
    }
}

#[tokio::test]
async fn ten_redirects_are_followed_and_eleven_are_not() {
    for (hops, good) in [(10, true), (11, false)] {
        let reply = move |n, _: &_| if n < hops { Reply::redirect(&format!("/{n}")) } else { Reply::ok("end") };
        let server = Server::start(reply).await;
        let answer = ask(&server).await;
        assert_eq!(answer.as_ref().map_err(|e| e.kind()).ok().is_some(), good, "{answer:?}");
        assert_eq!(server.count(), 11);
    }
}

#[tokio::test]
async fn a_loop_of_redirects_ends() {
    assert_eq!(outcome(Reply::redirect("/x")).await, (Invalid, 11));
}

#[tokio::test]
async fn only_http_and_https_are_followed() {
    let dir = tempfile::tempdir().unwrap();
    let canary = dir.path().join("canary");
    std::fs::write(&canary, "canary").unwrap();
    let file = format!("file://{}", canary.display());
    for to in [file.as_str(), "file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/plain,x", "gopher://h/", "http://"]
    {
        assert_eq!(outcome(Reply::redirect(to)).await, (Invalid, 1), "{to}");
    }
}

#[tokio::test]
async fn a_redirect_without_a_place_is_unavailable() {
    assert_eq!(outcome(Reply::status(302)).await, (Unavailable, 1));
}

#[tokio::test]
async fn credentials_follow_to_the_same_origin_only() {
    let other = Server::start(|_, _| Reply::ok("elsewhere")).await;
    let to = format!("{}/b", other.url());
    let first = Server::start(move |_, asked| match asked.target.as_str() {
        "/x" => Reply::redirect("/same"),
        _ => Reply::redirect(&to),
    })
    .await;
    let url = format!("http://me:pass@127.0.0.1:{}", first.port());
    let body = Upstream::new(client(), &url).unwrap().bytes("x", 99).await.unwrap();
    assert_eq!(body, "elsewhere");
    let sent: Vec<_> = first.asked().iter().map(|a| a.header("authorization").map(str::to_owned)).collect();
    assert_eq!(sent, [Some("Basic bWU6cGFzcw==".to_owned()), Some("Basic bWU6cGFzcw==".to_owned())]);
    assert_eq!(other.asked()[0].header("authorization"), None);
}

#[tokio::test]
async fn userinfo_in_a_location_is_not_sent() {
    let server = Server::start(|_, asked| match asked.target.as_str() {
        "/x" => Reply::redirect(&format!("http://a:b@{}/y", asked.header("host").unwrap())),
        _ => Reply::ok("y"),
    })
    .await;
    assert_eq!(ask(&server).await.unwrap(), "y");
    assert!(server.asked().iter().all(|asked| asked.header("authorization").is_none()));
}

#[tokio::test]
async fn a_host_that_asked_to_be_left_alone_is_not_reached_by_redirect() {
    let tired = Server::start(|_, _| Reply::new(503, &[("Retry-After", "60")], "")).await;
    let to = tired.url();
    let first = Server::start(move |_, _| Reply::redirect(&to)).await;
    let upstream = upstream(&first.url());
    for _ in 0..2 {
        let error = upstream.bytes("x", 9).await.unwrap_err().error;
        assert_eq!(error.kind(), goproxy_engine::ErrorKind::Busy);
    }
    assert_eq!((first.count(), tired.count()), (2, 1));
}
