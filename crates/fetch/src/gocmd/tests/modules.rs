//! What is listed, resolved and downloaded, kind by kind of module.

use goproxy_engine::{ErrorKind, Kind};

use super::world::{World, fetch, file, list, resolve, version_of};
use crate::exec::Exec;

#[tokio::test]
async fn tags_branches_and_hashes() {
    let Some(world) = World::new() else { return };
    let repo = world.repo("acme/plain").await;
    repo.write("go.mod", "module github.com/acme/plain\n\ngo 1.20\n").commit(&["v1.0.0", "not-semver", "v1.2"]).await;
    repo.write("a.go", "package plain\n")
        .commit(&["v1.1.0-rc.1", "v1.1.0", "v0.0.0-20200101000000-abcdefabcdef"])
        .await;
    repo.git(&["branch", "dev"]).await;
    repo.write("b.go", "package plain\n").commit(&[]).await;
    let (go, m) = (world.command(), "github.com/acme/plain");

    assert_eq!(list(&go, m).await.unwrap(), ["v1.0.0", "v1.1.0-rc.1", "v1.1.0"]);
    let (latest, extra) = resolve(&go, m, "latest").await.unwrap();
    assert_eq!(version_of(&latest), "v1.1.0");
    assert_eq!(extra, [format!("{m}@v1.1.0.info"), format!("{m}@v1.1.0.mod")]);
    assert_eq!(latest, file(&go, &format!("{m}@v1.1.0"), Kind::Info).await.unwrap());

    let (dev, extra) = resolve(&go, m, "dev").await.unwrap();
    assert!(version_of(&dev) == "v1.1.0" && dev.contains("refs/heads/dev"), "{dev}");
    assert_eq!(extra, [format!("{m}@v1.1.0.mod")], "its .info names the branch, so it is not the version's own");

    let hash = repo.git(&["rev-parse", "HEAD"]).await;
    let (main, extra) = resolve(&go, m, "main").await.unwrap();
    let pseudo = version_of(&main);
    assert!(pseudo.starts_with("v1.1.1-0.") && pseudo.ends_with(&hash[..12]), "{pseudo}");
    assert_eq!(extra.len(), 2, "a pseudo-version has one .info only: {extra:?}");
    for query in ["HEAD", &hash, &hash[..7]] {
        assert_eq!(version_of(&resolve(&go, m, query).await.unwrap().0), pseudo, "{query}");
    }
    assert_eq!(version_of(&resolve(&go, m, "not-semver").await.unwrap().0), "v1.0.0");
    assert_eq!(version_of(&resolve(&go, m, "v1").await.unwrap().0), "v1.1.0");
    let pseudo = file(&go, &format!("{m}@{pseudo}"), Kind::Info).await.unwrap();
    assert!(pseudo.contains(&hash) && !pseudo.contains("\"Ref\""), "{pseudo}");
    assert_eq!(list(&go, m).await.unwrap().len(), 3, "a list does not grow by what was fetched");
}

#[tokio::test]
async fn info_and_mod_come_together_and_whole() {
    let Some(world) = World::new() else { return };
    let gomod = "module github.com/acme/plain // no newline at the end\r\n\r\ngo 1.20";
    let repo = world.repo("acme/plain").await;
    repo.write("go.mod", gomod).commit(&["v1.0.0"]).await;
    let hash = repo.git(&["rev-parse", "HEAD"]).await;
    let go = world.command();
    let files = fetch(&go, "github.com/acme/plain@v1.0.0", Kind::Mod).await.unwrap();
    assert_eq!(files.iter().map(|f| f.0).collect::<Vec<_>>(), ["mod", "info"]);
    assert_eq!(files[0].1, gomod.as_bytes());
    let info: serde_json::Value = serde_json::from_slice(&files[1].1).unwrap();
    let origin = serde_json::json!({"VCS": "git", "URL": "https://github.com/acme/plain", "Hash": hash, "Ref": "refs/tags/v1.0.0"});
    assert_eq!((&info["Version"], &info["Origin"]), (&"v1.0.0".into(), &origin));
    assert!(info["Time"].as_str().unwrap().ends_with('Z') && files[1].1.ends_with(b"}}"));
}

#[tokio::test]
async fn without_go_mod() {
    let Some(world) = World::new() else { return };
    world.repo("acme/old").await.write("a.go", "package old\n").commit(&["v1.0.0", "v2.0.0", "v2.1.0"]).await;
    let (go, m) = (world.command(), "github.com/acme/old");
    assert_eq!(list(&go, m).await.unwrap(), ["v1.0.0", "v2.0.0+incompatible", "v2.1.0+incompatible"]);
    for version in ["v1.0.0", "v2.0.0+incompatible"] {
        let files = fetch(&go, &format!("{m}@{version}"), Kind::Zip).await.unwrap();
        assert_eq!(files.iter().map(|f| f.0).collect::<Vec<_>>(), ["zip", "info", "mod"]);
        assert_eq!(files[2].1, b"module github.com/acme/old\n");
    }
    // As go's clients ask for it: by a version that is not canonical for the path.
    assert_eq!(version_of(&resolve(&go, m, "v2.1.0").await.unwrap().0), "v2.1.0+incompatible");
}

#[tokio::test]
async fn major_versions_and_subdirectories() {
    let Some(world) = World::new() else { return };
    let repo = world.repo("acme/mono").await;
    repo.write("go.mod", "module github.com/acme/mono\n").write("lib/go.mod", "module github.com/acme/mono/lib\n");
    repo.write("lib/v2/go.mod", "module github.com/acme/mono/lib/v2\n")
        .write("new/go.mod", "module github.com/acme/mono/new\n");
    repo.write("plain/a.go", "package plain\n").commit(&["v1.0.0", "lib/v1.0.0", "lib/v2.0.0"]).await;
    repo.write("go.mod", "module github.com/acme/mono/v3\n").commit(&["v3.0.0"]).await;
    let go = world.command();
    for (module, versions) in [
        ("github.com/acme/mono", &["v1.0.0"][..]),
        ("github.com/acme/mono/v3", &["v3.0.0"]),
        ("github.com/acme/mono/lib", &["v1.0.0"]),
        ("github.com/acme/mono/lib/v2", &["v2.0.0"]),
        ("github.com/acme/mono/new", &[]),
    ] {
        assert_eq!(list(&go, module).await.unwrap(), versions, "{module}");
    }
    for absent in ["plain", "nowhere", "lib/v3", "v2"] {
        let error = list(&go, &format!("github.com/acme/mono/{absent}")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{absent}: {error}");
    }
    let gomod = file(&go, "github.com/acme/mono/lib/v2@v2.0.0", Kind::Mod).await.unwrap();
    assert_eq!(gomod, "module github.com/acme/mono/lib/v2\n");
    let (latest, _) = resolve(&go, "github.com/acme/mono/new", "latest").await.unwrap();
    assert!(version_of(&latest).starts_with("v0.0.0-2") && latest.contains("\"Subdir\":\"new\""), "{latest}");
    assert_eq!(version_of(&resolve(&go, "github.com/acme/mono/v3", "main").await.unwrap().0), "v3.0.0");
}

#[tokio::test]
async fn retracted_versions_are_listed_and_not_latest() {
    let Some(world) = World::new() else { return };
    let repo = world.repo("acme/retracts").await;
    repo.write("go.mod", "module github.com/acme/retracts\n").commit(&["v1.0.0", "v1.1.0"]).await;
    repo.write("go.mod", "module github.com/acme/retracts\n\nretract [v1.1.0, v1.2.0]\n").commit(&["v1.2.0"]).await;
    let (go, m) = (world.command(), "github.com/acme/retracts");
    assert_eq!(list(&go, m).await.unwrap(), ["v1.0.0", "v1.1.0", "v1.2.0"]);
    assert_eq!(version_of(&resolve(&go, m, "latest").await.unwrap().0), "v1.0.0");
    assert!(file(&go, &format!("{m}@v1.2.0"), Kind::Mod).await.unwrap().contains("retract"));
}

#[tokio::test]
async fn a_list_survives_a_latest_that_cannot_be() {
    let Some(world) = World::new() else { return };
    let repo = world.repo("acme/broken").await;
    repo.write("go.mod", "module github.com/acme/broken\n").commit(&["v1.0.0"]).await;
    repo.write("go.mod", "module github.com/acme/elsewhere/v7\n").commit(&["v1.1.0"]).await;
    let (go, m) = (world.command(), "github.com/acme/broken");
    assert_eq!(list(&go, m).await.unwrap(), ["v1.0.0", "v1.1.0"]);
    assert_eq!(resolve(&go, m, "latest").await.unwrap_err().kind(), ErrorKind::NotFound);
    // A repository without a commit is known, and has no versions.
    world.repo("acme/unborn").await;
    assert!(list(&go, "github.com/acme/unborn").await.unwrap().is_empty());
    assert_eq!(resolve(&go, "github.com/acme/unborn", "latest").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn capitals_in_path_and_version() {
    let Some(world) = World::new() else { return };
    world.repo("Acme/UPPER").await.write("go.mod", "module github.com/Acme/UPPER\n").commit(&["v1.0.0-RC1"]).await;
    let (go, m) = (world.command(), "github.com/Acme/UPPER");
    assert_eq!(list(&go, m).await.unwrap(), ["v1.0.0-RC1"]);
    assert_eq!(file(&go, &format!("{m}@v1.0.0-RC1"), Kind::Mod).await.unwrap(), "module github.com/Acme/UPPER\n");
}

#[tokio::test]
async fn the_zip_is_the_one_that_go_makes() {
    let Some(world) = World::new() else { return };
    let repo = world.repo("acme/zipped").await;
    repo.write("go.mod", "module github.com/acme/zipped\n").write("LICENSE", "free\n").write("a/b.go", "package a\n");
    repo.write("nested/go.mod", "module x\n").write(".gitattributes", "*.txt eol=crlf\na export-ignore\n");
    repo.write("t.txt", "line\n").commit(&["v1.0.0"]).await;
    let files = fetch(&world.command(), "github.com/acme/zipped@v1.0.0", Kind::Zip).await.unwrap();

    // The same, without anything of ours around it.
    let plain =
        [("GOPROXY", "direct"), ("GOSUMDB", "off"), ("GOFLAGS", "-modcacherw")].map(|(n, v)| (n.into(), v.into()));
    let gopath = [("GOPATH".into(), world.path("reference").into())];
    let exec = Exec::new(&world.go).args(["mod", "download", "-json", "github.com/acme/zipped@v1.0.0"]);
    let done = exec.envs(world.env()).envs(plain).envs(gopath).cwd(&world.path("home")).run().await.unwrap();
    let reference: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();

    // Byte for byte, so its h1 is the one of every go.sum.
    assert!(reference["Sum"].as_str().unwrap().starts_with("h1:"));
    assert_eq!(files[0].1, std::fs::read(reference["Zip"].as_str().unwrap()).unwrap());
}

#[tokio::test]
async fn a_zip_that_is_refused_takes_neither_info_nor_mod_with_it() {
    let Some(world) = World::new() else { return };
    let repo = world.repo("acme/badname").await;
    repo.write("go.mod", "module github.com/acme/badname\n").write("a:b.txt", "x").commit(&["v1.0.0"]).await;
    let (go, m) = (world.command(), "github.com/acme/badname@v1.0.0");
    let error = fetch(&go, m, Kind::Zip).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.message().contains("malformed file path \"a:b.txt\": invalid char ':'"), "{error}");
    // Alone, and while the zip is being tried.
    assert!(file(&go, m, Kind::Info).await.is_ok() && file(&go, m, Kind::Mod).await.is_ok());
    let (zip, info) = tokio::join!(fetch(&go, m, Kind::Zip), file(&go, m, Kind::Info));
    assert!(zip.is_err() && info.is_ok());
}

#[tokio::test]
async fn a_go_line_newer_than_the_host_is_no_reason_to_refuse_info_mod_and_list() {
    let Some(world) = World::new() else { return };
    world
        .repo("acme/newer")
        .await
        .write("go.mod", "module github.com/acme/newer\n\ngo 1.999\n")
        .commit(&["v1.0.0"])
        .await;
    let (go, m) = (world.command(), "github.com/acme/newer");
    assert_eq!(list(&go, m).await.unwrap(), ["v1.0.0"]);
    assert_eq!(version_of(&resolve(&go, m, "latest").await.unwrap().0), "v1.0.0");
    let files = fetch(&go, "github.com/acme/newer@v1.0.0", Kind::Info).await.unwrap();
    assert_eq!(files[1], ("mod", b"module github.com/acme/newer\n\ngo 1.999\n".to_vec()));
    let error = fetch(&go, "github.com/acme/newer@v1.0.0", Kind::Zip).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "not absent: the host is too old");
    assert!(error.message().contains("requires go >= 1.999"), "{error}");
}

#[tokio::test]
async fn a_newer_toolchain_of_the_host_makes_the_zip_that_its_go_refuses() {
    let Some(world) = World::new() else { return };
    world
        .repo("acme/newer")
        .await
        .write("go.mod", "module github.com/acme/newer\n\ngo 1.999\n")
        .commit(&["v1.0.0"])
        .await;
    // Stands in for what golang.org/dl installs.
    let script = world.script("f=$GOMODCACHE/cache/download/github.com/acme/newer/@v/v1.0.0.zip; echo zip >$f; echo '{\"Version\":\"v1.0.0\"}'");
    std::fs::create_dir(world.path("bin")).unwrap();
    std::fs::rename(script, world.path("bin/go1.999.0")).unwrap();
    let mut options = world.options();
    for (_, path) in options.host_env.iter_mut().filter(|(name, _)| name == "PATH") {
        let dirs = std::iter::once(world.path("bin")).chain(std::env::split_paths(path));
        *path = std::env::join_paths(dirs).unwrap();
    }
    let go = crate::GoCommand::new(options).unwrap();
    assert_eq!(file(&go, "github.com/acme/newer@v1.0.0", Kind::Zip).await.unwrap(), "zip\n");
}
