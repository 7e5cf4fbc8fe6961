//! What the upstream sees, and what comes of its answers.

use gomod::{ModulePath, ModuleVersion, Query, Version};
use goproxy_engine::{ErrorKind, Intake, Kind, Object, Source as _};

use super::{Reply, Server, store::Stages, upstream};

pub(super) fn version(path: &str, version: &str) -> ModuleVersion {
    ModuleVersion::new(ModulePath::parse(path).unwrap(), Version::parse(version).unwrap()).unwrap()
}

async fn info_server() -> Server {
    Server::start(|_, _| Reply::ok(r#"{"Version":"v1.0.0"}"#)).await
}

#[tokio::test]
async fn defect_1_6_requests_go_below_the_base_path() {
    let server = info_server().await;
    let (path, store) = (ModulePath::parse("github.com/Azure/sdk").unwrap(), Stages::new());
    for base in ["", "/", "/base/p", "/base/p/", "/a%20b"] {
        let upstream = upstream(&format!("{}{base}", server.url()));
        upstream.list(&path).await.unwrap();
        upstream.latest(&path, &Intake::new(&store)).await.unwrap();
        upstream.query(&path, &Query::parse("Feature,x").unwrap(), &Intake::new(&store)).await.unwrap();
        let fetched = upstream
            .fetch(&version("github.com/Azure/sdk", "v1.0.0-RC.1"), Kind::Mod, &Intake::new(&store))
            .await
            .unwrap();
        let wanted = Object::Module(version("github.com/Azure/sdk", "v1.0.0-RC.1"), Kind::Mod);
        assert_eq!((fetched.len(), &fetched[0].0), (1, &wanted));
    }
    let expected: Vec<String> = ["", "", "/base/p", "/base/p", "/a%20b"]
        .iter()
        .flat_map(|base| {
            ["@v/list", "@latest", "@v/%21feature%2Cx.info", "@v/v1.0.0-%21r%21c.1.mod"]
                .map(|end| format!("{base}/github.com/%21azure/sdk/{end}"))
        })
        .collect();
    assert_eq!(server.targets(), expected);
}

#[tokio::test]
async fn every_kind_has_its_file() {
    let (server, store) = (info_server().await, Stages::new());
    for kind in [Kind::Info, Kind::Mod, Kind::Zip] {
        upstream(&server.url())
            .fetch(&version("a.b/c", "v2.0.0+incompatible"), kind, &Intake::new(&store))
            .await
            .unwrap();
    }
    let base = "/a.b/c/@v/v2.0.0+incompatible";
    assert_eq!(server.targets(), [format!("{base}.info"), format!("{base}.mod"), format!("{base}.zip")]);
}

#[tokio::test]
async fn requests_are_built_from_scratch() {
    let server = info_server().await;
    upstream(&server.url()).list(&ModulePath::parse("a.b/c").unwrap()).await.unwrap();
    let mut headers = server.asked()[0].headers.clone();
    headers.sort();
    let host = format!("127.0.0.1:{}", server.port());
    let agent = format!("goproxy/{}", env!("CARGO_PKG_VERSION"));
    let expected = [("accept", "*/*"), ("accept-encoding", "identity"), ("host", &*host), ("user-agent", &*agent)];
    assert_eq!(headers, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
}

#[tokio::test]
async fn resolved_infos_are_kept_byte_for_byte_and_must_parse() {
    let odd = "{ \"Version\":\"v1.0.0\",\n\"Time\":\"2020-01-02T03:04:05+02:00\", \"Other\": 1 }";
    let (store, path) = (Stages::new(), ModulePath::parse("a.b/c").unwrap());
    let server = Server::start(move |_, _| Reply::ok(odd)).await;
    let resolved = upstream(&server.url()).latest(&path, &Intake::new(&store)).await.unwrap();
    assert_eq!((resolved.info.as_ref(), resolved.extra.len()), (odd.as_bytes(), 0));
    for junk in ["", "<html>sign in</html>", "v1.0.0"] {
        let server = Server::start(move |_, _| Reply::ok(junk)).await;
        let upstream = upstream(&server.url());
        let main = Query::parse("main").unwrap();
        assert_eq!(
            upstream.latest(&path, &Intake::new(&store)).await.unwrap_err().kind(),
            ErrorKind::Invalid,
            "{junk}"
        );
        assert_eq!(
            upstream.query(&path, &main, &Intake::new(&store)).await.unwrap_err().kind(),
            ErrorKind::Invalid,
            "{junk}"
        );
    }
}

#[tokio::test]
async fn an_empty_list_is_a_list() {
    let server = Server::start(|_, _| Reply::ok("")).await;
    assert!(upstream(&server.url()).list(&ModulePath::parse("a.b/c").unwrap()).await.unwrap().body.is_empty());
}

#[tokio::test]
async fn the_password_is_shown_nowhere() {
    let server = Server::start(|_, _| Reply::status(400)).await;
    let upstream = upstream(&format!("http://me:canary@127.0.0.1:{}/base", server.port()));
    let error = upstream.bytes("x", 9).await.unwrap_err();
    assert!(server.asked()[0].header("authorization").is_some());
    for text in [format!("{upstream}"), format!("{upstream:?}"), format!("{error:?}")] {
        assert!(!text.contains("canary") && !text.contains("bWU6Y2FuYXJ5"), "{text}");
    }
}

#[test]
fn urls_that_are_no_upstream_are_refused_without_their_password() {
    for url in
        ["ftp://me:canary@h/", "http://me:canary@proxy.example", "https://me:canary@", "file://host/x", "me:canary"]
    {
        let error = crate::Upstream::new(super::client(), url).unwrap_err();
        assert!(!error.message().contains("canary"), "{error}");
    }
}
