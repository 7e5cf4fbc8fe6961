//! What the engine remembers between requests without the store: absences and failures, briefly, and the answers and
//! small objects in use. All of it is bounded, and all of it may be lost.

use std::time::Duration;

use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter, sync::Cache, sync::DefaultLifecycle};
use tokio::time::Instant;

use crate::{Answer, Blob, Error, Object, Stored, check::MAX_LIST, reply::Known};

/// How many bytes the failures take at most that are remembered: some ten thousand. Clients choose their number, and
/// paths may be long.
const FAILURE_BYTES: u64 = 16 << 20;
/// How many bytes of answers are kept at most.
const ANSWER_BYTES: u64 = 32 << 20;
/// How many bytes of small objects are kept at most: a hundred thousand `.info` and `.mod` files. A hit in memory costs
/// a third of one on a warm disk, whose open and read go to another thread.
const OBJECT_BYTES: u64 = 64 << 20;
/// Objects up to this size are kept: those that stores read whole.
const SMALL: u64 = 64 << 10;
/// Answers from this size on are kept apart: the cache of the others is cut into parts, one or more for each processor,
/// that hold no larger ones. An answer that is not kept is read from disk by every request, and held as often.
const LARGE: usize = 64 << 10;
/// How many bytes of large answers are kept at most: two of the largest.
const LARGE_BYTES: u64 = 2 * MAX_LIST + (8 << 20);

/// How long a module's file is given from memory without a look whether the store still has it: somebody may have removed
/// it, or another process found that it does not hold.
const LOOK_AFTER: Duration = Duration::from_secs(30);

/// How many lookups and tiles are known to be proved. One that is forgotten is proved again.
const PROVED: usize = 1 << 16;

/// What a failure was about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    Object(Object),
    Answer(Answer),
}

/// An object in memory.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) stored: Stored,
    since: Instant,
}

impl Kept {
    /// Whether the store has to be asked first. Checksums that were proved stay true whatever becomes of their files.
    pub(crate) fn is_due(&self, object: &Object) -> bool {
        matches!(object, Object::Module(..)) && self.since.elapsed() >= LOOK_AFTER
    }
}

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Memory {
    failures: Cache<Wanted, (Instant, Error), Size>,
    answers: Cache<Answer, Known, Size>,
    large: Cache<Answer, Known, Size>,
    objects: Cache<Object, Kept, Size>,
    /// Lookups and tiles that this process has proved.
    proved: Cache<Object, ()>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            failures: Cache::with_weighter(FAILURE_BYTES as usize / 1024, FAILURE_BYTES, Size),
            answers: Cache::with_weighter(ANSWER_BYTES as usize / 512, ANSWER_BYTES, Size),
            large: undivided(LARGE_BYTES),
            objects: Cache::with_weighter(OBJECT_BYTES as usize / 512, OBJECT_BYTES, Size),
            proved: Cache::new(PROVED),
        }
    }
}

/// A cache that takes entries up to its whole capacity.
fn undivided(bytes: u64) -> Cache<Answer, Known, Size> {
    let items = bytes as usize / LARGE;
    match OptionsBuilder::new().shards(1).estimated_items_capacity(items).weight_capacity(bytes).build() {
        Ok(options) => Cache::with_options(options, Size, DefaultHashBuilder::default(), DefaultLifecycle::default()),
        Err(_) => Cache::with_weighter(items, bytes, Size),
    }
}

impl Memory {
    /// Remembers an error for a while, without what was logged of it: a line for each repetition would be all that an
    /// absence costs.
    pub(crate) fn fail(&self, wanted: Wanted, error: Error, lasts: Duration) {
        self.failures.insert(wanted, (Instant::now() + lasts, error.told()));
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
        self.answers.get(answer).or_else(|| self.large.get(answer))
    }

    /// Keeps an answer.
    pub(crate) fn keep(&self, answer: Answer, known: Known) {
        let (cache, other) = match known.remembered.body.len() {
            LARGE.. => (&self.large, &self.answers),
            _ => (&self.answers, &self.large),
        };
        other.remove(&answer);
        cache.insert(answer, known);
    }

    /// The object in memory. It never changes, so that the disk needs to be looked at now and then only.
    pub(crate) fn object(&self, object: &Object) -> Option<Kept> {
        self.objects.get(object)
    }

    /// Forgets an object that turned out not to hold.
    pub(crate) fn forget_object(&self, object: &Object) {
        self.objects.remove(object);
        self.proved.remove(object);
    }

    /// Remembers that a lookup or tile was proved.
    pub(crate) fn prove(&self, object: &Object) {
        self.proved.insert(object.clone(), ());
    }

    /// Whether it was.
    pub(crate) fn is_proved(&self, object: &Object) -> bool {
        self.proved.get(object).is_some()
    }

    /// Keeps an object, if it is small.
    pub(crate) fn keep_object(&self, object: &Object, stored: &Stored) {
        if matches!(stored.blob, Blob::Bytes(_)) && stored.size <= SMALL {
            self.objects.insert(object.clone(), Kept { stored: stored.clone(), since: Instant::now() });
        }
    }
}

/// Weighs an entry by its texts, names included, and something for the rest.
#[derive(Clone, Copy, Debug)]
struct Size;

impl Weighter<Answer, Known> for Size {
    fn weight(&self, answer: &Answer, known: &Known) -> u64 {
        (256 + answer_len(answer) + known.remembered.body.len()) as u64
    }
}

impl Weighter<Object, Kept> for Size {
    fn weight(&self, object: &Object, kept: &Kept) -> u64 {
        (256 + object_len(object)) as u64 + kept.stored.size
    }
}

impl Weighter<Wanted, (Instant, Error)> for Size {
    fn weight(&self, wanted: &Wanted, (_, error): &(Instant, Error)) -> u64 {
        let name = match wanted {
            Wanted::Object(object) => object_len(object),
            Wanted::Answer(answer) => answer_len(answer),
        };
        (256 + name + error.message().len() + error.detail().map_or(0, str::len)) as u64
    }
}

fn answer_len(answer: &Answer) -> usize {
    match answer {
        Answer::List(path) | Answer::Latest(path) => path.as_str().len(),
        Answer::Query(path, query) => path.as_str().len() + query.as_str().len(),
        Answer::SumLatest(name) => name.len(),
    }
}

fn object_len(object: &Object) -> usize {
    match object {
        Object::Module(mv, _) | Object::SumLookup(_, mv) => mv.path().as_str().len() + mv.version().as_str().len(),
        Object::SumTile(name, _) => name.len(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use bytes::Bytes;
    use gomod::ModulePath;

    use super::*;
    use crate::{ErrorKind, Remembered};

    fn list(name: &str) -> Answer {
        Answer::List(ModulePath::parse(name).unwrap())
    }

    #[test]
    fn a_large_list_was_read_again_by_every_request() {
        let memory = Memory::default();
        let known = |len| Known::new(Remembered { body: Bytes::from(vec![b'v'; len]), asked: SystemTime::now() });
        for len in [100, LARGE - 1, LARGE, 14 << 20, 64 << 20, 100] {
            memory.keep(list("example.com/large"), known(len));
            let held = memory.answer(&list("example.com/large")).map(|known| known.remembered.body.len());
            assert_eq!(held, Some(len));
        }
    }

    #[test]
    fn absent_modules_with_long_names_filled_the_memory() {
        let memory = Memory::default();
        let path = "x".repeat(255) + "/";
        for i in 0..20_000 {
            let wanted = Wanted::Answer(list(&format!("example.com/{}{i}", path.repeat(10))));
            let error = Error::new(ErrorKind::NotFound, "not found").with_detail(path.repeat(10));
            memory.fail(wanted.clone(), error, Duration::from_mins(1));
            assert!(i > 100 || memory.failure(&wanted).is_some());
        }
        assert!(memory.failures.weight() <= FAILURE_BYTES, "{}", memory.failures.weight());
        assert!(memory.failures.len() > 1000, "{}", memory.failures.len());
    }
}
