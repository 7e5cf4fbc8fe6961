//! A real `go`: `.netrc`, userinfo in GOPROXY, GOAUTH.

use goproxy_testkit::{Answer, GoClient, Home, Site, SiteOptions, TlsFront, TokenIssuer};

use super::*;
use crate::support::go_client;

const LIB: &str = "github.com/Corp/Lib@v1.0.0";
const GOAUTH: &str = concat!(env!("CARGO_BIN_EXE_goproxy"), " auth");

/// A client that trusts the front, and has no credentials yet.
fn client_of(client: &GoClient, front: &TlsFront, home: &Home) -> GoClient {
    let client = client.fresh().home(home).env("SSL_CERT_FILE", front.ca_path().to_str().unwrap());
    client.env("GONOSUMDB", "*").proxy(&front.url())
}

#[tokio::test]
async fn go_sends_netrc_and_userinfo_over_https() {
    let Some(client) = go_client("netrc").await else { return };
    let world = World::new().await;
    let proxy = world.start().await;
    let front = TlsFront::start(proxy.address()).await;
    let home = Home::new();
    let bare = client_of(&client, &front, &home);
    let refused = bare.download(LIB).await;
    assert!(!refused.ok && refused.stdout.contains("401 Unauthorized"), "{refused:?}");
    let url = front.url().replace("https://", "https://ann:opensesame@");
    assert!(bare.fresh().proxy(&url).download(LIB).await.ok, "userinfo\n{}", proxy.log());
    // With the port, where it is not that of https: measured.
    home.netrc(&front.host(), "any", CI);
    let output = bare.fresh().download(LIB).await;
    assert!(output.ok, "{output:?}\n{}", proxy.log());
    let forbidden = bare.fresh().download("private.example.com/app@v1.0.0").await;
    assert!(!forbidden.ok && forbidden.stdout.contains("not found: private.example.com/app"), "{forbidden:?}");
}

#[tokio::test]
async fn go_refuses_to_send_userinfo_over_plain_http() {
    let Some(client) = go_client("userinfo").await else { return };
    let world = World::new().await;
    let proxy = world.start().await;
    let url = proxy.url().replace("http://", "http://ann:opensesame@");
    let output = client.fresh().proxy(&url).env("GONOSUMDB", "*").download(LIB).await;
    assert!(!output.ok, "{output:?}");
    assert!(output.stdout.contains("refusing to pass credentials to insecure URL"), "{output:?}");
}

#[tokio::test]
async fn goauth_hands_the_token_of_every_ci_system_over() {
    let Some(client) = go_client("goauth").await else { return };
    let (world, issuer) = (World::new().await, TokenIssuer::new(1));
    fs::write(world.path("jwks"), issuer.jwks()).unwrap();
    world.configure(&format!(
        "[[issuers]]\nname = 'forge'\nissuer = 'https://forge.example.com'\naudience = 'https://goproxy.io'\n\
         jwksFile = {:?}\n[[access]]\nwho = ['forge', 'ci']\nmodules = 'github.com/Corp'\n",
        world.path("jwks")
    ));
    let proxy = world.start().await;
    let front = TlsFront::start(proxy.address()).await;
    let home = Home::new();
    let jwt = issuer.token(&kinds::claims("https://forge.example.com", "corp"));
    let actions = Site::start(SiteOptions::default(), |_| async { Answer::text(404, "no\n") }).await;
    actions.on("/token", Answer::json(format!(r#"{{"count":1,"value":"{jwt}"}}"#)));
    fs::write(world.path("token"), format!("{CI}\n")).unwrap();
    let base = client_of(&client, &front, &home).env("GOAUTH", GOAUTH);
    let without = base.fresh().download(LIB).await;
    assert!(!without.ok && without.stdout.contains("401 Unauthorized"), "{without:?}");
    let request = format!("{}/token?api-version=2", actions.url());
    for variables in [
        &[("GOPROXY_TOKEN", CI)][..],
        &[("GOPROXY_TOKEN_FILE", world.path("token").to_str().unwrap())],
        &[("GOPROXY_TOKEN_VARIABLE", "GOPROXY_ID_TOKEN"), ("GOPROXY_ID_TOKEN", &jwt)],
        &[
            ("ACTIONS_ID_TOKEN_REQUEST_URL", &request),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary-request"),
            ("GOPROXY_AUDIENCE", "https://goproxy.io"),
        ],
    ] {
        let client = variables.iter().fold(base.fresh(), |client, (name, value)| client.env(name, value));
        let output = client.download(LIB).await;
        assert!(output.ok, "{variables:?}: {output:?}\n{}", proxy.log());
    }
    let asked = actions.requests();
    assert!(asked.iter().any(|request| request.target.ends_with("&audience=https%3A%2F%2Fgoproxy.io")), "{asked:?}");
    assert!(asked.iter().all(|request| request.header("authorization") == Some("Bearer canary-request")), "{asked:?}");
}

#[tokio::test]
async fn goauth_gives_the_token_to_the_first_proxy_and_nobody_else() {
    let run = async |variables: &[(&str, &str)], args: &[&str]| {
        let auth = goproxy().bare().arg("auth").args(args.iter().copied());
        variables.iter().fold(auth, |auth, (name, value)| auth.env(name, value)).run().await
    };
    let proxies = ("GOPROXY", "https://goproxy.io/go,https://proxy.golang.org,direct");
    let token = ("GOPROXY_TOKEN", "canary");
    let given = "https://goproxy.io/go\n\nAuthorization: Bearer canary\n\n";
    for (variables, args, stdout) in [
        (&[proxies, token][..], &[][..], given),
        (&[proxies, token], &["https://goproxy.io/go/a.b/@v/list"], given),
        (&[proxies, token], &["https://proxy.golang.org/a.b/@v/list"], ""),
        (&[proxies, token], &["https://goproxy.io/gopher"], ""),
        (&[proxies], &[], ""),
        (&[token], &[], ""),
        (&[("GOPROXY", "direct"), token], &[], ""),
        (&[("GOPROXY", "http://goproxy.io"), token], &[], ""),
    ] {
        let output = run(variables, args).await;
        assert_eq!(
            (output.code, output.stdout.as_str(), output.stderr.as_str()),
            (Some(0), stdout, ""),
            "{variables:?}"
        );
    }
    let bad = run(&[proxies, ("GOPROXY_TOKEN", "a\nX-Evil: canary")], &[]).await;
    assert!(!bad.ok && bad.stdout.is_empty() && !bad.stderr.contains("canary"), "{bad:?}");
}
