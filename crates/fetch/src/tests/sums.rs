//! Which way to the checksum database.

use std::time::Duration;

use goproxy_engine::{ErrorKind, Result, SumSource as _};

use super::{Reply, Server, client, upstream};
use crate::{SumProxy, SumRoute, SumTarget};

const NAME: &str = "sum.example.org";

async fn database() -> Server {
    Server::start(|_, _| Reply::ok("from the database")).await
}

/// An upstream that answers `supported` so.
async fn proxy(supported: Reply) -> Server {
    Server::start(move |_, asked| match asked.target.ends_with("/supported") {
        true => supported.clone(),
        false => Reply::ok("from the proxy"),
    })
    .await
}

fn via(server: &Server, on_any_error: bool) -> SumRoute {
    SumRoute::Proxy { upstream: upstream(&server.url()), on_any_error }
}

fn sums(database: &Server, routes: Vec<SumRoute>) -> SumProxy {
    SumProxy::new(&client(), [SumTarget { name: NAME, url: &database.url(), only_there: false }], routes).unwrap()
}

async fn latest(sums: &SumProxy) -> Result<String> {
    sums.get(NAME, "latest", 999).await.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn without_upstreams_the_database_is_asked() {
    let db = database().await;
    let sums = sums(&db, Vec::new());
    assert_eq!(latest(&sums).await.unwrap(), "from the database");
    sums.get(NAME, "lookup/github.com/!azure/x@v1.0.0", 999).await.unwrap();
    assert_eq!(db.targets(), ["/latest", "/lookup/github.com/!azure/x@v1.0.0"]);
}

#[tokio::test]
async fn an_upstream_that_supports_it_is_used_for_everything_and_asked_once() {
    let (db, proxy) = (database().await, proxy(Reply::ok("")).await);
    let sums = sums(&db, vec![via(&proxy, false), SumRoute::Direct]);
    let both = futures_util::future::join(latest(&sums), latest(&sums)).await;
    assert_eq!((both.0.unwrap(), both.1.unwrap()), ("from the proxy".into(), "from the proxy".into()));
    sums.get(NAME, "tile/8/0/x001/234", 9999).await.unwrap();
    let base = format!("/sumdb/{NAME}");
    let expected = ["supported", "latest", "latest", "tile/8/0/x001/234"].map(|end| format!("{base}/{end}"));
    assert_eq!((proxy.targets(), db.count()), (expected.to_vec(), 0));
}

#[tokio::test]
async fn a_database_with_a_url_of_its_own_is_asked_there_only() {
    let (db, proxy) = (database().await, proxy(Reply::ok("")).await);
    let target = SumTarget { name: NAME, url: &db.url(), only_there: true };
    let sums = SumProxy::new(&client(), [target], vec![via(&proxy, true), SumRoute::Off]).unwrap();
    assert_eq!(latest(&sums).await.unwrap(), "from the database");
    assert_eq!(proxy.count(), 0);
}

#[tokio::test]
async fn a_definite_no_leads_to_the_next_way_and_is_remembered() {
    for status in [400, 401, 403, 404, 405, 410, 501] {
        let (db, proxy) = (database().await, proxy(Reply::status(status)).await);
        let sums = sums(&db, vec![via(&proxy, false)]);
        for _ in 0..3 {
            assert_eq!(latest(&sums).await.unwrap(), "from the database", "{status}");
        }
        assert_eq!((proxy.count(), db.count()), (1, 3), "{status}");
    }
}

#[tokio::test]
async fn the_second_upstream_is_asked_where_the_first_says_no() {
    let (db, first, second) = (database().await, proxy(Reply::status(404)).await, proxy(Reply::ok("")).await);
    let sums = sums(&db, vec![via(&first, false), via(&second, false)]);
    assert_eq!(latest(&sums).await.unwrap(), "from the proxy");
    assert_eq!((first.count(), second.count(), db.count()), (1, 2, 0));
}

#[tokio::test]
async fn a_failing_upstream_is_a_failure_behind_a_comma_and_not_behind_a_bar() {
    let hanging = Reply::default().wait(Duration::from_secs(60));
    for (reply, kind) in [
        (Reply::status(500), ErrorKind::Unavailable),
        (Reply::status(503), ErrorKind::Busy),
        (hanging, ErrorKind::Timeout),
    ] {
        let (db, proxy) = (database().await, proxy(reply).await);
        let strict = sums(&db, vec![via(&proxy, false)]);
        assert_eq!(latest(&strict).await.unwrap_err().kind(), kind);
        assert_eq!(db.count(), 0);
        let lenient = sums(&db, vec![via(&proxy, true)]);
        assert_eq!(latest(&lenient).await.unwrap(), "from the database");
    }
}

#[tokio::test]
async fn a_failure_is_not_remembered() {
    let db = database().await;
    let proxy = Server::start(|n, _| if n == 0 { Reply::status(505) } else { Reply::ok("well again") }).await;
    let sums = sums(&db, vec![via(&proxy, false)]);
    assert_eq!(latest(&sums).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(latest(&sums).await.unwrap(), "well again");
}

/// A login page says 200 to everything. An hour long nothing new could be verified.
#[tokio::test]
async fn a_yes_that_was_a_lie_went_on_hurting() {
    let db = database().await;
    let proxy = Server::start(|n, _| if n < 2 { Reply::ok("<html>log in") } else { Reply::status(404) }).await;
    let sums = sums(&db, vec![via(&proxy, false)]);
    assert_eq!(latest(&sums).await.unwrap(), "<html>log in");
    assert_eq!(latest(&sums).await.unwrap_err().kind(), ErrorKind::NotFound, "a yes of this moment counts");
    sums.grow_older(Duration::from_secs(6)).await;
    assert_eq!(latest(&sums).await.unwrap(), "from the database");
    assert_eq!((latest(&sums).await.unwrap(), proxy.count()), ("from the database".into(), 5), "now it is a no");
}

/// What the database has no record of is no reason to ask elsewhere.
#[tokio::test]
async fn an_absence_stays_one_where_the_upstream_stands_by_its_word() {
    let db = database().await;
    let proxy = Server::start(|_, asked| match asked.target.ends_with("/supported") {
        true => Reply::ok(""),
        false => Reply::text(404, "not found: unknown revision"),
    })
    .await;
    let sums = sums(&db, vec![via(&proxy, false)]);
    for _ in 0..3 {
        assert_eq!(latest(&sums).await.unwrap_err().kind(), ErrorKind::NotFound);
        sums.grow_older(Duration::from_secs(6)).await;
    }
    assert_eq!((proxy.count(), db.count()), (3 + 1 + 2, 0));
}

#[tokio::test]
async fn off_asks_nobody() {
    let (db, proxy) = (database().await, proxy(Reply::status(404)).await);
    let switched_off = sums(&db, vec![SumRoute::Off]);
    assert_eq!(latest(&switched_off).await.unwrap_err().kind(), ErrorKind::Refused);
    let after_no = sums(&db, vec![via(&proxy, false), SumRoute::Off]);
    assert_eq!(latest(&after_no).await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(db.count(), 0);
}

#[tokio::test]
async fn only_the_databases_own_word_makes_a_lookup_absent() {
    let absent = Server::start(|_, _| Reply::text(404, "not found: a.b/c@v1.0.0: unknown revision")).await;
    let error = latest(&sums(&absent, Vec::new())).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::NotFound, "not found: a.b/c@v1.0.0: unknown revision"));
    let broken = Server::start(|_, _| Reply::text(500, "not found")).await;
    assert_eq!(latest(&sums(&broken, Vec::new())).await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn databases_that_are_not_configured_are_not_asked() {
    let db = database().await;
    let sums = sums(&db, Vec::new());
    assert_eq!(sums.get("sum.other.org", "latest", 9).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(db.count(), 0);
}

#[tokio::test]
async fn bodies_are_bounded() {
    let db = Server::start(|_, _| Reply::ok("0123456789")).await;
    let sums = sums(&db, Vec::new());
    assert_eq!(sums.get(NAME, "latest", 9).await.unwrap_err().kind(), ErrorKind::Invalid);
}
