//! A server that says exactly the bytes it is told to, and remembers what it was asked.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    task::AbortHandle,
};
use tokio_rustls::TlsAcceptor;

/// A request head as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The request target: what stands between the method and the protocol.
    pub(super) target: String,
    /// Names in lower case, in order.
    pub(super) headers: Vec<(String, String)>,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// What to send; then the connection is closed.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    Send(Vec<u8>),
    Wait(Duration),
}

impl Reply {
    /// Any head and body with the right length.
    pub(super) fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut head = format!("HTTP/1.1 {status} Said\r\nConnection: close\r\n");
        if status != 204 {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        Self::raw(head + "\r\n").then(body)
    }

    pub(super) fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::new(200, &[], body)
    }

    pub(super) fn status(status: u16) -> Self {
        Self::new(status, &[], "")
    }

    pub(super) fn text(status: u16, body: &str) -> Self {
        Self::new(status, &[("Content-Type", "text/plain; charset=utf-8")], body)
    }

    pub(super) fn redirect(to: &str) -> Self {
        Self::new(302, &[("Location", to)], "")
    }

    /// These bytes and nothing else.
    pub(super) fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self::default().then(bytes)
    }

    pub(super) fn then(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.push(Step::Send(bytes.as_ref().to_vec()));
        self
    }

    pub(super) fn wait(mut self, pause: Duration) -> Self {
        self.0.push(Step::Wait(pause));
        self
    }
}

/// Listens on a free port of the loopback until dropped.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// `answer` gets the number of the request, from 0, and its head.
    pub(super) async fn start(answer: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(answer, None).await
    }

    pub(super) async fn start_tls(
        tls: TlsAcceptor,
        answer: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen(answer, Some(tls)).await
    }

    async fn listen(answer: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&asked), Arc::new(answer));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, answer, tls) = (Arc::clone(&seen), Arc::clone(&answer), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &seen, &*answer).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &seen, &*answer).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { address, asked, task: task.abort_handle() }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn targets(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.target).collect()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: &Mutex<Vec<Asked>>,
    answer: &(dyn Fn(usize, &Asked) -> Reply + Send + Sync),
) -> Option<()> {
    let asked = read_head(&mut stream).await?;
    let reply = {
        let mut seen = seen.lock().unwrap();
        seen.push(asked.clone());
        answer(seen.len() - 1, &asked)
    };
    for step in reply.0 {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await.ok()?,
            Step::Wait(pause) => {
                stream.flush().await.ok()?;
                tokio::time::sleep(pause).await;
            }
        }
    }
    stream.shutdown().await.ok()
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8(head).unwrap();
    let mut lines = text.lines();
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    Some(Asked { target, headers: headers.map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect() })
}
