//! Redirects, and what may be named at all.

use std::net::{IpAddr, SocketAddr};

use goproxy_engine::ErrorKind;
use goproxy_testkit::Answer;

use super::{PRIVATE, World, client, options, remote};
use crate::{Access, ClientOptions, Found, Groups, Lookup};

const STRANGER: Access = Access { internal: false, insecure: true, credentials: Groups::NONE };

#[tokio::test]
async fn a_renamed_repository_is_followed_on_its_host() {
    let Some(world) = World::new().await else { return };
    world.repo.commit(&[("go.mod", "module a.b/c\n")]);
    for status in [301, 302, 307, 308] {
        let to = "/a/b/info/refs?service=git-upload-pack";
        world.host.on("/old/info/refs", Answer::redirect(status, to));
        let remote = remote(&format!("{}/old", world.host.url())).await;
        remote.refs().await.unwrap();
        assert_eq!(world.asked(), ["GET", "GET", "POST", "POST"]);
        remote.refs().await.unwrap();
        assert_eq!(world.asked(), ["POST"]);
    }
}

#[tokio::test]
async fn redirects_that_are_not_followed() {
    let Some(world) = World::new().await else { return };
    let other = goproxy_testkit::GitHost::start().await;
    let elsewhere = format!("{}/x/info/refs?service=git-upload-pack", other.url());
    for to in [
        elsewhere.as_str(),
        "http://localhost/a/b/info/refs?service=git-upload-pack",
        "/login?next=/old/info/refs",
        "/old/info/refs",
        "file:///etc/passwd",
        "http://169.254.169.254/info/refs?service=git-upload-pack",
    ] {
        world.host.on("/old/info/refs", Answer::redirect(302, to));
        world.host.on("/login", Answer::html("sign in"));
        let error = remote(&format!("{}/old", world.host.url())).await.refs().await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Unavailable | ErrorKind::NoHost),
            "{to}: {error}"
        );
        assert!(error.message().contains(&world.host.address().to_string()), "{to}: {error}");
    }
    assert_eq!(other.total(), 0);
}

#[tokio::test]
async fn a_post_is_never_redirected() {
    let Some(world) = World::new().await else { return };
    world.repo.commit(&[("go.mod", "module a.b/c\n")]);
    world.host.on("/a/b/git-upload-pack", Answer::redirect(307, "/stolen"));
    let error = remote(&world.url()).await.refs().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(world.host.count("/stolen"), 0);
}

#[tokio::test]
async fn strangers_do_not_name_our_network() {
    let Some(world) = World::new().await else { return };
    let port = world.host.address().port();
    let lookup = Lookup::scripted(move |name| {
        let judged: IpAddr = if name == "public.example" { [203, 0, 113, 7].into() } else { [10, 0, 0, 1].into() };
        vec![Found { judged, connected: SocketAddr::from(([127, 0, 0, 1], port)) }]
    });
    let client = client(ClientOptions { lookup, ..options() });
    for url in
        [world.url(), format!("http://localhost:{port}/a/b"), "http://10.1.1.1/a".into(), "http://metadata/a".into()]
    {
        let error = client.remote(&url, STRANGER).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoHost, "{url}: {error}");
    }
    let error = client.remote("http://git.corp.example/a/b", STRANGER).await.unwrap().refs().await.unwrap_err();
    assert_eq!(error.message(), "host without a public address: git.corp.example");
    let ssh = client.remote("ssh://git@git.corp.example/a/b", STRANGER).await.unwrap();
    assert_eq!(ssh.refs().await.unwrap_err().message(), error.message());
    assert_eq!(world.host.connections(), 0);
    assert!(client.remote("http://public.example/a/b", STRANGER).await.unwrap().refs().await.is_ok());
    assert!(client.remote("http://git.corp.example/a/b", PRIVATE).await.unwrap().refs().await.is_ok());
}

#[tokio::test]
async fn http_is_for_those_who_do_not_mind() {
    let client = client(options());
    let error = client.remote("http://git.example/a/b", Access::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.message().contains("http:// is not a secure way"), "{error}");
}

#[tokio::test]
async fn where_the_operators_configuration_leads_is_the_operators_choice() {
    let Some(world) = World::new().await else { return };
    world.repo.commit(&[("go.mod", "module a.b/c\n")]);
    let at = world.host.url();
    let settings = [
        (format!("url.{at}/.insteadOf"), "https://git.example/".to_owned()),
        (format!("http.{at}/.extraHeader"), "X-Token: S3CRET".to_owned()),
    ];
    let mut host_env = vec![
        ("PATH".into(), std::env::var_os("PATH").unwrap()),
        ("HOME".into(), world.git_dir().into()),
        ("GIT_CONFIG_NOSYSTEM".into(), "1".into()),
        ("GIT_CONFIG_COUNT".into(), settings.len().to_string().into()),
    ];
    for (at, (key, value)) in settings.into_iter().enumerate() {
        host_env.push((format!("GIT_CONFIG_KEY_{at}").into(), key.into()));
        host_env.push((format!("GIT_CONFIG_VALUE_{at}").into(), value.into()));
    }
    let http = crate::HttpClient::new(options()).unwrap();
    let (git, time_limit) = (Some("git".into()), std::time::Duration::from_secs(30));
    let client = super::GitClient::new(super::GitOptions {
        http,
        git,
        host_env,
        time_limit,
        per_host: crate::HostLimits { at_once: 4, per_second: 1000 },
    });
    let remote = client.remote("https://git.example/a/b", Access::default()).await.unwrap();
    assert_eq!((remote.url(), remote.key()), ("https://git.example/a/b", &*world.url()));
    remote.refs().await.unwrap();
    let sent: Vec<_> = world.host.requests().iter().map(|r| r.header("x-token").map(str::to_owned)).collect();
    assert_eq!(sent, [Some("S3CRET".to_owned()), Some("S3CRET".to_owned())]);
    assert!(!format!("{remote:?}{client:?}").contains("S3CRET"));
}
