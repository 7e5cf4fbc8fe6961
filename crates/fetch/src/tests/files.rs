//! `file://` upstreams.

use std::{fs, os::unix::fs::PermissionsExt as _};

use gomod::{ModulePath, Query};
use goproxy_engine::{ErrorKind, Intake, Kind, Source as _};
use tempfile::TempDir;

use super::{store::Stages, upstream, wire::version};
use crate::Upstream;

fn cache(files: &[(&str, &str)]) -> (TempDir, Upstream) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("a b");
    for (name, content) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let upstream = upstream(&format!("file://{}/a%20b", dir.path().display()));
    (dir, upstream)
}

#[tokio::test]
async fn a_module_cache_is_an_upstream() {
    let info = r#"{"Version":"v1.0.0"}"#;
    let (_dir, upstream) = cache(&[
        ("github.com/!azure/x/@v/list", "v1.0.0\nv0.9.0\n"),
        ("github.com/!azure/x/@latest", info),
        ("github.com/!azure/x/@v/main.info", info),
        ("github.com/!azure/x/@v/v1.0.0.zip", "zipped"),
    ]);
    let (path, store) = (ModulePath::parse("github.com/Azure/x").unwrap(), Stages::new());
    assert_eq!(upstream.list(&path).await.unwrap().body, "v1.0.0\nv0.9.0\n");
    assert_eq!(upstream.latest(&path, &Intake::new(&store)).await.unwrap().info, info);
    assert_eq!(upstream.query(&path, &Query::parse("main").unwrap(), &Intake::new(&store)).await.unwrap().info, info);
    let fetched =
        upstream.fetch(&version("github.com/Azure/x", "v1.0.0"), Kind::Zip, &Intake::new(&store)).await.unwrap();
    assert_eq!(fetched[0].1.len(), 6);
    assert_eq!(store.left(), [b"zipped"]);
}

#[tokio::test]
async fn what_is_missing_is_not_found() {
    let (_dir, upstream) = cache(&[("a.b/c/@v/list", ""), ("a.b/c/@v/v1.0.0.mod/x", ""), ("a.b/d/@v", "")]);
    let (path, store) = (ModulePath::parse("a.b/c").unwrap(), Stages::new());
    assert_eq!(upstream.latest(&path, &Intake::new(&store)).await.unwrap_err().kind(), ErrorKind::NotFound);
    // A directory where the file should be, and a file where the directory should be.
    let directory = upstream.fetch(&version("a.b/c", "v1.0.0"), Kind::Mod, &Intake::new(&store)).await.unwrap_err();
    assert_eq!(directory.kind(), ErrorKind::NotFound);
    let file = upstream.list(&ModulePath::parse("a.b/d").unwrap()).await.unwrap_err();
    assert_eq!((file.kind(), file.message()), (ErrorKind::NotFound, "not found"));
}

#[tokio::test]
async fn nothing_outside_the_directory_is_read() {
    let (dir, upstream) = cache(&[("a.b/c/@v/list", "")]);
    fs::write(dir.path().join("canary"), "canary").unwrap();
    for path in ["../canary", "a.b/../../canary", "a.b/%2e%2e/%2e%2e/canary", "/etc/passwd", "a.b%2f..%2f..%2fcanary"] {
        assert_eq!(upstream.bytes(path, 99).await.unwrap_err().error.kind(), ErrorKind::NotFound, "{path}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_invalid() {
    let (_dir, upstream) = cache(&[("x", "0123456789")]);
    assert_eq!(upstream.bytes("x", 9).await.unwrap_err().error.kind(), ErrorKind::Invalid);
    assert_eq!(upstream.bytes("x", 10).await.unwrap(), "0123456789");
}

#[tokio::test]
async fn what_is_forbidden_is_refused() {
    let (dir, upstream) = cache(&[("x", "secret")]);
    let file = dir.path().join("a b/x");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    let answer = upstream.bytes("x", 99).await.map_err(|failure| failure.error.kind());
    // Root reads everything; the rule is the same, so the file system is asked what it says.
    let readable = fs::read(&file).is_ok();
    assert_eq!(answer, if readable { Ok("secret".into()) } else { Err(ErrorKind::Refused) });
}
