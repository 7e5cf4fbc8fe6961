//! From a socket to a TLS connection, within the deadline of the first byte.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    sync::watch,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

use super::certificate::common_name;
use crate::{
    activity::{Activity, DRAINING},
    io::{Stream, Watched},
};

/// What a client hears that speaks HTTP without TLS.
const HTTPS_ONLY: &str = "this is an HTTPS server, write https:// in the address\n";

/// A connection that nobody else reads.
pub(crate) struct Secured {
    pub(crate) stream: Box<dyn Stream>,
    /// The common name of the client's verified certificate, empty if it has none; `None` without a certificate.
    pub(crate) client: Option<Arc<str>>,
}

/// Shakes hands. `None` is a client that left without a byte, as probes of load balancers do.
pub(crate) async fn handshake(
    stream: Box<dyn Stream>,
    config: Arc<ServerConfig>,
    activity: &Arc<Activity>,
    limit: Duration,
    draining: &mut watch::Receiver<bool>,
) -> io::Result<Option<Secured>> {
    tokio::select! {
        biased;
        done = shake(stream, config, activity) => done,
        () = tokio::time::sleep(limit) => Err(io::Error::new(io::ErrorKind::TimedOut, "the handshake is not completed")),
        () = stopped(draining) => Err(io::Error::other("the server stops")),
    }
}

async fn shake(
    stream: Box<dyn Stream>,
    config: Arc<ServerConfig>,
    activity: &Arc<Activity>,
) -> io::Result<Option<Secured>> {
    let mut socket = Socket { inner: stream, first: None, activity: Arc::clone(activity) };
    let Some(first) = socket.peek().await? else { return Ok(None) };
    // A TLS connection begins with the byte 22, a request of HTTP with its method.
    if first.is_ascii_uppercase() {
        return refuse(socket, activity).await;
    }
    let stream = TlsAcceptor::from(config).accept(socket).await?;
    let client = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let client = client.map(|certificate| Arc::from(common_name(certificate).unwrap_or_default()));
    Ok(Some(Secured { stream: Box::new(stream), client }))
}

async fn refuse(socket: Socket, activity: &Arc<Activity>) -> io::Result<Option<Secured>> {
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{HTTPS_ONLY}",
        HTTPS_ONLY.len()
    );
    let mut socket = Watched::new(Box::new(socket), Arc::clone(activity));
    socket.write_all(answer.as_bytes()).await?;
    socket.shutdown().await?;
    Err(io::Error::other("the client speaks HTTP without TLS"))
}

/// The server stops, and a client in the middle of its handshake had its time.
async fn stopped(draining: &mut watch::Receiver<bool>) {
    // The sender is gone only when the server is.
    let _ = draining.wait_for(|draining| *draining).await;
    tokio::time::sleep(DRAINING).await;
}

/// The socket below TLS. rustls keeps what the socket does not take, and above it that looks sent: whether the client
/// reads shows here.
struct Socket {
    inner: Box<dyn Stream>,
    /// Read already, to be read again.
    first: Option<u8>,
    activity: Arc<Activity>,
}

impl Socket {
    async fn peek(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        let n = self.inner.read(&mut byte).await?;
        self.first = (n == 1).then_some(byte[0]);
        Ok(self.first)
    }
}

impl Stream for Socket {}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buffer.remaining() > 0
            && let Some(first) = self.first.take()
        {
            buffer.put_slice(&[first]);
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.activity.wrote(result.is_ready());
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.activity.wrote(result.is_ready());
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::time::Instant;
    use tokio_rustls::{
        TlsConnector,
        rustls::{
            ClientConfig, RootCertStore,
            crypto::aws_lc_rs,
            pki_types::{PrivateKeyDer, ServerName},
        },
    };

    use super::*;
    use crate::{Limits, activity::Verdict};

    fn configs() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let client = ClientConfig::builder_with_provider(provider);
        let server = server.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let client = client.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
        let server = server.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        (Arc::new(server), Arc::new(client.with_no_client_auth()))
    }

    /// rustls takes the end of an answer, the socket does not: that connection is not idle, it has a client that does
    /// not read. Otherwise the end of the server would cut off what is left.
    #[tokio::test]
    async fn what_tls_keeps_is_not_yet_sent() {
        let (server, client) = configs();
        let (ours, theirs) = tokio::io::duplex(8 << 10);
        let (activity, (_stop, mut draining)) = (Activity::new(Limits::default()), watch::channel(false));
        let connector = TlsConnector::from(client);
        let (secured, stream) = tokio::join!(
            handshake(Box::new(ours), server, &activity, Duration::from_secs(20), &mut draining),
            connector.connect(ServerName::try_from("localhost").unwrap(), theirs),
        );
        let (mut secured, mut client) = (secured.unwrap().unwrap().stream, stream.unwrap());
        let verdict = || activity.deadline(Instant::now()).1;
        assert_eq!(verdict(), Verdict::Dead("nothing was sent"));
        // Taken at once, although nobody reads.
        secured.write_all(&[7; 32 << 10]).await.unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut secured).poll_flush(&mut cx).is_pending());
        assert_eq!(verdict(), Verdict::Dead("the client does not read"));
        let mut bytes = vec![0; 32 << 10];
        tokio::join!(async { secured.flush().await.unwrap() }, async { client.read_exact(&mut bytes).await.unwrap() });
        assert_eq!(verdict(), Verdict::Dead("nothing was sent"));
    }
}
