//! What the engine remembers between requests without the store: absences and failures, briefly, and the answers in
//! use. All of it is bounded, and all of it may be lost.

use std::time::{Duration, Instant};

use quick_cache::{Weighter, sync::Cache};

use crate::{Answer, Error, Object, reply::Known};

/// How many failures are remembered at most.
const FAILURES: usize = 20_000;
/// How many bytes of answers are kept at most.
const ANSWER_BYTES: u64 = 32 << 20;

/// What a failure was about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    Object(Object),
    Answer(Answer),
}

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Memory {
    failures: Cache<Wanted, (Instant, Error)>,
    answers: Cache<Answer, Known, Bodies>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            failures: Cache::new(FAILURES),
            answers: Cache::with_weighter(ANSWER_BYTES as usize / 512, ANSWER_BYTES, Bodies),
        }
    }
}

impl Memory {
    /// Remembers an error for a while.
    pub(crate) fn fail(&self, wanted: Wanted, error: Error, lasts: Duration) {
        self.failures.insert(wanted, (Instant::now() + lasts, error));
    }

    /// The error that is remembered, if its time is not over.
    pub(crate) fn failure(&self, wanted: &Wanted) -> Option<Error> {
        let (until, error) = self.failures.get(wanted)?;
        if until > Instant::now() {
            return Some(error);
        }
        self.failures.remove(wanted);
        None
    }

    /// A success ends what was remembered.
    pub(crate) fn succeed(&self, wanted: &Wanted) {
        self.failures.remove(wanted);
    }

    /// Forgets all failures.
    pub(crate) fn forget_failures(&self) {
        self.failures.clear();
    }

    /// The answer in memory, however old.
    pub(crate) fn answer(&self, answer: &Answer) -> Option<Known> {
        self.answers.get(answer)
    }

    /// Keeps an answer.
    pub(crate) fn keep(&self, answer: Answer, known: Known) {
        self.answers.insert(answer, known);
    }
}

/// Weighs an answer by its body.
#[derive(Clone, Copy, Debug)]
struct Bodies;

impl Weighter<Answer, Known> for Bodies {
    fn weight(&self, _: &Answer, known: &Known) -> u64 {
        known.remembered.body.len() as u64 + 256
    }
}
