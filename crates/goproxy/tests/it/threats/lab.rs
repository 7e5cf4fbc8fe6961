//! Where the attacks take place: a git host, a host of pages behind TLS, a home that leads to both, and proof that
//! nothing outside the cache was touched.

use std::{fs, net::TcpListener, path::PathBuf, sync::Arc, sync::atomic::AtomicUsize, sync::atomic::Ordering};

use goproxy_testkit::{
    Answer, GitHost, GitRepo, Home, Proxy, ProxyBuilder, Site, SiteOptions, TestCa, Tunnel, tree_hash,
};

use super::spy::Spy;
use crate::support::{files, goproxy};

/// The flags of the engine under attack.
pub(crate) const NATIVE: &[&str] = &["-direct", "native"];
/// The host whose pages an attacker writes. Its certificate is good, its only way leads through [`Lab::tunnel`].
pub(crate) const PAGES: &str = "upstream.test";
/// Content that must never be served.
pub(crate) const SECRET: &str = "s3cr3t-of-the-host";

/// Everything around one proxy.
pub(crate) struct Lab {
    /// `https://github.com/` and `https://upstream.test/git/` lead here.
    pub(crate) git: GitHost,
    pub(crate) pages: Site,
    pub(crate) tunnel: Tunnel,
    pub(crate) home: Home,
    pub(crate) spy: Spy,
}

impl Lab {
    /// Hosts without repositories and pages.
    pub(crate) async fn new() -> Self {
        let git = GitHost::start().await;
        let options = SiteOptions { tls: Some(TestCa::new()), ..SiteOptions::default() };
        let pages = Site::start(options, |_| async { Answer::text(404, "no such page\n") }).await;
        let tunnel = Tunnel::start(pages.address()).await;
        let home = Home::new();
        home.instead_of("https://github.com/", &format!("{}/", git.url()));
        home.instead_of(&format!("https://{PAGES}/git/"), &format!("{}/", git.url()));
        home.write("secret.txt", SECRET);
        Self { git, pages, tunnel, home, spy: Spy::new() }
    }

    /// A repository of the module `github.com/acme/<name>` with one version, served.
    pub(crate) fn repository(&self, name: &str, files: &[(&str, &str)]) -> GitRepo {
        let repo = GitRepo::new().expect("git is needed to attack git");
        let go_mod = format!("module github.com/acme/{name}\n");
        repo.commit(&[("go.mod", go_mod.as_str()), ("lib.go", "package lib\n")]);
        if !files.is_empty() {
            repo.commit(files);
        }
        repo.tag("v1.0.0");
        self.git.add(&format!("acme/{name}"), &repo);
        repo
    }

    /// How the proxy is started here.
    pub(crate) fn builder(&self) -> ProxyBuilder {
        let builder = goproxy().args(NATIVE.iter().copied()).home(&self.home).env("PATH", self.spy.path());
        builder.env("HTTPS_PROXY", self.tunnel.url()).env("SSL_CERT_FILE", self.pages.ca_path().unwrap())
    }

    /// The file that an attack would make.
    pub(crate) fn canary(&self) -> PathBuf {
        self.home.path().join("PWN")
    }

    /// What the world outside the cache looks like.
    pub(crate) fn snapshot(&self) -> String {
        tree_hash(self.home.path())
    }

    /// # Panics
    /// If anything was written outside the cache, or a canary is anywhere.
    pub(crate) fn assert_untouched(&self, proxy: &Proxy, before: &str, case: &str) {
        assert_eq!(self.snapshot(), before, "{case}: the home directory changed");
        let scratch = files(proxy.scratch_dir());
        let outside: Vec<_> = scratch.iter().filter(|file| !file.starts_with(proxy.cache_dir())).collect();
        assert!(outside.is_empty(), "{case}: {outside:?}");
        let pwned = |file: &PathBuf| file.file_name().is_some_and(|name| name == "PWN");
        assert!(!scratch.iter().any(pwned), "{case}: {scratch:?}");
        for folder in [std::env::current_dir().unwrap(), PathBuf::from("/"), PathBuf::from("/tmp")] {
            assert!(!folder.join("PWN").exists(), "{case}: PWN in {}", folder.display());
        }
        let home = self.home.path().display().to_string();
        assert!(!fs::read_dir(&home).unwrap().any(|entry| entry.unwrap().file_name() == "PWN"), "{case}");
    }
}

/// The answer says no in one of the ways that a client understands, and nothing of ours.
///
/// # Panics
/// If it does not.
pub(crate) fn assert_refused(answer: &goproxy_testkit::Response, case: &str) {
    let text = answer.text();
    assert!((400..=504).contains(&answer.status), "{case}: {} {text}", answer.status);
    assert!(answer.body.len() <= 4096, "{case}: {} bytes", answer.body.len());
    for secret in [SECRET, "root:", "panicked", "/proc/", "pkg/mod"] {
        assert!(!text.contains(secret), "{case}: {text}");
    }
}

/// A path segment in which every byte is percent-encoded that could be: the text goes out as it is.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Every file of the cache: its path below the cache's root, and its size.
pub(crate) fn below_cache(proxy: &Proxy) -> Vec<(String, u64)> {
    let sized = |file: PathBuf| {
        let size = file.symlink_metadata().map_or(0, |meta| meta.len());
        (file.strip_prefix(proxy.cache_dir()).unwrap().display().to_string(), size)
    };
    files(proxy.cache_dir()).into_iter().map(sized).collect()
}

/// The most memory that a process ever held, in MiB.
pub(crate) fn peak_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// Listens where nobody may connect, on the same port of both loopback addresses.
pub(crate) struct Trap {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Trap {
    pub(crate) fn new() -> Self {
        let four = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = four.local_addr().unwrap().port();
        let connections = Arc::<AtomicUsize>::default();
        // A machine without IPv6 has one listener less.
        for listener in [Some(four), TcpListener::bind(("::1", port)).ok()].into_iter().flatten() {
            let connections = connections.clone();
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    drop(stream);
                    connections.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { port, connections }
    }

    /// How many came.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
