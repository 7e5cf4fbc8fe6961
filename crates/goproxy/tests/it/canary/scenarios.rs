//! Everything goes wrong, and nobody learns a secret.

use std::{fs, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use goproxy_testkit::{Proxy, wait_until};
use tokio::task::JoinSet;

use super::{
    needles::{Seen, canary},
    watch::{Arguments, Children},
    world::{MOODS, OWNERS, World},
};
use crate::{
    engine::{Engine, whatever_fetches},
    support::PATIENCE,
};

whatever_fetches! {
    a_secret_turned_up_where_others_read,
}

async fn a_secret_turned_up_where_others_read(engine: Engine) {
    let world = World::new().await;
    let (mut seen, arguments, children) = (Seen::default(), Arguments::watch(), Children::new(&["git", "go"]));
    let builder = world.builder(engine).env("PATH", children.path());
    let proxy = Arc::new(builder.clone().start().await);
    ask_all(&proxy, &mut seen).await;
    reload_with_mistakes(&world, &proxy).await;
    let token = format!("Bearer {}", canary("static"));
    let metrics = proxy.get_with("/metrics", &[("Authorization", &token)]).await;
    assert_eq!(metrics.status, 200);
    seen.add("/metrics", metrics.text());
    for command in [vec!["check-config"], vec!["-tlsCert", "/nowhere", "check-config"], bad_key(&world)] {
        let output = builder.clone().args(command).run().await;
        seen.add("what check-config prints", output.stdout + &output.stderr);
    }
    seen.add("the log", proxy.log());
    seen.add_files(proxy.cache_dir());
    seen.add_files(&proxy.scratch_dir().join("tmp"));
    world.other.requests().iter().for_each(|request| seen.add("a request to another host", format!("{request:?}")));
    arguments.end(&mut seen);
    children.end(&mut seen);
    seen.assert_clean();
    sent(&world, engine);
}

/// What would prove nothing if the secrets had never left.
fn sent(world: &World, engine: Engine) {
    let mut sent = Seen::default();
    world.echo.requests().iter().for_each(|request| sent.add("a request", format!("{:?}", request.headers)));
    let expected: Vec<&str> = OWNERS.into_iter().chain(["proxy", "gosumdb", "sumdb"]).collect();
    let found = sent.found();
    let missing: Vec<_> = expected.into_iter().filter(|field| !found.contains(field)).collect();
    assert!(missing.is_empty(), "never sent: {missing:?}");
    assert!(world.other.total() > 0 || engine == Engine::Go, "no redirect was followed");
}

/// Everything that is asked for.
fn targets() -> Vec<String> {
    let of_owner = |owner: &'static str| {
        let moods = MOODS.into_iter().filter(move |mood| *mood != "hang" || owner == "token");
        let zips = owner == "token" || owner == "insteadof";
        moods.flat_map(move |mood| {
            let file = |name: &str| format!("/github.com/{owner}/{mood}/@v/{name}");
            [Some(file("list")), zips.then(|| file("v1.0.0.zip"))].into_iter().flatten()
        })
    };
    let of_mood = |mood: &str| {
        [
            format!("/example.com/{mood}/@v/list"),
            format!("/sumdb/other.example.org/lookup/example.com/{mood}@v1.0.0"),
            format!("/sumdb/sums.example.org/lookup/example.com/{mood}@v1.0.0"),
            format!("/example.com/{mood}/@v/v1.0.0.mod"),
        ]
    };
    OWNERS.into_iter().flat_map(of_owner).chain(MOODS.into_iter().flat_map(of_mood)).collect()
}

/// All at once: they wait for retries and time limits, not for the machine.
async fn ask_all(proxy: &Arc<Proxy>, seen: &mut Seen) {
    let mut running = JoinSet::new();
    for target in targets() {
        let proxy = Arc::clone(proxy);
        running.spawn(async move { ask(&proxy, &target).await });
    }
    running.join_all().await.into_iter().for_each(|more| seen.append(more));
}

/// As a token, as a user, and as nobody that is known.
async fn ask(proxy: &Proxy, target: &str) -> Seen {
    let mut seen = Seen::default();
    let login = STANDARD.encode(format!("ann:{}", canary("htpasswd")));
    let (token, unknown) = (format!("Bearer {}", canary("static")), format!("Bearer {}", canary("jwt")));
    for (authorization, known) in [(token, true), (format!("Basic {login}"), true), (unknown, false)] {
        let answer = proxy.get_with(target, &[("Authorization", &authorization)]).await;
        assert!(
            answer.status >= 400 && (answer.status != 401) == known,
            "{target}: {} {}",
            answer.status,
            answer.text()
        );
        seen.add(format!("the answer to {target}"), format!("{:?}\n{}", answer.headers, answer.text()));
        // Each takes as long as a fetch may.
        if target.contains("hang") {
            break;
        }
    }
    seen
}

/// Mistakes beside secrets, and secrets where others are expected.
async fn reload_with_mistakes(world: &World, proxy: &Proxy) {
    let secret = canary("token");
    fs::write(world.path("htpasswd.plain"), format!("ann:{}\n", canary("htpasswd"))).unwrap();
    let echo = world.echo.url();
    for more in [
        format!("[[credentials]]\nurl = '{echo}'\ntoken = '{secret}'\npassword = '{secret}'\n"),
        format!(
            "[[credentials]]\nurl = '{}'\ntoken = '{secret}'\n",
            world.echo.url_with_userinfo(&format!("u:{secret}"))
        ),
        format!("[[credentials]]\nurl = 'https://u:{secret}@x.example/'\ntoken = '{secret}'\n"),
        format!("[[credentials]]\nurl = '{echo}'\ntoken = ['{secret}']\n"),
        format!("[[credentials]]\nurl = '{echo}'\ntoken = '{secret}\n"),
        format!("[[tokens]]\nname = 'x'\nsha256 = '{}'\n", canary("static")),
        format!("[[credentials]]\nurl = '{echo}/changed/'\ntoken = '{secret}'\n"),
    ] {
        world.configure(&more);
        hangup(proxy).await;
    }
    let text = fs::read_to_string(world.path("goproxy.toml")).unwrap();
    fs::write(world.path("goproxy.toml"), text.replace("/htpasswd'", "/htpasswd.plain'")).unwrap();
    hangup(proxy).await;
    world.configure("");
    hangup(proxy).await;
}

async fn hangup(proxy: &Proxy) {
    let before = proxy.log().matches("SIGHUP: ").count();
    proxy.hangup();
    assert!(wait_until(PATIENCE, || proxy.log().matches("SIGHUP: ").count() > before).await, "{}", proxy.log());
}

fn bad_key(world: &World) -> Vec<&'static str> {
    let key = world.path("key.pem").display().to_string();
    vec!["-tlsCert", "/dev/null", "-tlsKey", Box::leak(key.into_boxed_str()), "check-config"]
}
