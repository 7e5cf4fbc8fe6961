//! The dashboard and the alert rules ask for metrics that there are, by labels and words that they have.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::metrics::in_table;

/// What Prometheus itself says about targets.
const OF_PROMETHEUS: [&str; 1] = ["up"];

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))).expect(path)
}

/// The expressions of a dashboard: of its panels and its variables.
fn of_dashboard() -> Vec<String> {
    fn collect(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                into.extend(fields.get("expr").and_then(Value::as_str).map(str::to_owned));
                if let Some(query) = fields.get("query").and_then(Value::as_str).filter(|query| query.contains('(')) {
                    into.push(query.to_owned());
                }
                fields.values().for_each(|value| collect(value, into));
            }
            Value::Array(items) => items.iter().for_each(|value| collect(value, into)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    collect(&serde_json::from_str(&read("packaging/grafana/goproxy.json")).expect("JSON"), &mut all);
    all
}

/// The expressions of the rules, which are blocks of YAML: everything after `expr:` that is indented further.
fn of_rules() -> Vec<String> {
    let text = read("packaging/prometheus/alerts.yaml");
    let (mut all, mut lines) = (Vec::new(), text.lines().peekable());
    while let Some(line) = lines.next() {
        let Some((indent, first)) = line.split_once("expr:") else { continue };
        let mut expression = first.trim_matches([' ', '|', '>', '-']).to_owned();
        while let Some(next) =
            lines.next_if(|next| next.len() > indent.len() && next.starts_with(&format!("{indent} ")))
        {
            expression.push_str(next);
            expression.push('\n');
        }
        all.push(expression);
    }
    all
}

/// The metrics of an expression, with the labels that are compared there and what with.
fn selectors(expression: &str) -> Vec<(String, Vec<(String, String)>)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let (mut found, mut rest) = (Vec::new(), expression);
    while let Some(at) = rest.find(is_name) {
        let end = at + rest[at..].find(|c| !is_name(c)).unwrap_or(rest.len() - at);
        let (name, after) = (&rest[at..end], &rest[end..]);
        rest = after;
        if !(name.starts_with("goproxy_") || name.starts_with("process_") || name == "up") {
            continue;
        }
        let inside = after.strip_prefix('{').and_then(|after| after.split_once('}')).map_or("", |(inside, _)| inside);
        rest = &after[inside.len()..];
        let matchers = inside.split(',').filter_map(|matcher| {
            let at = matcher.find(['=', '!'])?;
            let (label, value) = matcher.split_at(at);
            Some((label.trim().to_owned(), value.trim_matches(['=', '!', '~', '"', ' ']).to_owned()))
        });
        found.push((name.to_owned(), matchers.collect()));
    }
    found
}

fn check(what: &str, expressions: &[String]) -> BTreeSet<String> {
    let (table, mut used) = (in_table(), BTreeSet::new());
    for expression in expressions {
        let selectors = selectors(expression);
        assert!(!selectors.is_empty(), "{what}: no metric in {expression}");
        for (name, matchers) in selectors {
            if OF_PROMETHEUS.contains(&&*name) {
                continue;
            }
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let base = base.filter(|base| table.get(*base).is_some_and(|(kind, _)| kind == "histogram"));
            let found = table.get(base.unwrap_or(&name)).filter(|(kind, _)| base.is_some() || kind != "histogram");
            let (_, labels) = found.unwrap_or_else(|| panic!("{what}: docs/metrics.md has no {name}: {expression}"));
            for (label, value) in matchers.iter().filter(|(label, _)| !["job", "instance", "le"].contains(&&**label)) {
                let words = labels.get(label).unwrap_or_else(|| panic!("{what}: {name} has no label {label}"));
                let known = |word: &str| words.is_empty() || words.contains(word) || word.contains(['.', '*']);
                assert!(value.split('|').all(known), "{what}: {name}{{{label}}} is never {value}");
            }
            used.insert(base.unwrap_or(&name).to_owned());
        }
    }
    used
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let used = check("the dashboard", &of_dashboard());
    assert!(used.len() > 15, "{used:?}");
}

#[test]
fn the_alert_rules_ask_for_metrics_that_there_are() {
    let used = check("the rules", &of_rules());
    assert!(used.len() > 8, "{used:?}");
}

#[test]
fn a_metric_that_there_is_not_is_found() {
    for expression in [
        "rate(goproxy_nothing_total[5m])",
        "goproxy_cache_requests_total{result=\"hitt\"}",
        "goproxy_cache_requests_total{nothing=\"hit\"}",
        "goproxy_fetch_duration_seconds",
        "goproxy_connections_count",
        "1 + 1",
    ] {
        let found = std::panic::catch_unwind(|| check("the test", &[expression.to_owned()]));
        assert!(found.is_err(), "{expression}");
    }
    check(
        "the test",
        &["goproxy_cache_requests_total{result=~\"hit|stale\",job=\"x\"} / goproxy_connections".to_owned()],
    );
}
