//! `goproxy verify`: every kind of damage is told, nothing is changed unless it is asked for.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use goproxy_testkit::{ModuleFixture, Output, SumDb, Upstream};

use crate::{
    rot::{Warm, flip},
    support::{files, go_client, goproxy},
};

fn findings(output: &Output) -> Vec<&str> {
    let mut lines: Vec<_> = output.stdout.lines().collect();
    lines.pop();
    lines
}

fn summary(output: &Output) -> &str {
    output.stdout.lines().last().unwrap_or_default()
}

/// Everything below a folder with its content.
fn content(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = files(folder).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_good_cache_is_good_and_stays_as_it_is() {
    let warm = Warm::new().await;
    let before = content(warm.cache());
    for flags in [&[][..], &["-offline"]] {
        let output = warm.verify(flags).await;
        assert_eq!(output.code, Some(0), "{output:?}");
        assert_eq!(findings(&output), Vec::<&str>::new());
        assert!(summary(&output).contains("objects, all good; "), "{output:?}");
        // Two go.mod files, two zips, two lookups, and the tiles.
        assert!(!summary(&output).contains(" 0 proved"), "{output:?}");
        assert!(summary(&output).contains(" 0 could not be compared; 0 foreign files"), "{output:?}");
    }
    assert_eq!(content(warm.cache()), before);
    let output = warm.verify(&["-repair"]).await;
    assert_eq!((output.code, warm.quarantined()), (Some(0), vec![]), "{output:?}");
}

#[tokio::test]
async fn each_rotten_file_is_told_and_with_repair_replaced() {
    let warm = Warm::new().await;
    let names: Vec<_> = warm.stored().into_iter().collect();
    let good = content(&warm.file("/"));
    names.iter().for_each(|name| flip(&warm.file(name)));
    let rotten = content(warm.cache());
    let output = warm.verify(&[]).await;
    assert_eq!(output.code, Some(1), "{output:?}");
    let mut told: Vec<_> = findings(&output).iter().map(|line| line.split(": ").next().unwrap().to_owned()).collect();
    told.sort();
    let mut expected: Vec<_> = names.iter().map(|name| warm.file(name).display().to_string()).collect();
    expected.sort();
    assert_eq!(told, expected);
    assert!(findings(&output).iter().all(|line| line.ends_with(": changed on the disk since it was checked")));
    assert!(content(warm.cache()) == rotten, "nothing is changed");
    // While another process serves from it.
    let proxy = warm.proxy().start().await;
    let output = warm.verify(&["-repair"]).await;
    assert_eq!(output.code, Some(1), "{output:?}");
    let mended = |line: &&str| line.ends_with("; moved to quarantine, fetched again");
    assert_eq!(findings(&output).iter().filter(|line| mended(line)).count(), names.len(), "{output:?}");
    assert_eq!(warm.quarantined(), names);
    assert!(content(&warm.file("/")) == good);
    assert_eq!(proxy.get(&warm.modules[1].url_path("zip")).await.body, warm.modules[1].zip());
    assert_eq!(warm.verify(&[]).await.code, Some(0));
}

/// What was never recorded is judged by its content, by what `go` wrote down, and by the checksum database.
#[tokio::test]
async fn every_kind_of_damage_is_told_with_its_reason() {
    let warm = Warm::new().await;
    let [small, large] = [&warm.modules[0], &warm.modules[1]];
    // As a tool would leave it that copies without times: no record holds for it.
    let plant = |name: &str, body: &[u8]| {
        let path = warm.file(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        fs::write(path, body).unwrap();
    };
    let other = ModuleFixture::new(small.path(), small.version()).file("evil.go", "package small\n");
    plant(&small.url_path("zip"), &other.zip());
    plant(&small.url_path("mod"), b"module example.com/small\n\nrequire example.com/evil v1.0.0\n");
    plant(&small.url_path("info"), b"<html>");
    plant(&large.url_path("ziphash"), b"h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let lookup = |module: &ModuleFixture| {
        let name = module.url_path("info").replace("/@v/", "@").replace(".info", "");
        format!("/sumdb/sums.example.org/lookup{name}")
    };
    let text = fs::read_to_string(warm.file(&lookup(large))).unwrap();
    plant(&lookup(large), text.replace(&large.mod_h1(), &large.zip_h1()).as_bytes());
    let tile = warm.stored().into_iter().find(|name| name.contains("/tile/8/0/")).unwrap();
    let mut bytes = fs::read(warm.file(&tile)).unwrap();
    bytes[40] ^= 1;
    plant(&tile, &bytes);
    plant("/README", b"by somebody");
    std::os::unix::fs::symlink("/etc/passwd", warm.file("/example.com/small/@v/v1.0.1.mod")).unwrap();
    let unlisted = ModuleFixture::new("example.com/unlisted", "v1.0.0");
    plant(&unlisted.url_path("zip"), &unlisted.zip());
    plant(&unlisted.url_path("ziphash"), unlisted.zip_h1().replace("h1:", "h1:B").as_bytes());
    let before = content(&warm.file("/"));
    let output = warm.verify(&[]).await;
    assert_eq!(output.code, Some(1), "{output:?}");
    for (name, why) in [
        (small.url_path("zip"), "sums.example.org: h1:"),
        (small.url_path("mod"), "sums.example.org: h1:"),
        (small.url_path("info"), ""),
        (large.url_path("ziphash"), "and the good zip has h1:"),
        (lookup(large), "checksum database sums.example.org"),
        (tile.clone(), "is not a tile of the database's tree"),
        ("/example.com/small/@v/v1.0.1.mod".into(), "not a regular file"),
        (unlisted.url_path("zip"), "when go stored it"),
    ] {
        let path = warm.file(&name).display().to_string();
        let line = findings(&output).into_iter().find(|line| line.starts_with(&format!("{path}: ")));
        assert!(line.is_some_and(|line| line.contains(why)), "{name}: {why}\n{}", output.stdout);
    }
    assert_eq!(findings(&output).len(), 8, "{}", output.stdout);
    assert!(summary(&output).ends_with("; 1 foreign files"), "{}", output.stdout);
    assert!(content(&warm.file("/")) == before);
    let output = warm.verify(&["-repair"]).await;
    assert_eq!(findings(&output).len(), 8, "{}", output.stdout);
    assert_eq!(fs::read(warm.file(&small.url_path("zip"))).unwrap(), small.zip());
    assert!(!warm.file(&large.url_path("ziphash")).exists());
    let output = warm.verify(&[]).await;
    assert_eq!(output.code, Some(0), "{output:?}");
}

#[tokio::test]
async fn offline_nobody_is_asked_and_bad_files_are_only_moved() {
    let warm = Warm::new().await;
    let name = warm.modules[0].url_path("mod");
    flip(&warm.file(&name));
    warm.upstream.reset_log();
    let output = warm.verify(&["-repair", "-offline"]).await;
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(findings(&output)[0].ends_with("; moved to quarantine"), "{output:?}");
    assert_eq!((warm.quarantined(), warm.upstream.total()), (vec![name], 0));
}

#[tokio::test]
async fn a_private_module_is_compared_with_what_was_seen_first() {
    let upstream = Upstream::start().await;
    let module = ModuleFixture::new("example.com/pinned", "v1.0.0");
    upstream.add(&module);
    let cache = tempfile::tempdir().unwrap();
    let proxy = goproxy().args(["-proxy", &upstream.url()]).cache_dir(cache.path()).start().await;
    let path = module.url_path("zip");
    assert_eq!(proxy.get(&path).await.status, 200);
    let verify = || goproxy().bare().args(["verify", "-cacheDir"]).arg(cache.path()).run();
    let output = verify().await;
    assert!(output.ok && summary(&output).contains(" 1 as they were seen first,"), "{output:?}");
    let file = cache.path().join("pkg/mod/cache/download").join(path.trim_start_matches('/'));
    fs::remove_file(&file).unwrap();
    fs::write(&file, ModuleFixture::new("example.com/pinned", "v1.0.0").file("b.go", "package pinned\n").zip())
        .unwrap();
    let output = verify().await;
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(findings(&output)[0].contains("when it was seen first"), "{output:?}");
}

#[tokio::test]
async fn a_cache_that_go_wrote_is_verified_as_it_is() {
    let Some(client) = go_client("verify_go_cache").await else { return };
    let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
    let module = ModuleFixture::new("github.com/Acme/Lib/v2", "v2.1.0-RC.1");
    upstream.add(&module).attach(&sums);
    sums.pad(200).add(&module);
    let client = client.proxy(&upstream.url()).sumdb(&sums.verifier_key());
    assert!(client.download(&module.name()).await.ok);
    let before = content(&client.gopath());
    let verify = |flags: &[&str]| {
        let command = goproxy().bare().arg("verify").args(flags.iter().copied()).arg("-cacheDir").arg(client.gopath());
        command.args(["-proxy", &upstream.url()]).env("GOSUMDB", sums.verifier_key()).run()
    };
    let output = verify(&["-offline"]).await;
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(summary(&output).contains(" 0 could not be compared; 0 foreign files"), "{output:?}");
    assert!(content(&client.gopath()) == before, "not even our own files are made");
    let zip = client.gopath().join("pkg/mod/cache/download").join(module.url_path("zip").trim_start_matches('/'));
    fs::set_permissions(&zip, fs::Permissions::from_mode(0o644)).unwrap();
    let other = ModuleFixture::new(module.path(), module.version()).file("evil.go", "package lib\n");
    fs::write(&zip, other.zip()).unwrap();
    let output = verify(&["-repair"]).await;
    assert_eq!((output.code, findings(&output).len()), (Some(1), 1), "{output:?}");
    assert_eq!(fs::read(&zip).unwrap(), module.zip());
}

#[tokio::test]
async fn a_cache_that_can_only_be_read() {
    let warm = Warm::new().await;
    flip(&warm.file(&warm.modules[1].url_path("zip")));
    let set = |mode| {
        for folder in
            files(warm.cache()).iter().flat_map(|file| file.ancestors()).filter(|f| f.starts_with(warm.cache()))
        {
            if folder.is_dir() {
                fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
    };
    set(0o555);
    let looked = warm.verify(&[]).await;
    let repaired = warm.verify(&["-repair"]).await;
    set(0o755);
    assert_eq!((looked.code, findings(&looked).len()), (Some(1), 1), "{looked:?}");
    assert_eq!((repaired.code, findings(&repaired).len()), (Some(1), 1), "{repaired:?}");
}

#[tokio::test]
async fn where_there_is_no_cache_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    for flags in [&["verify"][..], &["verify", "-repair"]] {
        let output = goproxy().bare().args(flags.iter().copied()).arg("-cacheDir").arg(folder.path()).run().await;
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains("there is none"), "{output:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
    let output = goproxy().bare().args(["verify", "-repairs"]).run().await;
    assert_eq!(output.code, Some(2), "{output:?}");
    let output = goproxy().bare().args(["verify", "-proxy", "x y"]).run().await;
    assert_eq!(output.code, Some(64), "{output:?}");
}
