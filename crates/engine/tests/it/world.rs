//! A store in memory, and a source that answers from a script.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{ModulePath, ModuleVersion, Patterns, Query, Route};
use goproxy_engine::{
    Answer, Blob, Engine, Error, ErrorKind, Fact, FactFound, Hop, Intake, Kind, Object, Remembered, Reply, Resolved,
    Result, Routing, Source, Staging, Store, Stored, SumSource, TempPath, Unobserved, Verified, Versions, Via,
};

#[derive(Debug)]
pub(crate) struct MemoryStore {
    folder: tempfile::TempDir,
    next: AtomicUsize,
    pub(crate) objects: Mutex<HashMap<Object, Stored>>,
    pub(crate) answers: Mutex<HashMap<Answer, Remembered>>,
    pub(crate) facts: Mutex<HashMap<Fact, Bytes>>,
    /// Nothing can be opened, and answers can be neither read nor written.
    pub(crate) broken: AtomicBool,
}

#[async_trait]
impl Store for MemoryStore {
    async fn open(&self, object: &Object) -> Result<Option<Stored>> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::internal("a broken disk"));
        }
        Ok(self.objects.lock().unwrap().get(object).cloned())
    }

    fn room(&self) -> Result<()> {
        Ok(())
    }

    async fn stage(&self) -> Result<Staging> {
        let path = self.folder.path().join(self.next.fetch_add(1, Ordering::SeqCst).to_string());
        let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        Ok(Staging::new(TempPath::new(path), file))
    }

    async fn commit(&self, verified: Verified) -> Result<Stored> {
        let bytes = Bytes::from(std::fs::read(verified.path()).unwrap());
        let (size, sha256) = (verified.size(), verified.sha256());
        let new = Stored { blob: Blob::Bytes(bytes), size, sha256, modified: SystemTime::now(), doubtful: false };
        Ok(self.objects.lock().unwrap().entry(verified.object().clone()).or_insert(new).clone())
    }

    async fn load(&self, answer: &Answer) -> Result<Option<Remembered>> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::internal("a broken disk"));
        }
        Ok(self.answers.lock().unwrap().get(answer).cloned())
    }

    async fn save(&self, answer: &Answer, remembered: &Remembered) -> Result<()> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::internal("a broken disk"));
        }
        self.answers.lock().unwrap().insert(answer.clone(), remembered.clone());
        Ok(())
    }

    async fn reject(&self, object: &Object, _: &str) -> Result<()> {
        self.objects.lock().unwrap().remove(object);
        Ok(())
    }

    async fn recall(&self, fact: &Fact) -> Result<Option<FactFound>> {
        let found = |text: &Bytes| FactFound { text: text.clone(), place: format!("{fact:?}") };
        Ok(self.facts.lock().unwrap().get(fact).map(found))
    }

    async fn establish(&self, fact: &Fact, old: Option<&Bytes>, new: &Bytes) -> Result<bool> {
        let mut facts = self.facts.lock().unwrap();
        if facts.get(fact) != old {
            return Ok(false);
        }
        facts.insert(fact.clone(), new.clone());
        Ok(true)
    }
}

/// Answers every question with the same body or error, and counts.
pub(crate) struct Script {
    via: Via,
    meanwhile: Mutex<Option<Box<dyn Fn() + Send>>>,
    pub(crate) says: Mutex<Result<Bytes, ErrorKind>>,
    pub(crate) asked: AtomicUsize,
    /// How old what it says is, in milliseconds.
    pub(crate) age: AtomicUsize,
}

impl Script {
    pub(crate) fn new(via: Via, says: Result<&str, ErrorKind>) -> Arc<Self> {
        let says = says.map(|text| Bytes::from(text.to_owned()));
        Arc::new(Self {
            via,
            says: Mutex::new(says),
            asked: AtomicUsize::new(0),
            age: AtomicUsize::new(0),
            meanwhile: Mutex::default(),
        })
    }

    /// What happens each time before it answers.
    pub(crate) fn while_asked(&self, event: impl Fn() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(event));
    }

    pub(crate) fn set(&self, says: Result<&str, ErrorKind>) {
        *self.says.lock().unwrap() = says.map(|text| Bytes::from(text.to_owned()));
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn as_of(&self) -> SystemTime {
        SystemTime::now() - Duration::from_millis(self.age.load(Ordering::SeqCst) as u64)
    }

    fn say(&self) -> Result<Bytes> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if let Some(event) = &*self.meanwhile.lock().unwrap() {
            event();
        }
        self.says
            .lock()
            .unwrap()
            .clone()
            .map_err(|kind| Error::new(kind, format!("{} says {}", self.via.as_str(), kind.as_str())))
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Script").field("via", &self.via).finish_non_exhaustive()
    }
}

#[async_trait]
impl Source for Script {
    fn via(&self) -> Via {
        self.via
    }

    async fn list(&self, _: &ModulePath) -> Result<Versions> {
        Ok(Versions { body: self.say()?, asked: self.as_of() })
    }

    async fn latest(&self, _: &ModulePath, _: &Intake<'_>) -> Result<Resolved> {
        Ok(Resolved { info: self.say()?, asked: self.as_of(), extra: Vec::new() })
    }

    async fn query(&self, _: &ModulePath, _: &Query, _: &Intake<'_>) -> Result<Resolved> {
        Ok(Resolved { info: self.say()?, asked: self.as_of(), extra: Vec::new() })
    }

    async fn fetch(&self, version: &ModuleVersion, kind: Kind, intake: &Intake<'_>) -> Result<Vec<(Object, Staging)>> {
        let staging = intake.stage_bytes(&self.say()?).await?;
        Ok(vec![(Object::Module(version.clone(), kind), staging)])
    }
}

#[derive(Debug)]
struct NoSums;

#[async_trait]
impl SumSource for NoSums {
    async fn get(&self, name: &str, _: &str, _: u64) -> Result<Bytes> {
        Err(Error::new(ErrorKind::Unavailable, name))
    }
}

/// An engine, and what is below it.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) direct: Arc<Script>,
}

impl World {
    /// Asks the sources in order, each with `|` behind it or `,`; `private.example` goes direct.
    pub(crate) fn new(public: &[(&Arc<Script>, bool)], freshness: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = MemoryStore {
            folder,
            next: AtomicUsize::new(0),
            objects: Mutex::default(),
            answers: Mutex::default(),
            facts: Mutex::default(),
            broken: AtomicBool::new(false),
        };
        let (store, direct) = (Arc::new(store), Script::new(Via::Direct, Ok("v9.0.0\n")));
        let hop = |(source, any): &(&Arc<Script>, bool)| Hop { source: Arc::clone(source) as _, on_any_error: *any };
        let routing = Routing {
            private: Patterns::parse("private.example").unwrap(),
            no_sum: Patterns::parse("").unwrap(),
            direct: Arc::clone(&direct) as _,
            public: public.iter().map(hop).collect(),
            sums: Arc::new(NoSums),
            sum_keys: BTreeMap::new(),
            notary: None,
            fetches: 100,
            read_ahead: 0,
            sum_names: vec!["sums.example".to_owned()],
            freshness,
        };
        Self { engine: Engine::new(Arc::clone(&store) as _, routing, Arc::new(Unobserved)), store, direct }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Reply> {
        let route: Route = gomod::route::parse(path, "").unwrap();
        self.engine.serve(&route).await
    }
}

/// The body of a small reply.
pub(crate) fn text(reply: &Reply) -> String {
    match &reply.blob {
        Blob::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Blob::File(_) => panic!("not small"),
    }
}
