//! A real `go` as the judge of fixtures, upstream and checksum database.

use goproxy_testkit::{FAKE_GO_LINE, GoClient, ModuleFixture, SumDb, SumDbSupport, Tunnel, Upstream, fake_toolchain};

use crate::or_skip;

/// A module with a capital in its path, and one that needs it.
fn pair() -> [ModuleFixture; 2] {
    let lower = ModuleFixture::new("example.com/Mixed/lower", "v1.2.0");
    let upper = ModuleFixture::new("example.com/upper/v2", "v2.0.1").requires("example.com/Mixed/lower", "v1.2.0");
    [lower, upper]
}

#[tokio::test]
async fn builds_a_project_through_an_upstream_with_verified_sums() {
    let go = or_skip!("go", GoClient::find().await);
    let (upstream, sumdb) = (Upstream::start().await, SumDb::new("sums.example.test"));
    for module in pair() {
        upstream.add(&module);
        sumdb.add(&module);
    }
    upstream.attach(&sumdb);
    let go = go.proxy(&upstream.url()).sumdb(&sumdb.verifier_key());
    let project = go.project(&[
        ("go.mod", "module example.com/app\n\ngo 1.17\n\nrequire example.com/upper/v2 v2.0.1\n"),
        ("main.go", "package main\n\nimport _ \"example.com/upper/v2\"\n\nfunc main() {}\n"),
    ]);
    let built = go.build(&project).await;
    assert!(built.ok, "{}", built.stderr);

    let sums = std::fs::read_to_string(project.join("go.sum")).unwrap();
    for module in pair() {
        assert!(sums.contains(&module.sum_lines()), "{sums} lacks {}", module.sum_lines());
    }
    assert!(upstream.count("/sumdb/sums.example.test/lookup/*") >= 2);
    assert!(upstream.count("/sumdb/sums.example.test/tile/*") >= 1);
}

#[tokio::test]
async fn high_trees_grow_and_stay_consistent_for_a_client_that_remembers() {
    let go = or_skip!("go", GoClient::find().await);
    let (upstream, sumdb) = (Upstream::start().await, SumDb::new("sums.example.test"));
    let [first, second] = ModuleFixture::versions("example.com/m", &["v1.0.0", "v1.1.0"]).try_into().unwrap();
    upstream.add(&first).add(&second).attach(&sumdb);
    let go = go.proxy(&upstream.url()).sumdb(&sumdb.verifier_key());

    sumdb.pad(300).add(&first).pad(10);
    let downloaded = go.download("example.com/m@v1.0.0").await;
    assert!(downloaded.ok, "{}{}", downloaded.stdout, downloaded.stderr);
    sumdb.pad(400).add(&second);
    let downloaded = go.download("example.com/m@v1.1.0").await;
    assert!(downloaded.ok, "{}{}", downloaded.stdout, downloaded.stderr);
    assert!(upstream.count("*/tile/8/1/*") >= 1, "the second level was needed");
}

#[tokio::test]
async fn a_fork_and_a_false_sum_are_refused() {
    let go = or_skip!("go", GoClient::find().await);
    let (upstream, sumdb) = (Upstream::start().await, SumDb::new("sums.example.test"));
    let [first, second] = ModuleFixture::versions("example.com/m", &["v1.0.0", "v1.1.0"]).try_into().unwrap();
    upstream.add(&first).add(&second).attach(&sumdb);
    let go = go.proxy(&upstream.url()).sumdb(&sumdb.verifier_key());
    sumdb.pad(3).add(&first);
    assert!(go.download("example.com/m@v1.0.0").await.ok);

    let fork = sumdb.fork(2);
    fork.pad(1).add(&second).pad(2);
    upstream.attach(&fork);
    let refused = go.download("example.com/m@v1.1.0").await;
    assert!(!refused.ok && (refused.stderr + &refused.stdout).contains("SECURITY ERROR"));

    let liar = SumDb::new("sums.example.test");
    liar.add_lines("example.com/m", "v1.1.0", &first.sum_lines().replace("v1.0.0", "v1.1.0"));
    upstream.attach(&liar);
    let refused = go.fresh().download("example.com/m@v1.1.0").await;
    assert!(!refused.ok && (refused.stderr + &refused.stdout).contains("checksum mismatch"));
}

#[tokio::test]
async fn a_database_of_its_own_host_is_asked_directly() {
    let go = or_skip!("go", GoClient::find().await);
    let (upstream, sumdb) = (Upstream::start().await, SumDb::new("sums.example.test"));
    let module = ModuleFixture::new("example.com/m", "v1.0.0");
    upstream.add(&module).set(|knobs| knobs.sumdb = SumDbSupport::Off);
    let site = sumdb.add(&module).serve().await;
    let go = go.proxy(&upstream.url()).sumdb(&format!("{} {}", sumdb.verifier_key(), site.url()));
    let downloaded = go.download("example.com/m@v1.0.0").await;
    assert!(downloaded.ok, "{}{}", downloaded.stdout, downloaded.stderr);
    assert_eq!(site.count("/lookup/example.com/m@v1.0.0"), 1);
    assert_eq!(upstream.count("/sumdb/*"), 0);
}

#[tokio::test]
async fn an_upstream_with_tls_is_trusted_with_its_authority_only() {
    let go = or_skip!("go", GoClient::find().await);
    let upstream = Upstream::builder().base("/go").tls().start().await;
    upstream.add_all(&ModuleFixture::versions("example.com/m", &["v1.0.0", "v1.2.0", "v1.1.0"]));
    let go = go.proxy(&upstream.url());
    let refused = go.list_versions("example.com/m").await.unwrap_err();
    assert!(refused.stderr.contains("certificate"), "{}", refused.stderr);
    let go = go.env("SSL_CERT_FILE", upstream.ca_path().unwrap().to_str().unwrap());
    assert_eq!(go.list_versions("example.com/m").await.unwrap(), ["v1.0.0", "v1.1.0", "v1.2.0"]);
}

#[tokio::test]
async fn a_forward_proxy_carries_plain_http_and_tls() {
    let go = or_skip!("go", GoClient::find().await);
    let (plain, tls) = (Upstream::start().await, Upstream::builder().tls().start().await);
    let module = ModuleFixture::new("example.com/m", "v1.0.0");
    plain.add(&module);
    tls.add(&module);
    let tunnel = Tunnel::start(tls.address()).await;
    let go = go.env("HTTP_PROXY", &plain.url()).env("HTTPS_PROXY", &tunnel.url());
    let go = go.env("SSL_CERT_FILE", tls.ca_path().unwrap().to_str().unwrap());

    assert_eq!(go.clone().proxy("http://upstream.test").list_versions("example.com/m").await.unwrap(), ["v1.0.0"]);
    assert_eq!(plain.requests()[0].target, "http://upstream.test/example.com/m/@v/list");
    assert_eq!(plain.requests()[0].host(), "upstream.test");
    assert_eq!(go.proxy("https://upstream.test").list_versions("example.com/m").await.unwrap(), ["v1.0.0"]);
    assert_eq!(tunnel.targets()[0], "upstream.test:443");
    assert!(tls.total() >= 1);
}

#[tokio::test]
async fn a_client_switches_to_the_fake_toolchain_after_looking_up_its_sum() {
    let go = or_skip!("go", GoClient::find().await);
    let (upstream, sumdb) = (Upstream::start().await, SumDb::new("sums.example.test"));
    let toolchain = fake_toolchain();
    upstream.add(&toolchain).attach(&sumdb);
    let go = go.proxy(&upstream.url()).sumdb(&sumdb.verifier_key()).env("GOTOOLCHAIN", "go1.99.0");
    assert!(!go.run(&["version"]).await.ok, "without a record the switch must fail");

    sumdb.add(&toolchain);
    let switched = go.fresh().run(&["version"]).await;
    assert!(switched.ok, "{}", switched.stderr);
    assert_eq!(switched.stdout.trim(), FAKE_GO_LINE);
    assert!(upstream.count_of(&toolchain, "zip") >= 1);
}

#[tokio::test]
async fn another_release_of_go_runs_where_the_registry_has_it() {
    let go = or_skip!("go 1.21.13 in the registry", GoClient::release("1.21.13").await);
    let upstream = Upstream::start().await;
    upstream.add(&ModuleFixture::new("example.com/m", "v2.0.0+incompatible"));
    let downloaded = go.proxy(&upstream.url()).download("example.com/m@v2.0.0+incompatible").await;
    assert!(downloaded.ok, "{}{}", downloaded.stdout, downloaded.stderr);
    assert_eq!(upstream.count("/example.com/m/@v/v2.0.0+incompatible.zip"), 1);
}
