//! One run with secrets of every kind, as a service has them: TLS with its key, accounts of all sorts, an issuer whose
//! tokens are good, credentials for others, traces; everything is asked for, in every way, and most of it is had.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use goproxy_testkit::{
    Answer, Collector, ModuleFixture, Proxy, Secrets, Site, SiteOptions, SumDb, TestCa, TokenIssuer, Upstream,
    wait_until,
};

use super::{
    needles::{Seen, canary, in_url},
    watch::{Arguments, Children},
    world::{MOODS, OWNERS, World},
};
use crate::{access::kinds::claims, engine::Engine, support::PATIENCE};

/// What is in the cache by and by, what is refused, what fails, and what tells of the program itself.
fn targets(module: &ModuleFixture) -> Vec<String> {
    let files = ["info", "mod", "zip"].map(|ext| module.url_path(ext));
    let rest = ["/example.com/whole/@v/list", "/example.com/whole/@latest", "/example.com/absent/@v/v1.0.0.zip"];
    let own = ["/", "/metrics", "/healthz", "/readyz", "/nowhere", "/sumdb/sums.example.org/supported"];
    let lookup = "/sumdb/sums.example.org/lookup/example.com/whole@v1.0.0";
    let quick = || MOODS.into_iter().filter(|mood| *mood != "hang");
    let failing =
        OWNERS.into_iter().flat_map(|owner| quick().map(move |mood| format!("/github.com/{owner}/{mood}/@v/list")));
    let known = rest.into_iter().chain(own).chain([lookup]).map(str::to_owned);
    files.into_iter().chain(known).chain(failing).collect()
}

struct Clients<'a> {
    ca: &'a TestCa,
    proxy: &'a Proxy,
    authorizations: Vec<String>,
}

impl Clients<'_> {
    /// As everybody in turn, in each way of asking; how often what was answered.
    async fn ask(&self, target: &str, seen: &mut Seen) -> Vec<u16> {
        let mut statuses = Vec::new();
        for authorization in &self.authorizations {
            let ways = [
                ("GET", None),
                ("HEAD", None),
                ("GET", Some(("If-None-Match", "*"))),
                ("GET", Some(("Range", "bytes=0-9"))),
            ];
            for (method, more) in ways {
                let mut headers = vec![("Authorization", authorization.as_str()), ("Accept", "text/html")];
                headers.extend(more);
                let (answer, _) = self.ca.request(self.proxy.address(), method, target, &headers).await.unwrap();
                statuses.push(answer.status);
                seen.add(
                    format!("the answer to {method} {target}"),
                    format!("{:?}\n{}", answer.headers, answer.text()),
                );
            }
        }
        statuses
    }
}

#[tokio::test]
async fn no_secret_of_any_kind_shows_anywhere_in_a_run_with_all_of_them() {
    let (world, ca, tls) = (World::new().await, TestCa::new(), tempfile::tempdir().unwrap());
    ca.issue(tls.path());
    let (collector, upstream, sums) =
        (Collector::start().await, Upstream::start().await, SumDb::new("sums.example.org"));
    let module = ModuleFixture::new("example.com/whole", "v1.0.0");
    sums.pad(3).add(&module);
    upstream.add(&module).attach(&sums);
    let (issuer, forge) =
        (TokenIssuer::new(9), Site::start(SiteOptions::default(), async |_| Answer::text(404, "")).await);
    let keys = format!(r#"{{"issuer":"{0}","jwks_uri":"{0}/keys"}}"#, forge.url());
    forge.on("/.well-known/openid-configuration", Answer::json(keys));
    forge.on("/keys", Answer::json(issuer.jwks()));
    world.configure(&format!(
        "[[issuers]]\nname = 'forge'\nissuer = '{}'\naudience = 'https://goproxy.io'\nclaims = {{ owner = 'corp' }}\n\
         [[access]]\nwho = ['forge']\nright = 'read'\n[[access]]\nwho = 'static'\nright = 'admin'\n",
        forge.url()
    ));
    let (secrets, file) = (Secrets::default(), |name: &str| tls.path().join(name).display().to_string());
    let jwt = issuer.token(&claims(&forge.url(), "corp"));
    secrets.add(&jwt);
    let pem = fs::read_to_string(file("tls.key")).unwrap();
    pem.lines().filter(|line| !line.starts_with("---")).for_each(|line| secrets.add(line));

    let (arguments, children) = (Arguments::watch(), Children::new(&["git", "go"]));
    let list = format!("{},{}/up", upstream.url_with_userinfo(&format!("u:{}", in_url("proxy"))), world.echo.url());
    let program = world
        .builder(Engine::Native)
        .args(["-proxy".to_owned(), list, "-sumdb".to_owned(), "sums.example.org".to_owned()])
        .args(["-tlsCert".to_owned(), file("tls.crt"), "-tlsKey".to_owned(), file("tls.key")])
        .args(["-metricsAccess", "admin", "-logLevel", "debug"].map(str::to_owned))
        .env("PATH", children.path())
        .env("GOSUMDB", sums.verifier_key())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
        .env("OTEL_EXPORTER_OTLP_HEADERS", format!("x-key={}", in_url("bearer")))
        .env("OTEL_TRACES_SAMPLER", "always_on")
        .env("OTEL_BSP_SCHEDULE_DELAY", "50");
    let proxy = program.clone().start().await;
    let login = STANDARD.encode(format!("ann:{}", canary("htpasswd")));
    let authorizations = vec![
        format!("Bearer {jwt}"),
        format!("Basic {login}"),
        format!("Bearer {}", canary("static")),
        format!("Bearer {}", canary("jwt")),
    ];
    let (clients, mut seen) = (Clients { ca: &ca, proxy: &proxy, authorizations }, Seen::default());
    for target in targets(&module) {
        let statuses = clients.ask(&target, &mut seen).await;
        if target == module.url_path("zip") {
            let expected = [[200, 200, 304, 206]; 3].concat().into_iter().chain([401; 4]).collect::<Vec<_>>();
            assert_eq!(statuses, expected, "{}", proxy.log());
        }
    }
    let page = ca
        .request(proxy.address(), "GET", "/metrics", &[("Authorization", &clients.authorizations[2])])
        .await
        .unwrap()
        .0;
    assert!(page.status == 200 && page.text().contains("goproxy_access_refused_total"), "{}", page.text());
    let spans = || collector.spans().iter().any(|span| span.attributes.values().any(|value| value.contains("/whole/")));
    assert!(wait_until(PATIENCE, spans).await, "no traces");
    for request in collector.requests() {
        seen.add("a trace", &request.body);
    }
    let shown = program.args(["check-config"]).run().await;
    assert!(shown.ok, "{shown:?}");
    seen.add("what check-config prints", shown.stdout + &shown.stderr);
    seen.add("the log", proxy.log());
    seen.add_files(proxy.cache_dir());
    seen.add_files(&proxy.scratch_dir().join("tmp"));
    world.other.requests().iter().for_each(|request| seen.add("a request to another host", format!("{request:?}")));
    forge.requests().iter().for_each(|request| seen.add("a request to the issuer", format!("{request:?}")));
    arguments.end(&mut seen);
    children.end(&mut seen);
    seen.assert_clean();
    seen.assert_without(&secrets);
}
