//! P3 to P5 of the threat model: every textual disguise of a private path, at every endpoint, is that private module or
//! refused. Nobody else sees a byte of it.

use goproxy_testkit::{ModuleFixture, SumDb, Upstream};

use crate::support::goproxy;

/// Spellings of `github.com/MyOrg/priv` and `github.com/corp/p`, which are private.
const DISGUISES: [&str; 21] = [
    "/github.com/!my!org/priv",
    "/github.com/%21my%21org/priv",
    "/github.com/!my%21org/priv",
    "/%67ithub.com/!my!org/priv",
    "/github.com/%4dyOrg/priv",
    "/github.com/MyOrg/priv",
    "/github.com/!!my!org/priv",
    "/github.com/!My!org/priv",
    "//github.com/corp/p",
    "///github.com/corp/p",
    "/./github.com/corp/p",
    "/x/../github.com/corp/p",
    "/%2e/github.com/corp/p",
    "/%67ithub.com/corp/p",
    "/%2567ithub.com/corp/p",
    "/github.com%2Fcorp%2Fp",
    "/github.com/corp/p%2Fq",
    "/github.com/corp%2fp",
    "/github.com//corp/p",
    "/github.com/./corp/p",
    "/github.com\\corp\\p",
];

const SUMS: &str = "sums.example.org";

#[tokio::test]
async fn a_disguised_private_path_reached_an_upstream_or_a_checksum_database() {
    let (upstream, sums) = (Upstream::start().await, SumDb::new(SUMS));
    let decoy = ModuleFixture::new("github.com/corp/p", "v1.0.0");
    sums.add(&decoy).pad(3);
    upstream.add(&decoy).add(&ModuleFixture::new("github.com/MyOrg/priv", "v1.0.0")).attach(&sums);
    let flags = ["-proxy", &upstream.url(), "-sumdb", SUMS, "-exclude", "github.com/MyOrg,github.com/corp/*"];
    let proxy = goproxy().args(flags.map(str::to_owned)).env("GOSUMDB", sums.verifier_key());
    // Version control has nobody to ask, either.
    let proxy = proxy.env("HTTPS_PROXY", "http://127.0.0.1:9").env("PATH", "/nowhere").start().await;
    for disguise in DISGUISES {
        for rest in ["@v/list", "@latest", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip", "@v/main.info"] {
            refused(&proxy, &format!("{disguise}/{rest}")).await;
            refused(&proxy, &format!("/cached-only{disguise}/{rest}")).await;
        }
        for lookup in ["lookup", "%6cookup", "lookup/"] {
            refused(&proxy, &format!("/sumdb/{SUMS}/{lookup}{disguise}@v1.0.0")).await;
        }
    }
    assert_eq!((upstream.total(), upstream.connections()), (0, 0), "{:?}", upstream.requests());
}

async fn refused(proxy: &goproxy_testkit::Proxy, target: &str) {
    let raw = format!("GET {target} HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n");
    let answer = String::from_utf8_lossy(&proxy.raw(raw.as_bytes()).await.unwrap()).into_owned();
    let status: u16 = answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default();
    // What is private goes to version control, which cannot be reached: that is 502.
    assert!((400..500).contains(&status) || status == 502, "{target}: {answer}");
}
