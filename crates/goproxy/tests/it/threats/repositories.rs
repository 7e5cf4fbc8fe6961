//! G2: repositories that a go-import page may not name. Refused before anything is started or connected to.

use goproxy_testkit::Answer;

use super::lab::{Lab, PAGES, Trap, assert_refused};

/// Repositories as an attacker's page writes them: `{port}` is the trap's, `{}` the canary.
const HOSTILE: &[&str] = &[
    "ext::sh -c touch% {}",
    "ext::sh% -c% touch% {}",
    "ext::touch",
    "fd::3",
    "fd::17/foo",
    "transport-helper::x",
    "testgit::x",
    "file:///etc",
    "file://localhost/etc",
    "file://127.0.0.1:{port}/x",
    "FILE:///etc",
    "/etc/passwd",
    "/etc",
    "../../etc",
    "./x",
    "~/x",
    "git://127.0.0.1:{port}/x",
    "git+git://127.0.0.1:{port}/x",
    "http://127.0.0.1:{port}/x",
    "http+unix://x",
    "svn://127.0.0.1:{port}/x",
    "rsync://127.0.0.1:{port}/x",
    "ftp://127.0.0.1:{port}/x",
    "ftps://127.0.0.1:{port}/x",
    "gopher://127.0.0.1:{port}/x",
    "ssh://-oProxyCommand=touch${IFS}{}/x",
    "ssh://-oProxyCommand=touch%20PWN/x",
    "ssh://git@-oProxyCommand=touch${IFS}PWN/x",
    "ssh://-G/x",
    "git+ssh://-oProxyCommand=touch${IFS}PWN/x",
    "ssh+git://-oProxyCommand=PWN/x",
    "-oProxyCommand=touch${IFS}PWN:x",
    "git@-oProxyCommand=touch:x",
    "git@127.0.0.1:x",
    "127.0.0.1:{port}/x",
    "--upload-pack=touch${IFS}{}",
    "--upload-pack=touch${IFS}PWN;https://127.0.0.1/x",
    "--config=hooks.pre-clone=echo${IFS}hello;https://127.0.0.1:{port}/x",
    "-u./x",
    "https://127.0.0.1:{port}/x",
    "https://-oProxyCommand=x/x",
    "https://user:pw@127.0.0.1:{port}/x",
    "https://127.0.0.1:{port}/x?a=--config=x",
    "https://127.0.0.1:{port}/x#--upload-pack=touch",
    "https://[::1]:{port}/x",
    "https://:{port}/x",
    "https:///x",
    "https:x",
    "https://",
    "://x",
    "x",
    "",
    "javascript:alert(1)",
    "data:text/plain,x",
    "https://upstream.test/git/lib\0",
    "https://upstream.test:99999/x",
    "https://upstream.test%00.example/x",
];

#[tokio::test]
async fn pages_name_no_repository_that_runs_or_reaches_anything() {
    let (lab, trap) = (Lab::new().await, Trap::new());
    let (proxy, canary) = (lab.builder().start().await, lab.canary().display().to_string());
    let before = lab.snapshot();
    for (number, repository) in HOSTILE.iter().enumerate() {
        let repository = repository.replace("{port}", &trap.port.to_string()).replace("{}", &canary);
        for vcs in ["git", "hg", "svn", "fossil", "bzr", "mod"] {
            let module = format!("{PAGES}/m{number}{vcs}");
            let page = format!("<meta name=\"go-import\" content=\"{module} {vcs} {repository}\">");
            lab.pages.on(&format!("/m{number}{vcs}"), Answer::html(page));
            for path in ["@v/list", "@v/v1.0.0.info"] {
                let answer = proxy.get(&format!("/{module}/{path}")).await;
                assert_refused(&answer, &format!("{vcs} {repository} {path}"));
            }
        }
        assert_eq!(trap.connections(), 0, "{repository}");
        lab.assert_untouched(&proxy, &before, &repository);
    }
    for call in lab.spy.calls() {
        let told = call.args.iter().any(|arg| HOSTILE.iter().any(|text| text.len() > 8 && arg.contains(&text[..8])));
        assert!(!told, "{} {:?}", call.program, call.args);
    }
    assert!(lab.spy.calls_of("ssh").is_empty() && lab.spy.calls_of("sh").is_empty());
    assert!(lab.tunnel.targets().iter().all(|target| target == &format!("{PAGES}:443")), "{:?}", lab.tunnel.targets());
}

/// The same page with a good repository works, so the refusals above are about the repositories.
#[tokio::test]
async fn a_page_that_names_a_good_repository_works() {
    let lab = Lab::new().await;
    let _repo = lab.repository("good", &[]);
    let content = format!("{PAGES}/good git https://{PAGES}/git/acme/good");
    lab.pages.on("/good", Answer::html(format!("<meta name=\"go-import\" content=\"{content}\">")));
    let proxy = lab.builder().start().await;
    let list = proxy.get(&format!("/{PAGES}/good/@v/list")).await;
    assert_eq!((list.status, list.text().as_str()), (200, "v1.0.0\n"), "{}", proxy.log());
}

/// CVE-2023-45285: `.git` in a path fell back to insecure schemes.
#[tokio::test]
async fn a_git_suffix_falls_back_to_nothing_insecure() {
    let lab = Lab::new().await;
    let proxy = lab.builder().start().await;
    let answer = proxy.get(&format!("/{PAGES}/x/y.git/@v/list")).await;
    assert_refused(&answer, "y.git");
    for call in lab.spy.calls() {
        assert!(
            !call.args.iter().any(|arg| arg.starts_with("git://") || arg.starts_with("http://")),
            "{:?}",
            call.args
        );
    }
    assert_eq!(lab.git.total(), 0);
}
