//! What was measured, and the goals it is held against.

use super::{super::median, cases::Answer, rivals::Cost};

/// The columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rival {
    Floor,
    GoEmpty,
    GoWarm,
    Ours,
}

/// Everything measured about one answer.
pub(super) struct Row {
    pub(super) repository: &'static str,
    pub(super) latency: u64,
    pub(super) answer: Answer,
    pub(super) costs: Vec<(Rival, Cost)>,
    /// Of the last round: what our proxy asked of the remote.
    pub(super) listings: u64,
    pub(super) fetches: u64,
    pub(super) peak: u64,
    /// The most that our process held, in MiB.
    pub(super) memory: f64,
}

impl Row {
    pub(super) fn new(repository: &'static str, latency: u64, answer: Answer) -> Self {
        Self { repository, latency, answer, costs: Vec::new(), listings: 0, fetches: 0, peak: 0, memory: 0.0 }
    }

    /// Milliseconds.
    fn of(&self, rival: Rival, value: impl Fn(&Cost) -> f64) -> Option<f64> {
        let values: Vec<_> = self.costs.iter().filter(|(of, _)| *of == rival).map(|(_, cost)| value(cost)).collect();
        (!values.is_empty()).then(|| median(&values) * 1000.0)
    }

    fn time(&self, rival: Rival) -> Option<f64> {
        self.of(rival, |cost| cost.seconds)
    }

    fn rival(&self) -> Option<f64> {
        self.time(if self.answer == Answer::Next { Rival::GoWarm } else { Rival::GoEmpty })
    }

    /// What the goal is, and what was reached. Small repositories are held against the floor, others against `go`.
    fn verdict(&self) -> Option<(String, bool)> {
        let (ours, floor, go) = (self.time(Rival::Ours)?, self.time(Rival::Floor), self.rival());
        let over =
            |most: f64| floor.map(|floor| (format!("floor+{most:.0} ms: +{:.1}", ours - floor), ours - floor <= most));
        let ratio = |most: f64| go.map(|go| (format!("go*{most}: {:.3}", ours / go), ours / go <= most));
        match (self.answer, self.repository) {
            (Answer::Files, "tiny") => over(15.0),
            (_, "tiny") => None,
            (Answer::Files, _) => ratio(0.12),
            (Answer::Zip | Answer::All, _) => ratio(0.2),
            (Answer::Next, _) => ratio(0.1),
            (Answer::List, _) => ratio(0.15),
            (Answer::Storm, _) => {
                let text = format!("1 listing, 1 at a time: {}, {}", self.listings, self.peak);
                Some((text, self.listings <= 1 && self.peak <= 1))
            }
        }
    }
}

/// Prints all rows; how many goals are missed.
pub(super) fn print(rows: &[Row]) -> usize {
    println!(
        "\nmedians in ms; cpu: user and system time, children included; ops: listings+fetches asked of the remote"
    );
    println!(
        "{:<5} {:>3} {:<17} {:>8} {:>9} {:>9} {:>8} {:>7} {:>8} {:>8} {:>8} {:>6} {:>5}  goal",
        "repo",
        "lat",
        "answer",
        "floor",
        "go empty",
        "go warm",
        "ours",
        "/go",
        "/floor",
        "cpu go",
        "cpu ours",
        "ops",
        "MiB"
    );
    for row in rows {
        let ours = row.time(Rival::Ours);
        let ratio = |to: Option<f64>| ours.zip(to).map(|(ours, to)| ours / to);
        let rival = if row.answer == Answer::Next { Rival::GoWarm } else { Rival::GoEmpty };
        let verdict = row
            .verdict()
            .map_or_else(String::new, |(text, met)| format!("{} {text}", if met { "met    " } else { "NOT MET" }));
        println!(
            "{:<5} {:>3} {:<17} {:>8} {:>9} {:>9} {:>8} {:>7} {:>8} {:>8} {:>8} {:>6} {:>5.0}  {verdict}",
            row.repository,
            row.latency,
            row.answer.name(),
            shown(row.time(Rival::Floor), 1),
            shown(row.time(Rival::GoEmpty), 1),
            shown(row.time(Rival::GoWarm), 1),
            shown(ours, 1),
            shown(ratio(row.rival()), 3),
            shown(ratio(row.time(Rival::Floor)), 2),
            shown(row.of(rival, |cost| cost.cpu_seconds), 0),
            shown(row.of(Rival::Ours, |cost| cost.cpu_seconds), 0),
            format!("{}+{}", row.listings, row.fetches),
            row.memory,
        );
    }
    rows.iter().filter(|row| row.verdict().is_some_and(|(_, met)| !met)).count()
}

fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}
