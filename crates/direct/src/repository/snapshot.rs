//! What a remote advertises, asked once per freshness period for everybody.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use goproxy_engine::{ErrorKind, Result};
use goproxy_fetch::Remote;
use goproxy_git::{ObjectFormat, Refs};
use tokio::sync::Mutex;

/// Who misses a tag may have pushed it a moment ago; the remote is asked again if the answer is older than this.
const MOMENT: Duration = Duration::from_secs(1);

/// How long a failure is everybody's answer: those who waited for it do not each repeat it.
const FAILURE: Duration = Duration::from_secs(1);

/// How long a repository that does not exist is not asked for again.
const ABSENCE: Duration = Duration::from_secs(10);

/// Refs, with the hash of the repository.
#[derive(Clone, Debug)]
pub(super) struct Advertised {
    pub(super) refs: Arc<Refs>,
    pub(super) format: ObjectFormat,
}

/// The last answer of a remote.
#[derive(Debug)]
pub(super) struct Snapshot {
    freshness: Duration,
    last: Mutex<Option<Answer>>,
}

#[derive(Debug)]
struct Answer {
    asked: Instant,
    said: Result<Advertised>,
}

impl Snapshot {
    pub(super) fn new(freshness: Duration) -> Self {
        Self { freshness, last: Mutex::default() }
    }

    /// The refs, at most as old as the freshness period.
    pub(super) async fn fresh(&self, remote: &Remote) -> Result<Advertised> {
        self.within(self.freshness, remote).await
    }

    /// The refs of this moment.
    pub(super) async fn newer(&self, remote: &Remote) -> Result<Advertised> {
        self.within(MOMENT.min(self.freshness), remote).await
    }

    /// Whether the next question goes to the remote.
    pub(super) fn is_stale(&self) -> bool {
        // Locked: somebody asks at this moment.
        self.last.try_lock().is_ok_and(|last| last.as_ref().is_none_or(|answer| !answer.holds(self.freshness)))
    }

    /// How many refs are held in memory.
    pub(super) fn len(&self) -> usize {
        let last = self.last.try_lock();
        last.ok().and_then(|last| Some(last.as_ref()?.said.as_ref().ok()?.refs.refs.len())).unwrap_or_default()
    }

    /// Those who come while the remote is asked wait for its answer. If the one who asks is cancelled, the next asks.
    async fn within(&self, age: Duration, remote: &Remote) -> Result<Advertised> {
        let came = Instant::now();
        let mut last = self.last.lock().await;
        if let Some(answer) = last.as_ref()
            && (answer.asked >= came || answer.holds(age))
        {
            return answer.said.clone();
        }
        let asked = Instant::now();
        let said = remote.refs().await.map(|(format, refs)| Advertised { refs: Arc::new(refs), format });
        *last = Some(Answer { asked, said: said.clone() });
        said
    }
}

impl Answer {
    fn holds(&self, age: Duration) -> bool {
        let age = match &self.said {
            Ok(_) => age,
            Err(e) if e.kind() == ErrorKind::NotFound => age.min(ABSENCE),
            Err(_) => age.min(FAILURE),
        };
        self.asked.elapsed() < age
    }
}
