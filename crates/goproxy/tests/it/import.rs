//! `goproxy import`: the caches of other programs, checked file by file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use goproxy_testkit::{ModuleFixture, Output, SumDb, Upstream};

use crate::support::goproxy;

/// Writes a file of a version under a name below the folder.
fn put(folder: &Path, name: &str, body: &[u8]) -> PathBuf {
    let path = folder.join(name.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, body).unwrap();
    path
}

/// As Athens keeps a version on disk.
fn athens(folder: &Path, module: &ModuleFixture) {
    let version = format!("{}/{}", module.path(), module.version());
    put(folder, &format!("{version}/{}.info", module.version()), &module.info());
    put(folder, &format!("{version}/go.mod"), &module.mod_file());
    put(folder, &format!("{version}/source.zip"), &module.zip());
}

/// As goproxy/goproxy does, and what else lies there.
fn peer(folder: &Path, module: &ModuleFixture) {
    for (ext, body) in [("info", module.info()), ("mod", module.mod_file()), ("zip", module.zip())] {
        put(folder, &module.url_path(ext), &body);
    }
    put(folder, "example.com/peer/@v/list", b"v9.9.9\n");
    put(folder, "sumdb/sum.golang.org/latest", b"not proved");
}

struct World {
    sums: SumDb,
    upstream: Upstream,
    folder: tempfile::TempDir,
}

impl World {
    async fn new(listed: &[&ModuleFixture]) -> Self {
        let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
        upstream.attach(&sums);
        listed.iter().for_each(|module| _ = sums.add(module));
        Self { sums, upstream, folder: tempfile::tempdir().unwrap() }
    }

    fn from(&self) -> PathBuf {
        self.folder.path().join("from")
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    async fn import(&self) -> Output {
        let command = goproxy().bare().arg("import").arg(self.from()).args(["-proxy", &self.upstream.url()]);
        let command = command.args(["-exclude", "corp.example.com", "-sumdb", "sums.example.org"]);
        command.arg("-cacheDir").arg(self.cache()).env("GOSUMDB", self.sums.verifier_key()).run().await
    }

    async fn serves(&self, module: &ModuleFixture) {
        let proxy = goproxy().args(["-proxy", "off"]).cache_dir(&self.cache()).start().await;
        for (ext, body) in [("info", module.info()), ("mod", module.mod_file()), ("zip", module.zip())] {
            let answer = proxy.get(&module.url_path(ext)).await;
            assert_eq!((answer.status, answer.body), (200, body), "{} {ext}", module.name());
        }
    }
}

fn summary(output: &Output) -> &str {
    output.stdout.lines().last().unwrap_or_default()
}

#[tokio::test]
async fn caches_of_athens_and_of_goproxy_are_taken_over() {
    let [one, other] = ["github.com/Acme/athens", "example.com/peer"].map(|path| ModuleFixture::new(path, "v1.2.3"));
    let private = ModuleFixture::new("corp.example.com/secret", "v1.0.0");
    let world = World::new(&[&one, &other]).await;
    athens(&world.from(), &one);
    athens(&world.from(), &private);
    peer(&world.from(), &other);
    let output = world.import().await;
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(summary(&output).starts_with("9 files imported, "), "{output:?}");
    assert!(summary(&output).ends_with("; 0 there already, 0 refused; 2 other files left alone"), "{output:?}");
    for module in [&one, &other, &private] {
        world.serves(module).await;
    }
    assert!(
        !world.upstream.requests().iter().any(|request| request.path.contains("secret")),
        "{:?}",
        world.upstream.requests()
    );
    let again = world.import().await;
    assert!(summary(&again).starts_with("0 files imported, "), "{again:?}");
    assert!(summary(&again).contains("; 9 there already, 0 refused"), "{again:?}");
}

#[tokio::test]
async fn what_does_not_hold_is_told_and_left_out() {
    let [lied, cut, good] =
        ["lied", "cut", "good"].map(|name| ModuleFixture::new(&format!("example.com/{name}"), "v1.0.0"));
    let world = World::new(&[&lied, &cut, &good]).await;
    for module in [&lied, &cut, &good] {
        athens(&world.from(), module);
    }
    let other = ModuleFixture::new("example.com/lied", "v1.0.0").file("evil.go", "package lied\n");
    put(&world.from(), "example.com/lied/v1.0.0/source.zip", &other.zip());
    put(&world.from(), "example.com/cut/v1.0.0/source.zip", &cut.zip()[..100]);
    put(&world.from(), "example.com/cut/v1.0.0/v1.0.0.info", b"<html>");
    let unlisted = ModuleFixture::new("example.com/unlisted", "v1.0.0");
    put(&world.from(), "example.com/unlisted/v1.0.0/go.mod", &unlisted.mod_file());
    std::os::unix::fs::symlink("/etc/passwd", world.from().join("example.com/good/v1.0.0/link")).unwrap();
    let output = world.import().await;
    assert_eq!(output.code, Some(1), "{output:?}");
    for (name, why) in [
        ("lied/v1.0.0/source.zip", "refused: "),
        ("cut/v1.0.0/source.zip", "refused: "),
        ("cut/v1.0.0/v1.0.0.info", "refused: "),
        ("unlisted/v1.0.0/go.mod", ": "),
    ] {
        let lines: Vec<_> = output.stdout.lines().filter(|line| line.contains(name) && line.contains(why)).collect();
        assert_eq!(lines.len(), 1, "{name}: {output:?}");
    }
    assert!(summary(&output).contains("6 files imported"), "{output:?}");
    world.serves(&good).await;
    let proxy = goproxy().args(["-proxy", "off"]).cache_dir(&world.cache()).start().await;
    for module in [&lied, &cut] {
        assert_eq!(proxy.get(&module.url_path("zip")).await.status, 403, "{}", module.name());
    }
}

#[tokio::test]
async fn a_folder_without_modules_is_a_mistake() {
    let world = World::new(&[]).await;
    let missing = world.import().await;
    assert_eq!(missing.code, Some(2), "{missing:?}");
    put(&world.from(), "README", b"nothing");
    let empty = world.import().await;
    assert_eq!(empty.code, Some(1), "{empty:?}");
    assert!(empty.stderr.contains("no modules here; give the storage root of Athens"), "{empty:?}");
}
