//! Discovery on a network of its own: pages by URL, repositories by URL, and a log of what was asked.

use std::{
    collections::HashMap,
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use goproxy_fetch::Page;

use super::*;
use crate::freshness::Freshness;

/// Status, content type and body, or why there is no answer.
type Scripted = Result<(u16, &'static str, String), ErrorKind>;

#[derive(Debug, Default)]
struct World {
    pages: Mutex<HashMap<String, Scripted>>,
    repositories: Mutex<HashMap<String, Result<(), ErrorKind>>>,
    log: Mutex<Vec<(String, Access)>>,
    at_a_time: AtomicUsize,
}

impl World {
    fn page(&self, url: &str, status: u16, body: &str) {
        self.pages.lock().unwrap().insert(url.to_owned(), Ok((status, "text/html", body.to_owned())));
    }

    /// A page with one tag.
    fn tag(&self, url: &str, content: &str) {
        self.page(url, 200, &format!("<meta name=\"go-import\" content=\"{content}\">"));
    }

    fn fail(&self, url: &str, kind: ErrorKind) {
        self.pages.lock().unwrap().insert(url.to_owned(), Err(kind));
    }

    fn repository(&self, url: &str, answer: Result<(), ErrorKind>) {
        self.repositories.lock().unwrap().insert(url.to_owned(), answer);
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().iter().map(|(url, _)| url.clone()).collect()
    }
}

#[async_trait]
impl Web for World {
    async fn page(&self, url: &str, access: Access) -> Result<Page> {
        self.log.lock().unwrap().push((url.to_owned(), access));
        assert_eq!(self.at_a_time.fetch_add(1, Ordering::SeqCst), 0, "one page at a time");
        tokio::task::yield_now().await;
        self.at_a_time.fetch_sub(1, Ordering::SeqCst);
        let page = self.pages.lock().unwrap().get(url).cloned();
        let (status, content_type, body) = match page {
            Some(Ok(page)) => page,
            Some(Err(kind)) => return Err(Error::new(kind, "no connection").with_detail("errno 111")),
            None => (404, "text/plain; charset=utf-8", "404 page not found\n".to_owned()),
        };
        Ok(Page { status, content_type: content_type.to_owned(), body: body.into() })
    }

    async fn probe(&self, url: &str, access: Access) -> Result<()> {
        self.log.lock().unwrap().push((url.to_owned(), access));
        let answer = self.repositories.lock().unwrap().get(url).copied();
        answer.unwrap_or(Err(ErrorKind::Unavailable)).map_err(|kind| Error::new(kind, "it failed"))
    }
}

struct Finder {
    world: Arc<World>,
    discovery: Discovery,
}

fn finder_with(insecure: &str, govcs: &str, freshness: u64) -> Finder {
    let world = Arc::new(World::default());
    let options = DiscoveryOptions {
        insecure: Patterns::parse(insecure).unwrap(),
        govcs: GoVcs::parse(govcs).unwrap(),
        freshness: Freshness::new(Duration::from_secs(freshness)),
        refused: ErrorKind::NotCached,
    };
    Finder { world: Arc::clone(&world), discovery: Discovery::with(world, options) }
}

fn finder() -> Finder {
    finder_with("", "", 60)
}

impl Finder {
    async fn find(&self, path: &str) -> Result<Arc<Root>> {
        self.discovery.find(&ModulePath::parse(path).unwrap(), false).await
    }

    async fn find_private(&self, path: &str) -> Result<Arc<Root>> {
        self.discovery.find(&ModulePath::parse(path).unwrap(), true).await
    }

    /// Kind and message of the error.
    async fn fails(&self, path: &str) -> (ErrorKind, String) {
        let error = self.find(path).await.expect_err(path);
        (error.kind(), error.message().to_owned())
    }
}

fn fields(root: &Root) -> (&str, Vcs, &str, &str) {
    (&root.prefix, root.vcs, &root.url, &root.subdirectory)
}

#[tokio::test]
async fn known_hosts_are_not_asked() {
    let finder = finder();
    let root = finder.find("github.com/a/b/sub/v2").await.unwrap();
    assert_eq!(fields(&root), ("github.com/a/b", Vcs::Git, "https://github.com/a/b", ""));
    assert_eq!(root.access, Access::default());
    assert!(finder.find_private("github.com/a/b").await.unwrap().access.internal);
    let invalid = (ErrorKind::NotFound, "invalid github.com import path \"github.com/a\"".to_owned());
    assert_eq!(finder.fails("github.com/a").await, invalid);
    assert_eq!(finder.fails("example.net/x").await, (ErrorKind::NotFound, "no modules on example.net".into()));
    assert_eq!(finder.world.log(), [""; 0]);
}

#[tokio::test]
async fn a_page_names_the_repository_and_the_subdirectory() {
    let finder = finder();
    finder.world.tag("https://a.b/x?go-get=1", "a.b/x git https://c.d/y.git sub");
    let root = finder.find("a.b/x").await.unwrap();
    assert_eq!(fields(&root), ("a.b/x", Vcs::Git, "https://c.d/y.git", "sub"));
    finder.world.tag("https://a.b/?go-get=1", "a.b hg https://c.d/z");
    assert_eq!(fields(&finder.find("a.b").await.unwrap()), ("a.b", Vcs::Hg, "https://c.d/z", ""));
    finder.world.tag("https://p.q/x?go-get=1", "p.q/x mod https://c.d/proxy sub");
    assert_eq!(fields(&finder.find("p.q/x").await.unwrap()), ("p.q/x", Vcs::Mod, "https://c.d/proxy", ""));
    finder.world.tag("https://gopkg.in/yaml.v2?go-get=1", "gopkg.in/yaml.v2 git https://gopkg.in/yaml.v2");
    let root = finder.find("gopkg.in/yaml.v2").await.unwrap();
    assert_eq!(fields(&root), ("gopkg.in/yaml.v2", Vcs::Git, "https://gopkg.in/yaml.v2", ""));
}

#[tokio::test]
async fn a_shorter_path_must_say_so_itself() {
    let finder = finder();
    let world = &finder.world;
    world.tag("https://a.b/x/y?go-get=1", "a.b/x git https://c.d/e");
    world.tag("https://a.b/x?go-get=1", "a.b/x git https://c.d/e");
    assert_eq!(finder.find("a.b/x/y").await.unwrap().prefix, "a.b/x");
    assert_eq!(world.log(), ["https://a.b/x/y?go-get=1", "https://a.b/x?go-get=1"]);

    world.tag("https://uni.edu/bob/p?go-get=1", "uni.edu git https://evil.org/x");
    world.tag("https://uni.edu/?go-get=1", "uni.edu git https://uni.edu/x");
    let disagree = "unrecognized import path \"uni.edu/bob/p\": https://uni.edu/bob/p?go-get=1 and //uni.edu/?go-get=1 \
                    disagree about go-import for uni.edu";
    assert_eq!(finder.fails("uni.edu/bob/p").await, (ErrorKind::NotFound, disagree.to_owned()));
    world.tag("https://uni.edu/bob/q?go-get=1", "uni.edu git https://uni.edu/x sub");
    assert!(finder.fails("uni.edu/bob/q").await.1.contains("disagree"), "the subdirectory counts");

    world.tag("https://g.h/x/y?go-get=1", "g.h/x git https://c.d/e");
    world.page("https://g.h/x?go-get=1", 200, "");
    let untagged = "unrecognized import path \"g.h/x/y\": fetching g.h/x: no go-import meta tag found in \
                    https://g.h/x?go-get=1";
    assert_eq!(finder.fails("g.h/x/y").await, (ErrorKind::NotFound, untagged.to_owned()));
}

#[tokio::test]
async fn failures_in_the_words_of_go() {
    let finder = finder();
    let world = &finder.world;
    let tag = |content: &str| format!("<meta name=\"go-import\" content=\"{content}\">");
    world.page("https://e.x/empty?go-get=1", 200, "");
    world.page("https://e.x/broken?go-get=1", 200, "<a b<");
    world.page("https://e.x/twice?go-get=1", 200, &tag("e.x git https://c.d/e").repeat(2));
    world.tag("https://e.x/other?go-get=1", "e.x/foo git https://c.d/e");
    world.tag("https://e.x/vcs?go-get=1", "e.x/vcs cvs https://c.d/e");
    world.tag("https://e.x/sub?go-get=1", "e.x/sub git https://c.d/e -x");
    world.tag("https://e.x/root?go-get=1", "e.x/root git /etc/passwd");
    world.tag("https://e.x/file?go-get=1", "e.x/file git file:///etc");
    world.page("https://e.x/gone?go-get=1", 410, "");
    world.page("https://e.x/gone-broken?go-get=1", 404, "<a b<");
    world.page("https://e.x/down?go-get=1", 503, "");
    world.page("https://e.x/slow?go-get=1", 429, "");
    world.page("https://e.x/login?go-get=1", 401, "");
    world.fail("https://e.x/net?go-get=1", ErrorKind::Timeout);
    for (name, kind, words) in [
        ("empty", ErrorKind::NotFound, "parse https://e.x/empty?go-get=1: no go-import meta tags ()"),
        (
            "broken",
            ErrorKind::NotFound,
            "parsing e.x/broken: XML syntax error on line 1: expected attribute name in element",
        ),
        (
            "twice",
            ErrorKind::NotFound,
            "parse //e.x/twice?go-get=1: multiple meta tags match import path \"e.x/twice\"",
        ),
        (
            "other",
            ErrorKind::NotFound,
            "parse https://e.x/other?go-get=1: no go-import meta tags (meta tag e.x/foo did not match import path e.x/other)",
        ),
        ("vcs", ErrorKind::NotFound, "https://e.x/vcs?go-get=1: unknown vcs \"cvs\""),
        ("sub", ErrorKind::NotFound, "https://e.x/sub?go-get=1: invalid subdirectory \"-x\": leading hyphen"),
        ("root", ErrorKind::NotFound, "https://e.x/root?go-get=1: invalid repo root \"/etc/passwd\": no scheme"),
        (
            "file",
            ErrorKind::NotFound,
            "https://e.x/file?go-get=1: invalid repo root \"file:///etc\": file scheme disallowed",
        ),
        (
            "missing",
            ErrorKind::NotFound,
            "reading https://e.x/missing?go-get=1: 404 Not Found\n\tserver response: 404 page not found",
        ),
        ("gone", ErrorKind::NotFound, "reading https://e.x/gone?go-get=1: 410 Gone"),
        ("gone-broken", ErrorKind::NotFound, "reading https://e.x/gone-broken?go-get=1: 404 Not Found"),
        ("down", ErrorKind::Unavailable, "reading https://e.x/down?go-get=1: 503 Service Unavailable"),
        ("slow", ErrorKind::Busy, "reading https://e.x/slow?go-get=1: 429 Too Many Requests"),
        ("login", ErrorKind::NotCached, "reading https://e.x/login?go-get=1: 401 Unauthorized"),
        ("net", ErrorKind::Timeout, "https fetch: no connection"),
    ] {
        let expected = format!("unrecognized import path \"e.x/{name}\": {words}");
        assert_eq!(finder.fails(&format!("e.x/{name}")).await, (kind, expected));
    }
    let error = finder.find("e.x/net").await.expect_err("no connection");
    assert_eq!(error.detail(), Some("errno 111"), "the cause reaches the log");
}

#[tokio::test]
async fn a_tag_counts_whatever_the_status() {
    let finder = finder();
    let tag = "<meta name='go-import' content='a.b/x git https://c.d/e'>";
    for (status, path) in [(404, "a.b/x/one"), (500, "a.b/x/two"), (401, "a.b/x/three")] {
        finder.world.page(&format!("https://{path}?go-get=1"), status, tag);
        finder.world.page("https://a.b/x?go-get=1", status, tag);
        assert_eq!(finder.find(path).await.unwrap().url, "https://c.d/e", "{status}");
    }
}

/// threats.md, G2.
#[tokio::test]
async fn a_stranger_does_not_choose_programs_options_or_passwords() {
    let finder = finder();
    for (at, url) in [
        "ext::sh",
        "fd::3",
        "transport-helper::x",
        "git://h/x",
        "http://h/x",
        "svn://h/x",
        "file:///etc",
        "/etc/passwd",
        "ssh://-oProxyCommand=touch${IFS}PWN/x",
        "ssh://-x@h/x",
        "https://user:pw@h/x",
        "https:///x",
        "https://h\\@i/x",
        "ext::https://h/x",
        "rsync://h/x",
        "git@h:x",
        "h:x",
        "--upload-pack=x",
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("a.b/x{at}");
        finder.world.tag(&format!("https://{path}?go-get=1"), &format!("{path} git {url}"));
        let (kind, text) = finder.fails(&path).await;
        assert!(matches!(kind, ErrorKind::NotFound | ErrorKind::Refused), "{url}: {text}");
        assert!(!text.contains("pw@"), "{text}");
    }
    let good = ["https://h/x", "https://u@h:8443/x", "ssh://git@h/x", "git+ssh://h/x", "https://[2606:4700::1]/x"];
    for (at, url) in good.into_iter().enumerate() {
        let path = format!("a.b/y{at}");
        finder.world.tag(&format!("https://{path}?go-get=1"), &format!("{path} git {url}"));
        assert_eq!(finder.find(&path).await.unwrap().url, url);
    }
}

#[tokio::test]
async fn govcs_decides() {
    let finder = finder_with("", "n.o:none", 60);
    finder.world.tag("https://a.b/x?go-get=1", "a.b/x svn https://c.d/e");
    let refused = "unrecognized import path \"a.b/x\": GOVCS disallows using svn for public a.b/x; see 'go help vcs'";
    assert_eq!(finder.fails("a.b/x").await, (ErrorKind::Refused, refused.to_owned()));
    assert_eq!(finder.find_private("a.b/x").await.unwrap().vcs, Vcs::Svn);
    let refused = "GOVCS disallows using fossil for public a.b/y.fossil; see 'go help vcs'";
    assert_eq!(finder.fails("a.b/y.fossil/z").await, (ErrorKind::Refused, refused.to_owned()));
    let refused = "GOVCS disallows using git for public n.o/y.git; see 'go help vcs'";
    assert_eq!(finder.fails("n.o/y.git").await, (ErrorKind::Refused, refused.to_owned()));
}

#[tokio::test]
async fn insecure_modules_may_come_over_http() {
    let finder = finder_with("in.se/*", "", 0);
    finder.world.fail("https://in.se/x?go-get=1", ErrorKind::Unavailable);
    finder.world.tag("http://in.se/x?go-get=1", "in.se/x git http://c.d/e");
    let root = finder.find("in.se/x").await.unwrap();
    assert_eq!((root.url.as_str(), root.access.insecure), ("http://c.d/e", true));
    finder.world.fail("http://in.se/x?go-get=1", ErrorKind::Unavailable);
    assert!(finder.fails("in.se/x").await.1.contains(": http/https fetch: no connection"));

    finder.world.fail("https://se.cure/x?go-get=1", ErrorKind::Unavailable);
    finder.world.tag("http://se.cure/x?go-get=1", "se.cure/x git https://c.d/e");
    assert_eq!(finder.fails("se.cure/x").await.0, ErrorKind::Unavailable);
    finder.discovery.set_insecure(&Patterns::parse("se.cure").unwrap());
    assert!(finder.find("se.cure/x").await.unwrap().access.insecure);
}

#[tokio::test]
async fn the_first_scheme_that_works_leads_to_a_path_with_a_suffix() {
    let finder = finder();
    finder.world.repository("https://a.b/x", Err(ErrorKind::NotFound));
    finder.world.repository("ssh://a.b/x", Ok(()));
    let root = finder.find("a.b/x.git/sub").await.unwrap();
    assert_eq!(fields(&root), ("a.b/x.git", Vcs::Git, "ssh://a.b/x", ""));
    assert_eq!(finder.world.log(), ["https://a.b/x", "git+ssh://a.b/x", "ssh://a.b/x"]);
    finder.find("a.b/x.git/other").await.unwrap();
    assert_eq!(finder.world.log().len(), 3, "remembered");

    finder.world.repository("https://a.b/y", Err(ErrorKind::NotFound));
    let (kind, text) = finder.fails("a.b/y.git").await;
    assert_eq!((kind, text.as_str()), (ErrorKind::NotFound, "no secure protocol found for repository: it failed"));
    assert_eq!(finder.fails("a.b/z.git").await.0, ErrorKind::Unavailable, "nobody said that it is not there");
    assert_eq!(finder.find("a.b/w.hg/v").await.unwrap().url, "https://a.b/w", "whoever fetches it finds out");

    let finder = finder_with("a.b", "", 60);
    finder.world.repository("http://a.b/x", Ok(()));
    assert_eq!(finder.find("a.b/x.git").await.unwrap().url, "http://a.b/x");
    assert_eq!(finder.world.log(), ["git://a.b/x", "https://a.b/x", "http://a.b/x"]);
}

#[tokio::test]
async fn a_repository_behind_a_tilde_is_not_this_modules() {
    let finder = finder();
    let mismatched = "mismatched repo: found foo.com/x.git for a.b/c~d/foo.com/x.git";
    assert_eq!(finder.fails("a.b/c~d/foo.com/x.git").await, (ErrorKind::NotFound, mismatched.to_owned()));
    assert_eq!(finder.world.log(), [""; 0]);
}

#[tokio::test]
async fn answers_are_remembered_and_failures_are_not() {
    let finder = finder();
    finder.world.tag("https://a.b/x?go-get=1", "a.b/x git https://c.d/e");
    for _ in 0..3 {
        finder.find("a.b/x").await.unwrap();
        finder.fails("a.b/missing").await;
    }
    assert_eq!(finder.world.log().len(), 2);
    finder.find_private("a.b/x").await.unwrap();
    assert_eq!(finder.world.log().len(), 3, "an answer for others is none for private modules");
    for kind in [ErrorKind::Unavailable, ErrorKind::Timeout] {
        finder.world.fail("https://a.b/down?go-get=1", kind);
        assert_eq!(finder.fails("a.b/down").await.0, kind);
    }
    finder.world.page("https://a.b/down?go-get=1", 500, "");
    assert_eq!(finder.fails("a.b/down").await.0, ErrorKind::Unavailable);
    finder.world.tag("https://a.b/down?go-get=1", "a.b/down git https://c.d/e");
    finder.find("a.b/down").await.expect("up again");

    let forgetful = finder_with("", "", 0);
    forgetful.world.tag("https://a.b/x?go-get=1", "a.b/x git https://c.d/e");
    for _ in 0..3 {
        forgetful.find("a.b/x").await.unwrap();
    }
    assert_eq!(forgetful.world.log().len(), 3);
}

#[tokio::test]
async fn one_flight_for_all_who_ask_for_a_page() {
    let finder = Arc::new(finder_with("", "", 0));
    finder.world.tag("https://a.b/x?go-get=1", "a.b/x git https://c.d/e");
    let ask = |_| {
        let finder = Arc::clone(&finder);
        tokio::spawn(async move { finder.find("a.b/x").await.unwrap() })
    };
    for asked in (0..20).map(ask).collect::<Vec<_>>() {
        asked.await.unwrap();
    }
    assert!(finder.world.log().len() <= 2, "{:?}", finder.world.log());
}
