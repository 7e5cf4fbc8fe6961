//! What came of it: a line for each measurement, medians and ratios, and all of it as JSON.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use anyhow::Result;
use serde_json::{Value, json};

use crate::bench::median;

/// One measurement.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    seconds: f64,
    /// Of the upstream.
    requests: u64,
    bytes: u64,
    /// What reading ahead says of itself, by outcome.
    ahead: BTreeMap<String, u64>,
}

impl Sample {
    /// With the `/metrics` page of a server of ours, if there was one.
    pub(crate) fn new(seconds: f64, requests: u64, bytes: u64, page: &str) -> Self {
        let outcome = |line: &str| {
            let (outcome, count) = line.strip_prefix("goproxy_readahead_total{outcome=\"")?.split_once("\"} ")?;
            Some((outcome.to_owned(), count.parse().ok()?))
        };
        Self { seconds, requests, bytes, ahead: page.lines().filter_map(outcome).collect() }
    }

    fn json(&self) -> Value {
        json!({ "seconds": self.seconds, "requests": self.requests, "bytes": self.bytes, "ahead": self.ahead })
    }
}

pub(crate) struct Report {
    latency: Duration,
    /// In the order of a round.
    ways: Vec<(String, Vec<Sample>)>,
}

impl Report {
    pub(crate) fn new(latency: Duration) -> Self {
        Self { latency, ways: Vec::new() }
    }

    pub(crate) fn add(&mut self, round: usize, way: &str, sample: Sample) {
        let Sample { seconds, requests, bytes, ahead } = &sample;
        let told: String = ahead.iter().map(|(outcome, count)| format!(" {outcome} {count}")).collect();
        println!("round {} {way:<16} {seconds:6.2} s, upstream {requests} requests {bytes} bytes;{told}", round + 1);
        match self.ways.iter_mut().find(|(known, _)| known == way) {
            Some((_, samples)) => samples.push(sample),
            None => self.ways.push((way.to_owned(), vec![sample])),
        }
    }

    /// Prints the medians and writes everything down.
    pub(crate) fn finish(&self, file: &Path) -> Result<()> {
        println!("\nlatency {} ms, medians; ratio to straight from the upstream", self.latency.as_millis());
        let mut ways = serde_json::Map::new();
        for (way, samples) in &self.ways {
            let seconds = median_of(samples);
            let direct = if way.starts_with("build") { "build-direct" } else { "direct" };
            let direct = self.ways.iter().find(|(known, _)| known == direct).map(|(_, samples)| median_of(samples));
            let ratio = direct.map(|direct| seconds / direct);
            println!("{way:<16} {seconds:6.2} s {}", ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default());
            let samples: Vec<Value> = samples.iter().map(Sample::json).collect();
            ways.insert(way.clone(), json!({ "seconds": seconds, "ratio": ratio, "samples": samples }));
        }
        let all = json!({ "benchmark": "cold", "latency_ms": self.latency.as_millis() as u64, "ways": ways });
        fs::write(file, format!("{all:#}\n"))?;
        println!("{}", file.display());
        Ok(())
    }
}

fn median_of(samples: &[Sample]) -> f64 {
    median(&samples.iter().map(|sample| sample.seconds).collect::<Vec<_>>())
}
