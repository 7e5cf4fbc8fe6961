//! Reading ahead: what is fetched before anybody asks, what is not, and whom it must not disturb.

mod bounds;
mod lookups;
mod next;

use std::time::Duration;

use goproxy_testkit::{ModuleFixture, Proxy, Upstream, wait_until};

use crate::support::router_with;

const ON: [&str; 2] = ["-readAhead", "64MB"];
/// Long enough for anything on its way to arrive.
const SOON: Duration = Duration::from_secs(20);
/// Long enough for what must not come to have come.
const WHILE: Duration = Duration::from_millis(400);

async fn reading(upstream: &Upstream) -> Proxy {
    router_with(upstream, &ON).await
}

/// A module at a language version, with requirements.
fn at(go: &str, path: &str, requires: &[&str]) -> ModuleFixture {
    let lines: String = requires.iter().map(|path| format!("require {path} v1.0.0\n")).collect();
    ModuleFixture::new(path, "v1.0.0").go_mod(format!("module {path}\n\ngo {go}\n\n{lines}"))
}

/// Waits until a file was asked for so often.
async fn asked(upstream: &Upstream, module: &ModuleFixture, ext: &str, times: usize) {
    let came = wait_until(SOON, || upstream.count_of(module, ext) >= times).await;
    assert!(came, "{}.{ext} was not fetched ahead: {:?}", module.name(), upstream.requests());
}

async fn metric(proxy: &Proxy, outcome: &str) -> u64 {
    let line = format!("goproxy_readahead_total{{outcome=\"{outcome}\"}} ");
    let page = proxy.get("/metrics").await.text();
    page.lines().find_map(|found| found.strip_prefix(&line)?.parse().ok()).unwrap_or(0)
}

/// Waits until a metric is at least so high.
async fn reaches(proxy: &Proxy, outcome: &str, count: u64) {
    let begun = std::time::Instant::now();
    while metric(proxy, outcome).await < count {
        assert!(begun.elapsed() < SOON, "{outcome} is {}, not {count}", metric(proxy, outcome).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
