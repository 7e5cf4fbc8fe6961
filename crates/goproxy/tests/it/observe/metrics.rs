//! The table of metrics, the page, and what the dashboard and the alert rules ask for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::Duration,
};

use goproxy_testkit::{Answer, ModuleFixture, Proxy, Upstream, wait_until};

use crate::support::{PATIENCE, router, router_with, upstream_with};

/// A metric: its type, and its labels with their values.
type Metric = (String, BTreeMap<String, BTreeSet<String>>);

#[tokio::test]
async fn the_table_of_metrics_is_true() {
    let (upstream, module) = upstream_with("example.com/table", "v1.0.0").await;
    let proxy = router(&upstream).await;
    for ext in ["info", "mod", "zip", "info"] {
        proxy.get(&module.url_path(ext)).await;
    }
    proxy.get("/example.com/none/@v/list").await;
    let (page, table) = (on_page(&page_with(&proxy, "goproxy_store_used_bytes ").await), in_table());
    let names = |metrics: &BTreeMap<String, Metric>| metrics.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&page), names(&table));
    for (name, (kind, labels)) in &page {
        let (documented, known) = &table[name];
        assert_eq!(kind, documented, "the type of {name}");
        let of = |labels: &BTreeMap<String, BTreeSet<String>>| labels.keys().cloned().collect::<Vec<_>>();
        assert_eq!(of(labels), of(known), "the labels of {name}");
        for (label, values) in labels.iter().filter(|(label, _)| !known[*label].is_empty()) {
            assert!(values.is_subset(&known[label]), "{name}{{{label}}}: {values:?}, documented {:?}", known[label]);
        }
    }
}

#[tokio::test]
async fn the_queue_and_the_upstream_are_counted() {
    let upstream = Upstream::start().await;
    let slow = ModuleFixture::new("example.com/slow", "v1.0.0");
    upstream.add(&slow);
    upstream.on(&slow.url_path("info"), Answer::hang());
    let proxy = router_with(&upstream, &["-fetchLimit", "1"]).await;
    let (address, target) = (proxy.address(), slow.url_path("info"));
    let client = tokio::spawn(async move { goproxy_testkit::request(address, "GET", &target, &[]).await });
    assert!(wait_until(PATIENCE, || upstream.count(&slow.url_path("info")) == 1).await);
    assert_eq!(proxy.get("/example.com/other/@v/list").await.status, 503);
    let page = proxy.get("/metrics").await.text();
    for sample in [
        "goproxy_fetch_queue{state=\"running\"} 1",
        "goproxy_fetch_queue_limit 1",
        "goproxy_fetches_refused_total{reason=\"queue\"} 1",
        "goproxy_upstream_requests_total{outcome=\"5xx\"} 0",
    ] {
        assert!(page.lines().any(|line| line == sample), "{sample}\n{page}");
    }
    client.abort();
    let _ = client.await;
    page_with(&proxy, "goproxy_fetch_queue{state=\"running\"} 0").await;
    assert_eq!(proxy.get("/example.com/other/@v/list").await.status, 404);
    upstream.stop().await;
    proxy.get("/example.com/third/@v/list").await;
    let page = proxy.get("/metrics").await.text();
    let unreachable =
        page.lines().find_map(|line| line.strip_prefix("goproxy_upstream_requests_total{outcome=\"unreachable\"} "));
    assert!(unreachable.unwrap().parse::<u64>().unwrap() >= 1, "{page}");
    assert!(page.contains("goproxy_upstream_requests_total{outcome=\"4xx\"} 1"), "{page}");
}

/// What the page says once it has that sample.
async fn page_with(proxy: &Proxy, sample: &str) -> String {
    let mut page = String::new();
    for _ in 0..300 {
        page = proxy.get("/metrics").await.text();
        if page.contains(sample) {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no {sample} on\n{page}");
}

fn on_page(page: &str) -> BTreeMap<String, Metric> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let mut metrics: BTreeMap<String, Metric> =
        types.map(|(name, kind)| (name.to_owned(), (kind.to_owned(), BTreeMap::new()))).collect();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_at(line.find(['{', ' ']).expect(line));
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let name = base.filter(|base| metrics.get(*base).is_some_and(|(kind, _)| kind == "histogram")).unwrap_or(name);
        let (_, labels) = metrics.get_mut(name).unwrap_or_else(|| panic!("no type of {name}"));
        let Some((inside, _)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else { continue };
        for pair in inside.split(',') {
            let (label, value) = pair.split_once('=').expect(line);
            if label != "le" {
                labels.entry(label.to_owned()).or_default().insert(value.trim_matches('"').to_owned());
            }
        }
    }
    metrics
}

/// A label without values in brackets, or with others than words between backquotes, may have any.
pub(super) fn in_table() -> BTreeMap<String, Metric> {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    let docs = fs::read_to_string(docs).unwrap();
    let rows = docs.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (cells[1].trim_matches('`').to_owned(), (cells[2].to_owned(), labels(cells[3])))
    })
    .collect()
}

fn labels(mut cell: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut labels = BTreeMap::new();
    while let Some((label, rest)) = cell.strip_prefix('`').and_then(|cell| cell.split_once('`')) {
        let (mut values, mut rest) = ("", rest.trim_start());
        if let Some((inside, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            (values, rest) = (inside, after);
        }
        let words: Option<BTreeSet<String>> = values
            .split(", ")
            .map(|word| Some(word.strip_prefix('`')?.strip_suffix('`')?.to_owned()).filter(|word| !word.contains('`')))
            .collect();
        labels.insert(label.to_owned(), words.unwrap_or_default());
        cell = rest.trim_start_matches([',', ' ']);
    }
    assert!(cell.is_empty(), "the labels of a metric: {cell}");
    labels
}
