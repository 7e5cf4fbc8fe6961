//! A scripted HTTP server: a handler, rules that come before it, a log of every request, and switches to cut it off.

use std::{
    future::Future,
    net::SocketAddr,
    path::Path,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    runtime::Runtime,
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    answer::{After, Answer, send},
    rules::{Rules, matches},
    tls::TestCa,
    wire::{Request, read_request},
};

type Handler = Box<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// How a [`Site`] listens.
#[derive(Debug, Default)]
pub struct SiteOptions {
    /// A path below which everything lies, `/like/this`; requests outside it are 404.
    pub base: String,
    /// With an authority, the site speaks TLS only.
    pub tls: Option<TestCa>,
}

/// A running server. Dropping it closes it.
#[derive(Debug)]
pub struct Site {
    shared: Arc<Shared>,
    address: SocketAddr,
    tls: Option<TestCa>,
    task: tokio::sync::Mutex<Option<JoinHandle<()>>>,
    paused: watch::Sender<bool>,
}

struct Shared {
    base: String,
    handler: Handler,
    rules: Mutex<Rules>,
    log: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    in_flight: AtomicUsize,
    peak: AtomicUsize,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Site {
    /// Starts a server whose answers come from `handler` where no rule applies.
    pub async fn start<F, A>(options: SiteOptions, handler: F) -> Self
    where
        F: Fn(Request) -> A + Send + Sync + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        let shared = Arc::new(Shared {
            base: options.base,
            handler: Box::new(move |request| Box::pin(handler(request))),
            rules: Mutex::default(),
            log: Mutex::default(),
            connections: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        });
        let mut site = Self {
            shared,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: options.tls,
            task: tokio::sync::Mutex::new(None),
            paused: watch::Sender::new(false),
        };
        site.address = site.listen().await;
        site
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port` with the base path, without a final slash.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.address, self.shared.base)
    }

    /// The url with `user:password@` before the host.
    pub fn url_with_userinfo(&self, userinfo: &str) -> String {
        self.url().replacen("://", &format!("://{userinfo}@"), 1)
    }

    /// The PEM file of the authority that signed its certificate, if it speaks TLS.
    pub fn ca_path(&self) -> Option<&Path> {
        self.tls.as_ref().map(TestCa::path)
    }

    /// Answers every request for `pattern` so. A pattern is a decoded path below the base in which `*` stands for
    /// anything. The first rule that applies wins; a new permanent rule replaces one with the same pattern.
    pub fn on(&self, pattern: &str, answer: Answer) {
        self.shared.rules.lock().unwrap().always(pattern, answer);
    }

    /// Answers the next `count` requests for `pattern` so, before all permanent rules and after earlier calls of
    /// this kind.
    pub fn first(&self, count: usize, pattern: &str, answer: Answer) {
        self.shared.rules.lock().unwrap().next(count, pattern, answer);
    }

    /// Forgets every rule: the site is well again.
    pub fn heal(&self) {
        *self.shared.rules.lock().unwrap() = Rules::default();
    }

    /// Every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log.lock().unwrap().clone()
    }

    /// How many requests had this path (a pattern as in [`Site::on`]), whatever their method.
    pub fn count(&self, pattern: &str) -> usize {
        self.shared.log.lock().unwrap().iter().filter(|request| matches(pattern, &request.path)).count()
    }

    /// How many requests there were.
    pub fn total(&self) -> usize {
        self.shared.log.lock().unwrap().len()
    }

    /// How many connections were accepted, those that said nothing included.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The most requests that were being answered at one time.
    pub fn peak(&self) -> usize {
        self.shared.peak.load(Ordering::SeqCst)
    }

    /// Forgets the requests, connections and peak counted so far.
    pub fn reset_log(&self) {
        self.shared.log.lock().unwrap().clear();
        self.shared.connections.store(0, Ordering::SeqCst);
        self.shared.peak.store(0, Ordering::SeqCst);
    }

    /// Closes the listener and every connection; when this returns, connecting is refused.
    pub async fn stop(&self) {
        if let Some(task) = self.task.lock().await.take() {
            task.abort();
            let _ = task.await;
        }
    }

    /// Listens again on the same port after [`Site::stop`].
    pub async fn resume(&self) {
        self.paused.send_replace(false);
        if self.task.lock().await.is_none() {
            self.listen().await;
        }
    }

    /// Goes on accepting and reading requests, but answers none until [`Site::resume`].
    pub fn pause(&self) {
        self.paused.send_replace(true);
    }

    async fn listen(&self) -> SocketAddr {
        let (address, shared) = (self.address, self.shared.clone());
        let (acceptor, paused) = (self.tls.as_ref().map(TestCa::acceptor), self.paused.subscribe());
        let (ready, bound) = tokio::sync::oneshot::channel();
        let task = runtime().spawn(async move {
            let listener = TcpListener::bind(address).await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            accept(listener, acceptor, shared, paused).await;
        });
        *self.task.lock().await = Some(task);
        bound.await.expect("a loopback port can be bound")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().take() {
            task.abort();
        }
    }
}

/// The runtime of all scripted servers, so that a test that blocks its own thread does not stop them.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads can be made")
    })
}

async fn accept(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    paused: watch::Receiver<bool>,
) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        while connections.try_join_next().is_some() {}
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let _ = stream.set_nodelay(true);
        let (shared, acceptor, paused) = (shared.clone(), acceptor.clone(), paused.clone());
        connections.spawn(async move {
            match acceptor {
                None => converse(stream, |stream| stream.set_zero_linger(), shared, paused).await,
                Some(acceptor) => {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    converse(stream, |stream| stream.get_ref().0.set_zero_linger(), shared, paused).await;
                }
            }
        });
    }
}

/// Answers requests on one connection until it is closed. `zero_linger` makes its close a reset.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut io: S,
    zero_linger: impl Fn(&S) -> std::io::Result<()>,
    shared: Arc<Shared>,
    mut paused: watch::Receiver<bool>,
) {
    let mut buffer = Vec::new();
    while let Some(mut request) = read_request(&mut io, &mut buffer).await {
        let below = request.path.strip_prefix(&shared.base).map(str::to_owned);
        let inside = below.is_some();
        request.path = below.unwrap_or_default();
        shared.log.lock().unwrap().push(request.clone());
        let _flight = Flight::start(&shared);
        let _ = paused.wait_for(|paused| !paused).await;
        let answer = if inside { shared.answer(request.clone()).await } else { Answer::text(404, "outside the base") };
        let last = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        match send(&mut io, &request, answer).await {
            After::Keep if !last => {}
            After::Keep | After::Close => {
                let _ = tokio::io::AsyncWriteExt::shutdown(&mut io).await;
                return;
            }
            After::Reset => {
                let _ = zero_linger(&io);
                return;
            }
        }
    }
}

impl Shared {
    async fn answer(&self, request: Request) -> Answer {
        let scripted = self.rules.lock().unwrap().answer(&request.path);
        match scripted {
            Some(answer) => answer,
            None => (self.handler)(request).await,
        }
    }
}

/// Counts a request while it is being answered, however that ends.
struct Flight(Arc<Shared>);

impl Flight {
    fn start(shared: &Arc<Shared>) -> Self {
        let now = shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        shared.peak.fetch_max(now, Ordering::SeqCst);
        Self(shared.clone())
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}
