//! Where an issuer's keys come from, and how long they are believed.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use jsonwebtoken::Algorithm;
use serde_json::Value;
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::Instant,
};

use crate::{
    Refusal,
    jwks::{Key, KeySet},
};

/// Keys are asked for again after this time: one that an issuer withdrew is not believed for longer.
const FRESH: Duration = Duration::from_mins(15);
/// How long they are used while the issuer cannot be reached.
const USABLE: Duration = Duration::from_hours(24);
/// Between two questions: tokens with keys that nobody knows cannot make us ask more often.
const PAUSE: Duration = Duration::from_mins(1);

/// Gets the documents of issuers. Implementations bound their size and time.
#[async_trait]
pub trait FetchKeys: Send + Sync + std::fmt::Debug + 'static {
    /// The body of a 200 answer; else one line that says what went wrong.
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String>;
}

/// Where an issuer's key set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysFrom {
    /// This is it.
    Text(Vec<u8>),
    /// At this URL.
    Url(String),
    /// Where `<issuer>/.well-known/openid-configuration` says.
    Discovery,
}

/// The keys of one issuer.
pub(crate) struct Keys {
    issuer: String,
    from: Option<Remote>,
    known: ArcSwapOption<Known>,
    /// When they were asked for last. Held while they are: others wait for the answer.
    asked: Arc<Mutex<Option<Instant>>>,
}

struct Remote {
    url: Option<String>,
    fetch: Arc<dyn FetchKeys>,
}

struct Known {
    set: KeySet,
    /// `None`: for ever.
    since: Option<Instant>,
}

impl Keys {
    pub(crate) fn new(issuer: &str, from: KeysFrom, fetch: Arc<dyn FetchKeys>) -> Result<Arc<Self>, String> {
        let (url, fixed) = match from {
            KeysFrom::Text(text) => (None, Some(KeySet::parse(&text)?)),
            KeysFrom::Url(url) => (Some(url), None),
            KeysFrom::Discovery => (None, None),
        };
        let from = fixed.is_none().then_some(Remote { url, fetch });
        let known = ArcSwapOption::from(fixed.map(|set| Arc::new(Known { set, since: None })));
        Ok(Arc::new(Self { issuer: issuer.to_owned(), from, known, asked: Arc::default() }))
    }

    /// The key that a token names.
    pub(crate) async fn find(self: &Arc<Self>, id: Option<&str>, algorithm: Algorithm) -> Result<Key, Refusal> {
        if let Some(Some(key)) = self.known(id, algorithm, FRESH) {
            return Ok(key);
        }
        // No fresh keys, or fresh ones without this: the issuer may have a new one.
        self.refresh(id, algorithm).await;
        self.known(id, algorithm, USABLE).ok_or(Refusal::Unavailable)?.ok_or(Refusal::Unknown)
    }

    /// `None`: no keys of that age. `Some(None)`: not among them.
    fn known(&self, id: Option<&str>, algorithm: Algorithm, age: Duration) -> Option<Option<Key>> {
        let known = self.known.load();
        let known = known.as_ref().filter(|known| known.since.is_none_or(|since| since.elapsed() < age))?;
        Some(known.set.find(id, algorithm).cloned())
    }

    /// Asks the issuer, unless that was done just now. Who has a key that can be used does not wait for another to ask.
    async fn refresh(self: &Arc<Self>, id: Option<&str>, algorithm: Algorithm) {
        let found = |age| matches!(self.known(id, algorithm, age), Some(Some(_)));
        let lock = Arc::clone(&self.asked);
        let asked = match lock.try_lock_owned() {
            Ok(asked) => asked,
            Err(_) if found(USABLE) => return,
            Err(_) => Arc::clone(&self.asked).lock_owned().await,
        };
        // Who waited finds what the one before got.
        if self.from.is_none() || found(FRESH) || asked.is_some_and(|asked| asked.elapsed() < PAUSE) {
            return;
        }
        // A client that leaves must not take the answer along: nobody would ask again for a minute.
        let keys = Arc::clone(self);
        let _ = tokio::spawn(async move { keys.ask(asked).await }).await;
    }

    async fn ask(&self, mut asked: OwnedMutexGuard<Option<Instant>>) {
        let Some(remote) = &self.from else { return };
        *asked = Some(Instant::now());
        match remote.get(&self.issuer).await {
            Ok(set) => self.known.store(Some(Arc::new(Known { set, since: Some(Instant::now()) }))),
            Err(why) => tracing::warn!(issuer = self.issuer, "the keys of a token issuer cannot be had: {why}"),
        }
    }
}

impl Remote {
    async fn get(&self, issuer: &str) -> Result<KeySet, String> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => self.discover(issuer).await?,
        };
        KeySet::parse(&self.fetch.fetch(&url).await?).map_err(|why| format!("{url}: {why}"))
    }

    /// OpenID Connect Discovery 1.0, 4: the document must name the issuer that was asked for.
    async fn discover(&self, issuer: &str) -> Result<String, String> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let text = self.fetch.fetch(&url).await?;
        let document: Value = serde_json::from_slice(&text).map_err(|error| format!("{url}: no JSON: {error}"))?;
        if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(format!("{url} is the document of another issuer"));
        }
        let keys = document.get("jwks_uri").and_then(Value::as_str);
        keys.map(str::to_owned).ok_or_else(|| format!("{url} has no jwks_uri"))
    }
}
