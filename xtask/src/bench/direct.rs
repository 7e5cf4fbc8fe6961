//! Version control: our proxy with a cold cache beside the `go` command with and without its clones, and beside the
//! floor, the bare git wire exchange of the same answer. One git server over http on this machine, one interleaved run,
//! medians. Needs `go` and `git`.

mod cases;
mod floor;
mod host;
mod http;
mod repositories;
mod rivals;
mod table;

use anyhow::{Context, Result, bail};

use self::{
    cases::{Answer, Bench},
    host::Host,
    repositories::Shape,
    rivals::Go,
    table::{Rival, Row},
};
use super::{binary, process::remove, scratch};

/// What a run is made of: `--rounds N --engine native|go|default --latency 0,20 --repositories tiny,mid,big,tags --plain`.
struct Options {
    rounds: usize,
    engine: String,
    latencies: Vec<u64>,
    repositories: Vec<String>,
    /// A server without filters.
    plain: bool,
}

const SHAPES: [Shape; 4] = [
    Shape { name: "tiny", files: 4, commits: 60, tags: 60, blob: 1_000 },
    Shape { name: "mid", files: 1_000, commits: 300, tags: 60, blob: 1 << 20 },
    Shape { name: "big", files: 20_000, commits: 5_000, tags: 60, blob: 1 << 23 },
    Shape { name: "tags", files: 4, commits: 2_000, tags: 2_000, blob: 1_000 },
];

/// The peak of our process may be this and the largest blob, in MiB.
const MEMORY: f64 = 64.0;

/// Prints the table of one run.
pub(crate) fn direct(arguments: &[&str]) -> Result<()> {
    if let [host::COMMAND, folder] = arguments {
        return host::serve(folder);
    }
    let options = Options::parse(arguments)?;
    let (binary, work) = (binary()?, scratch("direct")?);
    let (repositories, go) = (work.join("repositories"), Go::new(&work)?);
    let host = Host::start(&repositories)?;
    let mut rows = Vec::new();
    let mut memory = Vec::new();
    for shape in SHAPES.iter().filter(|shape| options.repositories.iter().any(|name| name == shape.name)) {
        println!("making {}: {} files, {} commits, {} tags", shape.name, shape.files, shape.commits, shape.tags);
        let repository = repositories::make(&repositories, shape)?;
        let mut most: f64 = 0.0;
        let first = rows.len();
        for latency in &options.latencies {
            rows.extend(answers(shape).iter().map(|answer| Row::new(shape.name, *latency, *answer)));
        }
        // Twenty thousand files take `go` a minute a round.
        let rounds = if shape.name == "big" { options.rounds.div_ceil(3) } else { options.rounds };
        for round in 0..rounds {
            for row in &mut rows[first..] {
                let kind = if options.plain { "plain" } else { "filter" };
                let prefix = format!("/{}/{kind}", row.latency);
                let (host, binary, engine, work) = (&host, binary.as_path(), options.engine.as_str(), work.as_path());
                let bench = Bench { host, binary, engine, work, go: &go, repository: &repository, shape, prefix };
                one_round(&bench, row, round)?;
                most = most.max(row.memory);
            }
        }
        memory.push((shape, most));
        println!("{}: {rounds} rounds done", shape.name);
    }
    let missed = table::print(&rows) + print_memory(&memory);
    println!("\n{missed} goals are not met; engine {}, {} rounds", options.engine, options.rounds);
    remove(&work)
}

/// Every rival once, each round in another order.
fn one_round(bench: &Bench<'_>, row: &mut Row, round: usize) -> Result<()> {
    let mut rivals = [Rival::Floor, Rival::GoEmpty, Rival::GoWarm, Rival::Ours];
    rivals.rotate_left(round % 4);
    for rival in rivals {
        // Fifty versions take `go` long, and are no close race.
        if round > 0 && row.answer == Answer::Storm && rival != Rival::Ours {
            continue;
        }
        let measured = bench.measure(rival, row.answer);
        let measured = measured.with_context(|| format!("{} {} {rival:?}", row.repository, row.answer.name()))?;
        let Some(measured) = measured else { continue };
        row.costs.push((rival, measured.cost));
        if rival == Rival::Ours {
            (row.listings, row.fetches) = (measured.counts.listings, measured.counts.fetches);
            row.peak = measured.counts.peak;
            row.memory = row.memory.max(measured.memory);
        }
    }
    Ok(())
}

fn answers(shape: &Shape) -> &'static [Answer] {
    match shape.name {
        "tags" => &[Answer::List],
        "mid" => &[Answer::Files, Answer::Zip, Answer::All, Answer::Next, Answer::Storm],
        "big" => &[Answer::Files, Answer::Zip, Answer::Next],
        _ => &[Answer::Files, Answer::Zip, Answer::All, Answer::Next],
    }
}

/// How many repositories took too much.
fn print_memory(rows: &[(&Shape, f64)]) -> usize {
    println!("\npeak memory of our process (VmHWM, without children)");
    let goal = |shape: &Shape| MEMORY + shape.blob as f64 / f64::from(1 << 20);
    for (shape, most) in rows {
        let verdict = if *most <= goal(shape) { "met" } else { "NOT MET" };
        println!(
            "{:<5} {most:>7.1} MiB  goal {:.0} MiB and the largest blob, {:.1}: {verdict}",
            shape.name,
            MEMORY,
            goal(shape)
        );
    }
    rows.iter().filter(|(shape, most)| *most > goal(shape)).count()
}

impl Options {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            rounds: 3,
            engine: "native".to_owned(),
            latencies: vec![0, 20],
            repositories: SHAPES.iter().map(|shape| shape.name.to_owned()).collect(),
            plain: false,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} takes a value"));
            match *word {
                "--rounds" => options.rounds = value()?.parse().context("--rounds takes a number")?,
                "--engine" => options.engine = (*value()?).to_owned(),
                "--latency" => options.latencies = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
                "--repositories" => options.repositories = value()?.split(',').map(str::to_owned).collect(),
                "--plain" => options.plain = true,
                _ => bail!(crate::USAGE),
            }
        }
        Ok(options)
    }
}
