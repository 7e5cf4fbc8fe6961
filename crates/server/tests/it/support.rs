//! A handler that answers by the module's name, a running server, and a client of raw bytes.

use std::{
    collections::HashMap,
    io::Write,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::Route;
use goproxy_engine::{Blob, CacheStatus, Error, ErrorKind, Lifetime, Reply, Result, Served, Via};
use goproxy_server::{Gate, Gauges, Handler, Metrics, Server, ServerOptions};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, oneshot},
    task::JoinHandle,
};

/// Longer than anything here should take, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What the fake keeps at 1994-11-06 08:49:37 UTC, with hash ff...
pub(crate) const BODY: &str = "0123456789";
pub(crate) const ETAG: &str = "\"ffffffffffffffffffffffffffffffff\"";

type Answers = HashMap<&'static str, Result<Reply>>;

/// Answers by module path (`sumdb` for those requests); others with [`BODY`].
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) answers: Mutex<Answers>,
    pub(crate) served: Mutex<Vec<Route>>,
    pub(crate) not_ready: Mutex<Option<String>>,
    pub(crate) gate: Mutex<Option<Arc<dyn Gate>>>,
    /// `a.b/slow` waits for this one.
    pub(crate) go_on: Notify,
    /// Told when somebody waits so, and when somebody no longer does.
    pub(crate) waits: Notify,
    pub(crate) left: Notify,
}

pub(crate) fn reply(body: impl Into<Bytes>) -> Reply {
    let body = body.into();
    Reply {
        size: body.len() as u64,
        blob: Blob::Bytes(body),
        sha256: [0xff; 32],
        modified: UNIX_EPOCH + Duration::from_secs(784_111_777),
        cache: CacheStatus::Hit,
        lifetime: Lifetime::Immutable,
        via: Via::Cached,
    }
}

impl Fake {
    pub(crate) fn answer(&self, module: &'static str, answer: Result<Reply>) {
        self.answers.lock().unwrap().insert(module, answer);
    }

    pub(crate) fn fail(&self, module: &'static str, kind: ErrorKind, message: &str) {
        self.answer(module, Err(Error::new(kind, message)));
    }

    pub(crate) fn served(&self) -> Vec<Route> {
        std::mem::take(&mut self.served.lock().unwrap())
    }
}

#[async_trait]
impl Handler for Fake {
    async fn serve(&self, route: &Route) -> Result<Served> {
        self.served.lock().unwrap().push(route.clone());
        let name = match route {
            Route::Module(request) => request.path.as_str(),
            Route::SumDb(_) => "sumdb",
        };
        match name {
            "a.b/slow" => {
                struct Left<'a>(&'a Notify);
                impl Drop for Left<'_> {
                    fn drop(&mut self) {
                        self.0.notify_one();
                    }
                }
                let _left = Left(&self.left);
                self.waits.notify_one();
                self.go_on.notified().await;
            }
            "a.b/panic" => panic!("on purpose"),
            _ => {}
        }
        self.answers.lock().unwrap().get(name).cloned().unwrap_or_else(|| Ok(reply(BODY))).map(Served::Whole)
    }

    fn mode(&self, route: &Route) -> Via {
        if matches!(route, Route::SumDb(_)) { Via::SumDb } else { Via::Proxy }
    }

    fn ready(&self) -> std::result::Result<(), String> {
        self.not_ready.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    fn gate(&self) -> Option<Arc<dyn Gate>> {
        self.gate.lock().unwrap().clone()
    }

    fn gauges(&self) -> Gauges {
        Gauges { store_bytes: Some(12), store_free_bytes: Some(34), ..Gauges::default() }
    }
}

/// A sink that tests can read, not a fast one: what waits for it to be written shows.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::thread::sleep(Duration::from_millis(20));
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Waits for a line with that in it.
    pub(crate) async fn line(&self, part: &str) -> String {
        for _ in 0..PATIENCE.as_millis() / 5 {
            if let Some(line) = self.text().lines().find(|line| line.contains(part)) {
                return line.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no {part:?} in {:?}", self.text());
    }
}

/// A server that runs until it is dropped or stopped.
pub(crate) struct Running {
    pub(crate) fake: Arc<Fake>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) log: Log,
    pub(crate) address: Option<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut ServerOptions)) -> Self {
        let mut options = ServerOptions::new("127.0.0.1:0".parse().unwrap());
        change(&mut options);
        let (fake, metrics, log) = (Arc::new(Fake::default()), Arc::new(Metrics::new("0.0.0-test")), Log::default());
        let (handler, sink) = (Arc::clone(&fake), Box::new(log.clone()));
        let server = Server::bind_with_log(options, handler, Arc::clone(&metrics), sink).unwrap();
        let address = server.local_addr().tcp();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self { fake, metrics, log, address, stop: Some(stop), task }
    }

    /// Tells it to stop.
    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(self) {
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address.unwrap()).await.unwrap()
    }

    /// A connection on which each write is sent at once.
    pub(crate) async fn connect_at_once(&self) -> TcpStream {
        let stream = self.connect().await;
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Sends that on a connection of its own and returns everything that comes until the server closes.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        read_all(&mut stream).await
    }

    /// One request with that line and those fields.
    pub(crate) async fn ask(&self, line: &str, fields: &[&str]) -> Answer {
        let mut request = format!("{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n");
        for field in fields {
            request.push_str(field);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        Answer::parse(&self.send(request).await)
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.ask(&format!("GET {target}"), &[]).await
    }
}

/// Everything until the end of the stream, or until it is reset.
pub(crate) async fn read_all(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut all = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all)).await;
    let _ = read.expect("the server closes the connection");
    String::from_utf8_lossy(&all).into_owned()
}

/// Reads until that much has come.
pub(crate) async fn read_until(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut all = Vec::new();
    let mut bytes = [0; 4096];
    while !String::from_utf8_lossy(&all).contains(end) {
        let n = tokio::time::timeout(PATIENCE, stream.read(&mut bytes)).await.expect("bytes come").unwrap();
        assert!(n > 0, "{end:?} expected, got {:?}", String::from_utf8_lossy(&all));
        all.extend_from_slice(&bytes[..n]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// A response, split.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn parse(raw: &str) -> Self {
        let (head, body) = raw.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {raw:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// The field's value, or an empty text; it must not be there twice.
    pub(crate) fn field(&self, name: &str) -> &str {
        let mut values = self.head.lines().skip(1).filter_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        });
        let value = values.next().unwrap_or_default();
        assert_eq!(values.next(), None, "{name} twice");
        value
    }
}
