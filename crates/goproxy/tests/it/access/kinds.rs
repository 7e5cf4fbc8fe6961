//! Tokens of issuers, new tokens, and settings that must not start.

use std::time::{SystemTime, UNIX_EPOCH};

use goproxy_testkit::{Answer, Site, SiteOptions, TokenIssuer};

use super::*;

pub(crate) fn claims(issuer: &str, owner: &str) -> String {
    let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 300;
    format!(r#"{{"iss":"{issuer}","aud":"https://goproxy.io","sub":"repo:{owner}/app","owner":"{owner}","exp":{end}}}"#)
}

fn issuer_table(issuer: &str, more: &str) -> String {
    format!(
        "[[issuers]]\nname = 'forge'\nissuer = '{issuer}'\naudience = 'https://goproxy.io'\n\
         claims = {{ owner = 'corp' }}\n{more}[[access]]\nwho = 'forge'\nmodules = 'github.com/Corp'\n"
    )
}

#[tokio::test]
async fn tokens_of_an_issuer_are_verified_with_the_keys_it_publishes() {
    let (world, issuer) = (World::new().await, TokenIssuer::new(1));
    let forge = Site::start(SiteOptions::default(), |_| async { Answer::text(404, "no\n") }).await;
    let url = forge.url();
    forge.on(
        "/.well-known/openid-configuration",
        Answer::json(format!(r#"{{"issuer":"{url}","jwks_uri":"{url}/keys"}}"#)),
    );
    forge.on("/keys", Answer::json(issuer.jwks()));
    world.configure(&issuer_table(&url, ""));
    let proxy = world.start().await;
    let (lib, open) = (world.modules[1].url_path("info"), world.modules[0].url_path("info"));
    let good = issuer.token(&claims(&url, "corp"));
    for auth in [bearer(&good), basic("gitlab-ci-token", &good)] {
        let answer = proxy.get_with(&lib, &[("Authorization", &auth)]).await;
        assert_eq!(answer.status, 200, "{answer:?}\n{}", proxy.log());
        assert_eq!(proxy.get_with(&open, &[("Authorization", &auth)]).await.status, 403);
    }
    for bad in [
        issuer.token(&claims(&url, "corporate")),
        issuer.token(&claims("https://other.example.com", "corp")),
        TokenIssuer::new(2).token(&claims(&url, "corp")),
    ] {
        assert_eq!(proxy.get_with(&lib, &[("Authorization", &bearer(&bad))]).await.status, 401);
    }
    assert_eq!(forge.count("/keys"), 1);
    let told = || proxy.log().contains("\"user\":\"forge/repo:corp/app\"");
    assert!(goproxy_testkit::wait_until(crate::support::PATIENCE, told).await, "{}", proxy.log());
    assert!(forge.requests().iter().all(|request| request.header("authorization").is_none()));
}

#[tokio::test]
async fn an_issuer_that_is_down_is_no_fault_of_the_client() {
    let (world, issuer) = (World::new().await, TokenIssuer::new(1));
    let url = format!("http://127.0.0.1:{}", goproxy_testkit::free_port());
    world.configure(&issuer_table(&url, ""));
    let proxy = world.start().await;
    let auth = bearer(&issuer.token(&claims(&url, "corp")));
    let answer = proxy.get_with(&world.modules[1].url_path("info"), &[("Authorization", &auth)]).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("2")), "{answer:?}");
    let told = || proxy.log().contains("the keys of a token issuer cannot be had");
    assert!(goproxy_testkit::wait_until(crate::support::PATIENCE, told).await, "{}", proxy.log());
}

#[tokio::test]
async fn a_new_token_is_let_in_by_the_lines_it_comes_with() {
    let world = World::new().await;
    let made = goproxy().bare().args(["token", "deploy", "-expires", "1d"]).run().await;
    assert!(made.ok, "{made:?}");
    let token = made.stdout.lines().find_map(|line| line.strip_prefix("#   ")).unwrap();
    world.configure(&format!("{}[[access]]\nwho = 'deploy'\nmodules = 'example.com'\n", made.stdout));
    let proxy = world.start().await;
    let answer = proxy.get_with(&world.modules[0].url_path("info"), &[("Authorization", &bearer(token))]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn settings_that_mean_something_else_than_they_say_do_not_start() {
    let world = World::new().await;
    fs::write(world.path("keys"), "{}").unwrap();
    for (tables, error) in [
        ("[[access]]\nwho = 'ann'\nmodules = 'a.b/[x'\n".to_owned(), "[[access]]: malformed pattern"),
        ("[[tokens]]\nname = 'ann'\nsha256 = '".to_owned() + &"0".repeat(64) + "'\n", "the name \"ann\" is used twice"),
        (issuer_table("http://forge.example.com", ""), "[[issuers]]: keys come over https only"),
        (
            issuer_table("https://forge.example.com", &format!("jwksFile = {:?}\n", world.path("keys"))),
            "[[issuers]]: no key set",
        ),
    ] {
        world.configure(&tables);
        let output = world.builder().arg("check-config").run().await;
        assert!(output.code == Some(64) && output.stderr.contains(error), "{error}: {output:?}");
    }
    world.configure(&rules());
    fs::write(world.path("htpasswd"), "ann:canary-plain\n").unwrap();
    let output = world.builder().arg("check-config").run().await;
    assert!(output.code == Some(64) && output.stderr.contains("htpasswd: "), "{output:?}");
    assert!(output.stderr.contains("line 1: ") && !output.stderr.contains("canary"), "{output:?}");
}

#[tokio::test]
async fn accounts_over_plain_http_on_every_address_are_warned_of_once() {
    let world = World::new().await;
    let port = goproxy_testkit::free_port();
    let config = world.path("goproxy.toml");
    let flags = ["-config", config.to_str().unwrap(), "-listen", &format!("0.0.0.0:{port}")].map(str::to_owned);
    let cache = ["-cacheDir".to_owned(), world.path("c").to_str().unwrap().to_owned()];
    let proxy = goproxy().bare().args(flags).args(cache).start().await;
    assert_eq!(proxy.log().matches("credentials of clients are readable").count(), 1, "{}", proxy.log());
    let local = world.start().await;
    assert!(!local.log().contains("credentials of clients are readable"), "{}", local.log());
}
