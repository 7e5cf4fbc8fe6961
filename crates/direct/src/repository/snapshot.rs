//! What a remote advertises, asked once per freshness period for everybody.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use goproxy_engine::{
    Error, ErrorKind, Result,
    trace::{during, request},
};
use goproxy_fetch::Remote;
use goproxy_git::{ObjectFormat, Refs};
use tokio::sync::Mutex;

use crate::freshness::Freshness;

/// Who misses a tag may have pushed it a moment ago; the remote is asked again if the answer is older than this.
const MOMENT: Duration = Duration::from_secs(1);

/// How long a failure is everybody's answer: those who waited for it do not each repeat it.
const FAILURE: Duration = Duration::from_secs(1);

/// How long a repository that does not exist is not asked for again.
const ABSENCE: Duration = Duration::from_secs(10);

/// Refs, with the hash of the repository.
#[derive(Clone, Debug)]
pub(crate) struct Advertised {
    pub(crate) refs: Arc<Refs>,
    pub(crate) format: ObjectFormat,
    /// When the remote was asked for them.
    pub(crate) asked: SystemTime,
}

/// The last answers of a remote.
#[derive(Debug)]
pub(super) struct Snapshot {
    freshness: Freshness,
    last: Mutex<Last>,
}

/// A failure takes nothing away that is still believed: whoever asked for something newer learns of it, the others don't.
#[derive(Debug, Default)]
struct Last {
    advertised: Option<(Instant, Advertised)>,
    failed: Option<(Instant, Error)>,
}

impl Snapshot {
    pub(super) fn new(freshness: Freshness) -> Self {
        Self { freshness, last: Mutex::default() }
    }

    /// The refs, at most three quarters of the freshness period old: an answer that rests on them is good for another
    /// quarter. That is when the engine renews its answers, too.
    pub(super) async fn fresh(&self, remote: &Remote) -> Result<Advertised> {
        self.within(self.young(), remote.refs()).await
    }

    fn young(&self) -> Duration {
        self.freshness.get() * 3 / 4
    }

    /// The refs of this moment.
    pub(super) async fn newer(&self, remote: &Remote) -> Result<Advertised> {
        self.within(MOMENT.min(self.freshness.get()), remote.refs()).await
    }

    /// Whether the next question goes to the remote.
    pub(super) fn is_stale(&self) -> bool {
        // Locked: somebody asks at this moment.
        self.last.try_lock().is_ok_and(|last| last.within(self.young(), None).is_none())
    }

    /// How many refs are held in memory.
    pub(super) fn len(&self) -> usize {
        let last = self.last.try_lock();
        last.ok().and_then(|last| Some(last.advertised.as_ref()?.1.refs.refs.len())).unwrap_or_default()
    }

    /// Those who come while the remote is asked wait for its answer. If the one who asks is cancelled, the next asks.
    async fn within(
        &self,
        age: Duration,
        ask: impl Future<Output = Result<(ObjectFormat, Refs)>>,
    ) -> Result<Advertised> {
        let came = Instant::now();
        if let Some(answer) = self.last.try_lock().ok().and_then(|last| last.within(age, Some(came))) {
            return answer;
        }
        during(request("refs"), Box::pin(self.asked(age, came, ask))).await
    }

    async fn asked(
        &self,
        age: Duration,
        came: Instant,
        ask: impl Future<Output = Result<(ObjectFormat, Refs)>>,
    ) -> Result<Advertised> {
        let mut last = self.last.lock().await;
        if let Some(answer) = last.within(age, Some(came)) {
            return answer;
        }
        let (asked, clock) = (Instant::now(), SystemTime::now());
        match ask.await {
            Ok((format, refs)) => {
                let advertised = Advertised { refs: Arc::new(refs), format, asked: clock };
                *last = Last { advertised: Some((asked, advertised.clone())), failed: None };
                Ok(advertised)
            }
            Err(error) => {
                if error.kind() == ErrorKind::NotFound {
                    last.advertised = None;
                }
                last.failed = Some((asked, error.clone()));
                Err(error)
            }
        }
    }
}

impl Last {
    /// What is believed of answers at most so old, and of those to questions that were asked since `came`.
    fn within(&self, age: Duration, came: Option<Instant>) -> Option<Result<Advertised>> {
        let holds = |asked: Instant, age: Duration| came.is_some_and(|came| asked >= came) || asked.elapsed() < age;
        if let Some((_, advertised)) = self.advertised.as_ref().filter(|(asked, _)| holds(*asked, age)) {
            return Some(Ok(advertised.clone()));
        }
        let (asked, error) = self.failed.as_ref()?;
        let most = if error.kind() == ErrorKind::NotFound { ABSENCE } else { FAILURE };
        holds(*asked, age.min(most)).then(|| Err(error.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered() -> Result<(ObjectFormat, Refs)> {
        Ok((ObjectFormat::Sha1, Refs::default()))
    }

    async fn failed(kind: ErrorKind) -> Result<(ObjectFormat, Refs)> {
        Err(Error::new(kind, "it failed"))
    }

    #[tokio::test]
    async fn a_failure_took_fresh_refs_away_from_everybody() {
        let snapshot = Snapshot::new(Freshness::new(Duration::from_secs(3600)));
        snapshot.within(snapshot.freshness.get(), answered()).await.unwrap();
        let newer = snapshot.within(Duration::ZERO, failed(ErrorKind::Unavailable)).await;
        assert_eq!(newer.unwrap_err().kind(), ErrorKind::Unavailable);
        let fresh = snapshot.within(snapshot.freshness.get(), failed(ErrorKind::Internal)).await;
        assert!(fresh.is_ok() && !snapshot.is_stale());
    }

    #[tokio::test]
    async fn a_repository_that_is_gone_is_gone_for_everybody() {
        let snapshot = Snapshot::new(Freshness::new(Duration::from_secs(3600)));
        snapshot.within(snapshot.freshness.get(), answered()).await.unwrap();
        snapshot.within(Duration::ZERO, failed(ErrorKind::NotFound)).await.unwrap_err();
        let error = snapshot.within(snapshot.freshness.get(), failed(ErrorKind::Internal)).await.unwrap_err();
        assert_eq!((error.kind(), snapshot.is_stale()), (ErrorKind::NotFound, false));
        assert!(snapshot.within(Duration::ZERO, answered()).await.is_ok() && !snapshot.is_stale());
    }
}
