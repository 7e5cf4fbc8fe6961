//! The `git` command over http: where our own client cannot go, and where the server is dumb.

use goproxy_testkit::{Answer, GitHost, Site, SiteOptions};

use super::*;
use crate::resolve::{Found, Lookup};

/// A private repository, and settings that only git honours.
async fn private() -> Option<(World, GitHost)> {
    let (world, host) = native().await?;
    world.home.git_config("[http]\n\tcookieFile = /nonexistent\n");
    Some((world, host))
}

/// A private repository that our own client can reach.
async fn native() -> Option<(World, GitHost)> {
    let world = World::with(GitRepo::new()?, ObjectFormat::Sha1);
    world.repo.commit(&[("a", "1")]);
    world.repo.commit(&[("a", "2")]);
    let host = GitHost::start().await;
    host.add_private("a/b", &world.repo, "canary");
    Some((world, host))
}

/// A server of files: two commits in a pack, one beside it.
async fn dumb() -> Option<(World, Site)> {
    let world = World::new()?;
    world.repo.commit(&[("a", "1")]);
    world.repo.annotated_tag("v1.0.0");
    world.repo.commit(&[("a", "2")]);
    world.repo.git(&["gc", "-q"]);
    world.repo.commit(&[("a", "3")]);
    let site = files_of(&world).await;
    Some((world, site))
}

async fn files_of(world: &World) -> Site {
    world.repo.git(&["update-server-info"]);
    world.home.write(".gitconfig", "");
    let root = world.repo.git_dir();
    let site =
        Site::start(SiteOptions::default(), move |request| {
            let file = root.join(request.path.trim_start_matches("/a/b/"));
            async move {
                fs::read(file).map_or_else(|_| Answer::text(404, "no\n"), |data| Answer::new(200, "text/plain", data))
            }
        })
        .await;
    world.home.instead_of("https://github.com/", &format!("{}/", site.url()));
    site
}

async fn works(world: &World) {
    let remote = world.remote().await;
    assert_eq!(remote.refs().await.unwrap().1.head, Some(world.id("main")));
    world.shallow(&remote, &["main"]).await.unwrap();
    assert!(world.has("main:a") && !world.has("main~1"));
    world.whole(&remote, &["main"]).await.unwrap();
    assert!(world.has("main~1:a"));
}

#[tokio::test]
async fn a_token_in_instead_of() {
    let Some((world, host)) = private().await else { return };
    let base = format!("{}/", host.url().replace("://", "://me:canary@"));
    world.home.write(
        ".gitconfig",
        format!("[http]\n\tcookieFile = /x\n[url \"{base}\"]\n\tinsteadOf = https://github.com/\n"),
    );
    works(&world).await;
    host.requests().iter().filter_map(|r| r.header("user-agent")).for_each(|agent| assert!(agent.contains("goproxy")));
}

#[tokio::test]
async fn a_credential_helper_and_netrc() {
    for helper in [true, false] {
        let Some((world, host)) = private().await else { return };
        world.home.instead_of("https://github.com/", &format!("{}/", host.url()));
        if helper {
            world.home.git_config("[credential]\n\thelper = \"!f() { echo username=me; echo password=canary; }; f\"\n");
        } else {
            world.home.netrc("127.0.0.1", "me", "canary");
        }
        works(&world).await;
    }
}

#[tokio::test]
async fn without_credentials_the_text_names_host_and_remedy() {
    let Some((world, host)) = private().await else { return };
    world.home.instead_of("https://github.com/", &format!("{}/", host.url()));
    let error = world.remote().await.refs().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    assert!(error.message().contains("credential helper") && error.message().contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn git_speaks_to_no_internal_address_for_strangers() {
    let Some((world, host)) = private().await else { return };
    let access = Access { insecure: true, ..Access::default() };
    let remote = world.client().remote(&format!("{}/a/b", host.url()), access).await.unwrap();
    assert_eq!(remote.refs().await.unwrap_err().kind(), ErrorKind::NoHost);
    assert!(host.requests().is_empty());
}

/// The same configuration, honoured by our own client.
#[tokio::test]
async fn what_authenticates_git_authenticates_us() {
    let helper = "[credential]\n\thelper = \"!f() { echo username=me; echo password=canary; }; f\"\n";
    let basic = "Authorization: Basic bWU6Y2FuYXJ5";
    let scoped = |url: &str| format!("[http \"{url}\"]\n\textraHeader = {basic}\n");
    for way in ["token", "lone user", "helper", "header", "variables"] {
        let Some((mut world, host)) = native().await else { return };
        let url = host.url().to_owned();
        let login = |user: &str| url.replace("://", &format!("://{user}@"));
        let (base, config) = match way {
            "token" => (login("me:canary"), String::new()),
            "lone user" => (login("me"), helper.to_owned()),
            "helper" => (url.clone(), helper.to_owned()),
            "header" => (url.clone(), scoped(&url)),
            _ => {
                world.env.push(("GIT_CONFIG_COUNT", "1".to_owned()));
                world.env.push(("GIT_CONFIG_KEY_0", format!("http.{url}/.extraHeader")));
                world.env.push(("GIT_CONFIG_VALUE_0", basic.to_owned()));
                (url.clone(), String::new())
            }
        };
        world.home.git_config(&config).instead_of("https://github.com/", &format!("{base}/"));
        works(&world).await;
        let agents: Vec<_> = host.requests().iter().filter_map(|r| r.header("user-agent").map(str::to_owned)).collect();
        assert!(agents.iter().all(|agent| agent.starts_with("goproxy/")), "{way}: {agents:?}");
    }
}

/// A public host, as far as the guard is told, on this machine.
#[tokio::test]
async fn git_connects_to_the_address_that_was_judged() {
    let Some((world, site)) = dumb().await else { return };
    let port = site.url().rsplit(':').next().unwrap().to_owned();
    let found = |judged: [u8; 4]| Found { judged: judged.into(), connected: ([127, 0, 0, 1], 0).into() };
    for (judged, reached) in [([8, 8, 8, 8], true), ([10, 0, 0, 1], false)] {
        let options = ClientOptions {
            proxies: ProxySettings::default(),
            netrc: None,
            lookup: Lookup::scripted(move |_| vec![found(judged)]),
            ..ClientOptions::default()
        };
        let http = HttpClient::new(options).unwrap();
        let (host_env, time_limit) = (world.vars(), Duration::from_secs(60));
        let client = GitClient::new(GitOptions {
            http,
            git: git(),
            host_env,
            time_limit,
            per_host: HostLimits { at_once: 4, per_second: 1000 },
        });
        let access = Access { insecure: true, ..Access::default() };
        let remote = client.remote(&format!("http://dumb.example:{port}/a/b"), access).await.unwrap();
        let refs = remote.refs().await;
        assert_eq!(refs.is_ok(), reached, "{refs:?}");
    }
}

#[tokio::test]
async fn a_dumb_server_gives_everything() {
    let Some((world, _site)) = dumb().await else { return };
    let remote = world.remote().await;
    let (_, refs) = remote.refs().await.unwrap();
    assert_eq!(refs.get("refs/tags/v1.0.0").unwrap().peeled(), world.id("v1.0.0^{commit}"));
    world.shallow(&remote, &["v1.0.0^{commit}"]).await.unwrap();
    assert!(world.has("v1.0.0:a"));
    world.shallow(&remote, &["main"]).await.unwrap();
    world.whole(&remote, &["main"]).await.unwrap();
    assert!(world.has_all(&["main:a", "main~1:a", "main~2:a"]));
    world.fsck();
}

/// `ls-remote` outside of a repository passes over a HEAD with an id that is not SHA-1.
#[tokio::test]
async fn the_detached_head_of_a_dumb_server_with_sha256_was_missed() {
    let Some(world) = World::sha256() else { return };
    world.repo.commit(&[("a", "1")]);
    world.repo.git(&["checkout", "-q", "--detach"]);
    world.repo.commit(&[("a", "2")]);
    let _site = files_of(&world).await;
    let (format, refs) = world.remote().await.refs().await.unwrap();
    assert_eq!((format, refs.head), (ObjectFormat::Sha256, Some(world.id("HEAD"))));
}
