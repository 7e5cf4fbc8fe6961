//! The measurements of one scenario, and what they come to.

use serde_json::{Value, json};

use super::{
    super::{median, table::Row},
    load::Measured,
};

/// One server's.
struct Line {
    name: &'static str,
    is_peer: bool,
    requests: Vec<f64>,
    cpu_us: Vec<f64>,
}

impl Line {
    fn rate(&self) -> f64 {
        median(&self.requests)
    }

    fn cpu(&self) -> f64 {
        median(&self.cpu_us)
    }
}

/// All servers', ours first.
pub(super) struct Rows(Vec<Line>);

impl Rows {
    pub(super) fn new(names: impl Iterator<Item = (&'static str, bool)>) -> Self {
        Self(names.map(|(name, is_peer)| Line { name, is_peer, requests: vec![], cpu_us: vec![] }).collect())
    }

    pub(super) fn add(&mut self, at: usize, measured: &Measured) {
        self.0[at].requests.push(measured.requests);
        self.0[at].cpu_us.push(measured.cpu_us);
    }

    pub(super) fn print(&self, scenario: &str) {
        for line in &self.0 {
            let (requests, cpu) = self.ratios(line);
            println!(
                "  {scenario:<28} {:<18} {:>8.0} req/s {:>8.1} us CPU/req   ours is {requests:.2}, CPU {cpu:.2}",
                line.name,
                line.rate(),
                line.cpu()
            );
        }
    }

    /// Ours by theirs: requests and CPU.
    fn ratios(&self, theirs: &Line) -> (f64, f64) {
        (self.0[0].rate() / theirs.rate(), self.0[0].cpu() / theirs.cpu())
    }

    pub(super) fn json(&self, scenario: &str, pinned: bool) -> Value {
        let servers: Vec<Value> = self
            .0
            .iter()
            .map(|line| json!({ "server": line.name, "requests_per_s": line.rate(), "cpu_us": line.cpu() }))
            .collect();
        json!({ "scenario": scenario, "pinned": pinned, "servers": servers })
    }

    /// Beside nginx in its faster setting, and beside the fastest peer.
    pub(super) fn listed(&self, what: &str) -> Vec<Row> {
        let best = |peers: bool| {
            let of_kind = self.0[1..].iter().filter(|line| line.is_peer == peers);
            of_kind.max_by(|one, other| one.rate().total_cmp(&other.rate()))
        };
        let row = |theirs: &Line| {
            let (requests, cpu) = self.ratios(theirs);
            Row::new(what, theirs.name, format!("{requests:.2} (CPU {cpu:.2})"))
        };
        [best(false), best(true)].into_iter().flatten().map(row).collect()
    }
}
