//! Bad credentials of every shape, and where secrets must not turn up.

use super::*;

#[tokio::test]
async fn junk_is_refused_and_never_hurts() {
    let world = World::new().await;
    world.configure(&(rules() + "[[access]]\nwho = 'anonymous'\nmodules = 'example.com'\n"));
    let proxy = world.start().await;
    let open = world.modules[0].url_path("info");
    assert_eq!(proxy.get(&open).await.status, 200, "anonymous may");
    let long = format!("Basic {}", "QUFB".repeat(2800));
    for value in
        ["junk", "Basic", "Basic !!!", "Basic QQ==", "Bearer", "Bearer a b", "Basic bm9jb2xvbg==", "Digest x", &long]
    {
        let answer = proxy.get_with(&open, &[("Authorization", value)]).await;
        assert_eq!(answer.status, 401, "bad credentials are bad for what anonymous may read, too: {value:.40}");
    }
    let ci = bearer(CI);
    let two = [("Authorization", ci.as_str()), ("Authorization", ci.as_str())];
    assert_eq!(proxy.get_with(&open, &two).await.status, 401);
    for value in [&b"Basic \x00\x01"[..], b"Bearer a\x00b", b"Basic \xff\xfe", b"Bearer \xc3\xa4", b"Bearer\ta"] {
        let mut raw = format!("GET {open} HTTP/1.1\r\nHost: p\r\nConnection: close\r\nAuthorization: ").into_bytes();
        raw.extend_from_slice(value);
        raw.extend_from_slice(b"\r\n\r\n");
        let answer = String::from_utf8_lossy(&proxy.raw(&raw).await.unwrap()).into_owned();
        assert!(answer.starts_with("HTTP/1.1 401 ") || answer.starts_with("HTTP/1.1 400 "), "{value:?}: {answer}");
    }
    assert_eq!(proxy.get_with(&open, &[("Authorization", &ci)]).await.status, 200);
    assert!(!proxy.log().contains("panic"), "{}", proxy.log());
}

#[tokio::test]
async fn secrets_turn_up_in_no_log_body_or_metric() {
    let world = World::new().await;
    let proxy = world.builder().args(["-logLevel", "debug"]).start().await;
    let mut said = String::new();
    let secrets = ["opensesame", CI, "canary-wrong", "canary.jwt.wrong"];
    for secret in secrets {
        for auth in [basic("ann", secret), bearer(secret), format!("Weird {secret}"), secret.to_owned()] {
            for target in targets("github.com/Corp/Lib").iter().chain(&["/metrics".to_owned(), "/x".to_owned()]) {
                let answer = proxy.get_with(target, &[("Authorization", &auth)]).await;
                said.push_str(&format!("{:?}{}", answer.headers, answer.text()));
            }
        }
    }
    let check = world.builder().arg("check-config").run().await;
    said += &(check.stdout + &check.stderr + &proxy.log());
    for secret in secrets {
        for form in [secret.to_owned(), STANDARD.encode(secret), STANDARD.encode(format!("ann:{secret}"))] {
            assert!(!said.contains(&form), "{secret} as {form}");
        }
    }
    for hash in [CI_SHA256, "$2y$04$"] {
        assert!(!said.contains(hash), "{hash}");
    }
    assert!(said.contains("\"user\":\"ann\"") && said.contains("\"user\":\"ci\"") && said.contains("\"user\":null"));
    assert!(said.contains("goproxy_access_refused_total{reason=\"unknown\"}"), "{said}");
}

#[tokio::test]
async fn a_removed_account_and_token_are_refused_with_the_next_request_after_sighup() {
    let world = World::new().await;
    let proxy = world.start().await;
    let target = world.modules[1].url_path("info");
    let (ann, ci) = (basic("ann", "opensesame"), basic("x", CI));
    let status = async |auth: &str| proxy.get_with(&target, &[("Authorization", auth)]).await.status;
    assert_eq!((status(&ann).await, status(&ci).await), (200, 200));
    fs::write(world.path("htpasswd"), "# nobody\n").unwrap();
    let file = fs::read_to_string(world.path("goproxy.toml")).unwrap();
    fs::write(world.path("goproxy.toml"), file.replace(CI_SHA256, &"0".repeat(64))).unwrap();
    proxy.hangup();
    let log = || proxy.log().contains("SIGHUP: 2 tables [[tokens]] are in force now");
    assert!(goproxy_testkit::wait_until(crate::support::PATIENCE, log).await, "{}", proxy.log());
    assert_eq!((status(&ann).await, status(&ci).await), (401, 401), "{}", proxy.log());
    assert!(proxy.log().contains("the access rules name \"ann\""), "{}", proxy.log());
    fs::write(world.path("htpasswd"), "ann:plain\n").unwrap();
    proxy.hangup();
    let log = || proxy.log().contains("SIGHUP: nothing changed: htpasswd: ");
    assert!(goproxy_testkit::wait_until(crate::support::PATIENCE, log).await, "{}", proxy.log());
}

/// A file that is being written, or one that is not mounted.
#[tokio::test]
async fn a_file_that_was_cut_off_opened_everything_to_everybody() {
    let world = World::new().await;
    let proxy = world.start().await;
    let whole = fs::read_to_string(world.path("goproxy.toml")).unwrap();
    let (tokens, rules) = (whole.find("[[tokens]]").unwrap(), whole.find("[[access]]").unwrap());
    let target = world.modules[2].url_path("info");
    for (cut, gone) in [
        (String::new(), "the accounts are gone"),
        (whole[..rules].to_owned(), "the tables [[access]] are gone"),
        (whole.replace("exclude", "# exclude"), "the patterns of exclude are gone"),
        (whole[..tokens].to_owned(), "the tables [[access]] are gone"),
    ] {
        fs::write(world.path("goproxy.toml"), cut).unwrap();
        let times = proxy.log().matches(gone).count();
        proxy.hangup();
        let told = || proxy.log().matches(gone).count() > times;
        assert!(goproxy_testkit::wait_until(crate::support::PATIENCE, told).await, "{gone}: {}", proxy.log());
        assert_eq!(proxy.get(&target).await.status, 401, "{gone}");
        let ci = [("Authorization", &*bearer(CI))];
        assert_eq!(proxy.get_with(&target, &ci).await.status, 404, "{gone}");
    }
    assert!(world.upstream.requests().is_empty());
}

#[tokio::test]
async fn the_metrics_are_for_administrators_when_a_setting_says_so() {
    let world = World::new().await;
    let open = world.start().await;
    assert_eq!(open.get("/metrics").await.status, 200);
    assert_eq!(open.get_with("/metrics", &[("Authorization", "junk")]).await.status, 401);
    let closed = world.builder().args(["-metricsAccess", "admin"]).start().await;
    for (auth, status) in [(None, 401), (Some(bearer(CI)), 403), (Some(basic("ann", "opensesame")), 200)] {
        let headers: Vec<(&str, &str)> = auth.iter().map(|value| ("Authorization", value.as_str())).collect();
        let answer = closed.get_with("/metrics", &headers).await;
        assert_eq!(answer.status, status, "{auth:?}: {answer:?}");
    }
    let refused = goproxy().args(["-metricsAccess", "admin", "check-config"]).run().await;
    assert!(refused.stderr.contains("metricsAccess") && refused.code == Some(64), "{refused:?}");
}

#[tokio::test]
async fn without_accounts_everything_is_open_and_public() {
    let world = World::new().await;
    let proxy = goproxy().args(["-proxy", &world.upstream.url()]).start().await;
    let answer = proxy.get_with(&world.modules[0].url_path("info"), &[("Authorization", "junk")]).await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!((answer.status, answer.header("vary")), (200, Some("Disable-Module-Fetch")));
}

#[tokio::test]
async fn a_flood_of_wrong_passwords_holds_up_nobody_who_is_known() {
    let world = World::new().await;
    // Cost 12, of the password `opensesame`: a quarter of a second for each.
    fs::write(world.path("htpasswd"), "bob:$2y$12$abcdefghijklmnopqrstuut8eXPatx3twAPJa78BFnmw/6pro63MO\n").unwrap();
    let proxy = world.builder().args(["-accessLog", "off"]).start().await;
    let target = world.modules[1].url_path("info");
    let (bob, address) = (basic("bob", "opensesame"), proxy.address());
    assert_eq!(proxy.get_with(&target, &[("Authorization", &bob)]).await.status, 403, "verified, and without rights");
    let flood: Vec<_> = (0..150)
        .map(|n| {
            let (target, auth) = (target.clone(), basic("bob", &format!("wrong{n}")));
            tokio::spawn(async move {
                goproxy_testkit::request(address, "GET", &target, &[("Authorization", &auth)]).await.unwrap()
            })
        })
        .collect();
    for auth in [&bob, &bearer(CI)] {
        let begin = std::time::Instant::now();
        let answer = proxy.get_with(&target, &[("Authorization", auth)]).await;
        assert!(matches!(answer.status, 200 | 403), "{answer:?}");
        assert!(begin.elapsed() < std::time::Duration::from_secs(3), "{:?}", begin.elapsed());
    }
    let mut busy = 0;
    for task in flood {
        // Those that wait for their turn need not be waited for.
        if tokio::time::timeout(std::time::Duration::from_millis(50), task).await.is_ok_and(|answer| {
            let answer = answer.unwrap();
            answer.status == 503
                && answer.header("retry-after").is_some()
                && answer.header("www-authenticate").is_none()
        }) {
            busy += 1;
        }
    }
    assert!(busy >= 50, "{busy} of 150 were told to come back");
}
