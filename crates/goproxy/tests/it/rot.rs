//! Threat T8: each file of a warm cache with a flipped byte, same size and same time. Nobody gets it: it is moved to
//! quarantine and asked for once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::FileExt,
    path::Path,
    time::Duration,
};

use goproxy_testkit::{GitHost, GitRepo, ModuleFixture, Proxy, ProxyBuilder, SumDb, Upstream, wait_until};

use crate::support::{PATIENCE, files, goproxy, home_with_git, noise};

/// A database with some height, an upstream with modules small and large, and all of it asked for once.
pub(crate) struct Warm {
    pub(crate) upstream: Upstream,
    pub(crate) sums: SumDb,
    pub(crate) modules: Vec<ModuleFixture>,
    folder: tempfile::TempDir,
}

impl Warm {
    pub(crate) async fn new() -> Self {
        let (upstream, sums) = (Upstream::start().await, SumDb::new("sums.example.org"));
        let modules = vec![
            ModuleFixture::new("example.com/small", "v1.0.0"),
            ModuleFixture::new("github.com/Acme/Large/v2", "v2.1.0").file("noise.bin", noise(300_000, 1)),
        ];
        upstream.add_all(&modules).attach(&sums);
        modules.iter().for_each(|module| _ = sums.pad(300).add(module));
        let warm = Self { upstream, sums, modules, folder: tempfile::tempdir().unwrap() };
        let proxy = warm.proxy().start().await;
        for path in warm.paths() {
            assert_eq!(proxy.get(&path).await.status, 200, "{path}: {}", proxy.log());
        }
        // Tiles are stored while nobody waits.
        assert!(wait_until(PATIENCE, || warm.stored().iter().any(|name| name.contains("/tile/8/1/"))).await);
        tokio::time::sleep(Duration::from_millis(300)).await;
        warm
    }

    pub(crate) fn cache(&self) -> &Path {
        self.folder.path()
    }

    fn download(&self) -> std::path::PathBuf {
        self.cache().join("pkg/mod/cache/download")
    }

    pub(crate) fn proxy(&self) -> ProxyBuilder {
        let flags = ["-proxy", &self.upstream.url(), "-sumdb", "sums.example.org"].map(str::to_owned);
        goproxy().args(flags).cache_dir(self.cache()).env("GOSUMDB", self.sums.verifier_key())
    }

    /// `goproxy verify` with these flags.
    pub(crate) async fn verify(&self, flags: &[&str]) -> goproxy_testkit::Output {
        let settings = ["-proxy", &self.upstream.url(), "-sumdb", "sums.example.org"].map(str::to_owned);
        let command = goproxy().bare().arg("verify").args(flags.iter().copied()).args(settings);
        command.arg("-cacheDir").arg(self.cache()).env("GOSUMDB", self.sums.verifier_key()).run().await
    }

    fn paths(&self) -> Vec<String> {
        let of = |module: &ModuleFixture| {
            let lookup = module.url_path("info").replace("/@v/", "@").replace(".info", "");
            let mut paths = ["info", "mod", "zip"].map(|ext| module.url_path(ext)).to_vec();
            paths.push(format!("/sumdb/sums.example.org/lookup{lookup}"));
            paths
        };
        self.modules.iter().flat_map(of).collect()
    }

    /// The names of all objects, as paths of requests.
    pub(crate) fn stored(&self) -> BTreeSet<String> {
        let root = self.download();
        let name = |path: &std::path::PathBuf| format!("/{}", path.strip_prefix(&root).unwrap().display());
        files(&root).iter().map(name).collect()
    }

    pub(crate) fn file(&self, name: &str) -> std::path::PathBuf {
        self.download().join(name.trim_start_matches('/'))
    }

    /// What lies in quarantine, as paths of requests.
    pub(crate) fn quarantined(&self) -> Vec<String> {
        let root = self.cache().join("pkg/mod/cache/goproxy/quarantine");
        let name = |path: &std::path::PathBuf| {
            let below: std::path::PathBuf = path.strip_prefix(&root).unwrap().components().skip(1).collect();
            format!("/{}", below.display())
        };
        let mut names: Vec<_> = files(&root).iter().map(name).collect();
        names.sort();
        names
    }
}

/// Flips a bit in the middle and sets the time back.
pub(crate) fn flip(path: &Path) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let before = file.metadata().unwrap();
    let (mut byte, at) = ([0], before.len() / 2);
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 4], at).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
}

#[tokio::test]
async fn t8_rotten_files_of_a_warm_cache_were_served() {
    let warm = Warm::new().await;
    let names: Vec<_> = warm.stored().into_iter().collect();
    // Each of them in a process that has not looked at it yet, all of them rotten at once.
    let good: Vec<_> = names.iter().map(|name| fs::read(warm.file(name)).unwrap()).collect();
    names.iter().for_each(|name| flip(&warm.file(name)));
    warm.upstream.reset_log();
    let proxy = warm.proxy().start().await;
    for (name, good) in names.iter().zip(&good) {
        let answer = proxy.get(name).await;
        assert!(answer.status == 200 && answer.body == *good, "{name}: {} {}", answer.status, proxy.log());
    }
    let aside = warm.quarantined();
    for (name, good) in names.iter().zip(&good) {
        assert!(aside.contains(name), "{name} is not in quarantine: {aside:?}");
        assert!(warm.upstream.count(name) <= 1, "{name} was asked for {} times", warm.upstream.count(name));
        assert!(wait_until(PATIENCE, || fs::read(warm.file(name)).is_ok_and(|now| now == *good)).await, "{name}");
    }
    for module in &warm.modules {
        for ext in ["info", "mod", "zip"] {
            assert_eq!(warm.upstream.count_of(module, ext), 1, "{ext}");
        }
    }
}

#[tokio::test]
async fn t8_a_zip_that_rots_under_a_running_process() {
    let warm = Warm::new().await;
    let proxy = warm.proxy().start().await;
    let good: BTreeMap<_, _> =
        warm.stored().into_iter().map(|name| (name.clone(), fs::read(warm.file(&name)).unwrap())).collect();
    for _ in 0..2 {
        for (name, good) in &good {
            flip(&warm.file(name));
            let answer = proxy.get(name).await;
            assert!(answer.status == 200 && answer.body == *good, "{name}: {} {}", answer.status, proxy.log());
        }
    }
    let zips = warm.quarantined().iter().filter(|name| name.ends_with("/v2.1.0.zip")).count();
    assert_eq!(zips, 2, "what is kept in memory is served from there; zips are not: {:?}", warm.quarantined());
    // A part of it, and its head alone, are of the good one as well.
    let path = warm.modules[1].url_path("zip");
    flip(&warm.file(&path));
    let part = proxy.get_with(&path, &[("range", "bytes=150000-160000")]).await;
    assert_eq!((part.status, part.body), (206, warm.modules[1].zip()[150_000..=160_000].to_vec()), "{}", proxy.log());
}

#[tokio::test]
async fn t8_rot_with_nobody_to_ask_is_an_error_and_no_bad_bytes() {
    let warm = Warm::new().await;
    let path = warm.modules[1].url_path("zip");
    flip(&warm.file(&path));
    let flags = ["-proxy", "off"].map(str::to_owned);
    let proxy = goproxy().args(flags).cache_dir(warm.cache()).env("GOSUMDB", warm.sums.verifier_key()).start().await;
    let answer = proxy.get(&path).await;
    assert!(answer.status >= 400, "{}", answer.status);
    assert_eq!(warm.quarantined(), [path]);
}

#[tokio::test]
async fn the_scrub_moves_rot_aside_and_tells_the_metrics() {
    let warm = Warm::new().await;
    let name = warm.modules[1].url_path("zip");
    let proxy = warm.proxy().args(["-scrub", "1s"]).start().await;
    let other = warm.proxy().args(["-scrub", "1s"]).start().await;
    flip(&warm.file(&name));
    let told = async |proxy: &Proxy, outcome: &str| {
        let page = proxy.get("/metrics").await.text();
        let sample = format!("goproxy_scrubbed_objects_total{{outcome=\"{outcome}\"}} ");
        page.split_once(&sample).map_or(0, |(_, rest)| rest.lines().next().unwrap().parse::<u32>().unwrap())
    };
    assert!(wait_until(PATIENCE, || warm.quarantined() == [name.clone()]).await, "{}", proxy.log());
    // It is moved first and counted then.
    let mut counts = [(0, 0); 2];
    for _ in 0..600 {
        for (count, proxy) in counts.iter_mut().zip([&proxy, &other]) {
            *count = (told(proxy, "bad").await, told(proxy, "good").await);
        }
        if counts.iter().any(|(bad, _)| *bad > 0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(counts.contains(&(0, 0)) && counts.iter().any(|(bad, _)| *bad == 1), "one of them scrubs: {counts:?}");
    assert_eq!(proxy.get(&name).await.body, warm.modules[1].zip(), "fetched again");
    assert_eq!(other.get(&name).await.body, warm.modules[1].zip());
}

#[tokio::test]
async fn rot_in_a_private_module_is_fetched_from_its_repository() {
    let Some(repo) = GitRepo::new() else { return };
    repo.commit(&[("go.mod", "module github.com/Acme/private\n"), ("noise.bin", &"0123456789".repeat(20_000))]);
    repo.tag("v1.0.0");
    let host = GitHost::start().await;
    host.add("Acme/private", &repo);
    let home = home_with_git("github.com", &host, None);
    let cache = tempfile::tempdir().unwrap();
    let builder = || goproxy().args(["-exclude", "github.com/Acme"]).home(&home).cache_dir(cache.path());
    let path = "/github.com/!acme/private/@v/v1.0.0.zip";
    let good = builder().start().await.get(path).await.body;
    let file = cache.path().join("pkg/mod/cache/download").join(path.trim_start_matches('/'));
    flip(&file);
    let proxy = builder().start().await;
    assert_eq!(proxy.get(path).await.body, good, "{}", proxy.log());
    assert_eq!(fs::read(&file).unwrap(), good);
}
