//! The server: accepts connections, and lets them finish when it is told to stop.

use std::{
    future::Future,
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use hyper_util::{rt::TokioExecutor, server::conn::auto};
use tokio::{
    sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch},
    task::{JoinError, JoinSet},
};

use crate::{
    Handler, Inherited, LocalAddr, Metrics, ServerOptions,
    access_log::AccessLog,
    conn::{self, Socket},
    crowd::{Crowd, LOOK_EVERY},
    dispatch::Dispatch,
    listen::Listener,
    prepared::Prepared,
    record::Sinks,
    shares::Shares,
};

/// How long the access log may take to write its last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// An HTTP server that is bound and not yet running. Connections wait in the kernel until [`run`](Self::run).
pub struct Server {
    listener: Listener,
    address: LocalAddr,
    options: ServerOptions,
    builder: Arc<auto::Builder<TokioExecutor>>,
    dispatch: Arc<Dispatch>,
}

impl Server {
    /// Binds, and logs accesses to standard error. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// What the operating system says about the address.
    pub fn bind(options: ServerOptions, handler: Arc<dyn Handler>, metrics: Arc<Metrics>) -> io::Result<Self> {
        Self::bind_with_log(options, handler, metrics, Box::new(io::stderr()))
    }

    /// The same, with another place for the access log.
    ///
    /// # Errors
    /// What the operating system says about the address.
    pub fn bind_with_log(
        options: ServerOptions,
        handler: Arc<dyn Handler>,
        metrics: Arc<Metrics>,
        log: Box<dyn Write + Send>,
    ) -> io::Result<Self> {
        let listening = Listener::bind(&options.listen)?;
        Self::on(listening, options, handler, metrics, log)
    }

    /// The same on a socket that listens already; the options' `listen` does not count.
    ///
    /// # Errors
    /// What the operating system says about the socket.
    pub fn adopt(
        socket: Inherited,
        options: ServerOptions,
        handler: Arc<dyn Handler>,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        Self::on(socket.listen()?, options, handler, metrics, Box::new(io::stderr()))
    }

    fn on(
        (listener, address): (Listener, LocalAddr),
        options: ServerOptions,
        handler: Arc<dyn Handler>,
        metrics: Arc<Metrics>,
        log: Box<dyn Write + Send>,
    ) -> io::Result<Self> {
        let log = AccessLog::start(options.access_log, log, metrics.log_dropped.clone())?;
        let log = log.redacting(options.redact.clone());
        let dispatch = Arc::new(Dispatch {
            handler,
            sinks: Arc::new(Sinks { metrics, log }),
            path_prefix: options.path_prefix.clone(),
            tracer: options.tracer.clone(),
            max_target: options.limits.max_target,
            shares: Shares::new(options.max_connections),
            prepared: Prepared::default(),
        });
        let builder = Arc::new(conn::builder(&options.limits));
        Ok(Self { listener, address, options, builder, dispatch })
    }

    /// Where it listens, with the port that was found.
    pub const fn local_addr(&self) -> &LocalAddr {
        &self.address
    }

    /// Serves until `shutdown` completes; then accepts nothing more, lets running requests finish within the drain
    /// limit, and closes what is left.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let (drain, draining) = watch::channel(false);
        let mut connections = JoinSet::new();
        tokio::select! {
            () = shutdown => {}
            () = self.accept(&mut connections, &draining) => {}
            () = self.watch_certificate() => {}
        }
        let Self { listener, options, dispatch, .. } = self;
        drop(listener);
        let _ = drain.send(true);
        finish(connections, options.drain).await;
        dispatch.sinks.log.flush(LAST_LINES).await;
    }

    /// Notices renewed certificates for ever.
    async fn watch_certificate(&self) {
        match &self.options.tls {
            Some(tls) => tls.watch().await,
            None => std::future::pending().await,
        }
    }

    /// Accepts connections for ever.
    async fn accept(&self, connections: &mut JoinSet<()>, draining: &watch::Receiver<bool>) {
        let (slots, mut crowd) = (Arc::new(Semaphore::new(self.options.max_connections)), Crowd::new());
        let mut failures = 0;
        while let Ok(slot) = free_slot(&slots, &mut crowd).await {
            reap(connections);
            match self.listener.accept().await {
                Ok((stream, remote)) => {
                    failures = 0;
                    let (builder, dispatch) = (Arc::clone(&self.builder), Arc::clone(&self.dispatch));
                    let open = Open::new(Arc::clone(&dispatch.sinks.metrics), slot);
                    let socket = Socket { stream, remote, tls: self.options.tls.as_ref().map(|tls| tls.config()) };
                    let limits = self.options.limits;
                    connections.spawn(conn::serve(
                        socket,
                        limits,
                        builder,
                        dispatch,
                        draining.clone(),
                        crowd.ear(),
                        open,
                    ));
                }
                Err(error) => {
                    failures += 1;
                    if let Some(pause) = pause_after(&error, failures) {
                        tracing::error!("accepting a connection: {error}");
                        tokio::time::sleep(pause).await;
                    }
                }
            }
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Counts an open connection, and gives its slot back.
struct Open {
    metrics: Arc<Metrics>,
    _slot: OwnedSemaphorePermit,
}

impl Open {
    fn new(metrics: Arc<Metrics>, slot: OwnedSemaphorePermit) -> Self {
        metrics.connections.inc();
        Self { metrics, _slot: slot }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.metrics.connections.dec();
    }
}

/// Waits for the number of connections to fall below the limit. Those that come meanwhile wait in the kernel: silent
/// connections make room within a second or so, and a refused client would have come back anyway.
async fn free_slot(slots: &Arc<Semaphore>, crowd: &mut Crowd) -> Result<OwnedSemaphorePermit, AcquireError> {
    if let Ok(slot) = Arc::clone(slots).try_acquire_owned() {
        return Ok(slot);
    }
    loop {
        crowd.tell();
        if let Ok(slot) = tokio::time::timeout(LOOK_EVERY, Arc::clone(slots).acquire_owned()).await {
            return slot;
        }
    }
}

/// How long to wait after a failure to accept; none if it concerns that one connection only. Without the pause, a
/// process out of file descriptors would spin: the connection stays in the queue and is reported again at once.
fn pause_after(error: &io::Error, failures: u32) -> Option<Duration> {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};

    let of_the_peer = matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted);
    (!of_the_peer).then(|| Duration::from_millis(10 << failures.min(7)).min(Duration::from_secs(1)))
}

/// Forgets connections that have ended.
fn reap(connections: &mut JoinSet<()>) {
    while let Some(ended) = connections.try_join_next() {
        report(ended);
    }
}

async fn finish(mut connections: JoinSet<()>, limit: Duration) {
    let all = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    if tokio::time::timeout(limit, all).await.is_err() {
        tracing::warn!("{} connections did not finish in {limit:?} and are closed", connections.len());
        connections.shutdown().await;
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a connection panicked: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepting_backs_off_but_not_for_one_peer() {
        let emfile = io::Error::from_raw_os_error(24);
        let pauses: Vec<_> = (1..=9).map(|failures| pause_after(&emfile, failures).unwrap().as_millis()).collect();
        assert_eq!(pauses, [20, 40, 80, 160, 320, 640, 1000, 1000, 1000]);
        assert_eq!(pause_after(&io::ErrorKind::ConnectionAborted.into(), 1), None);
    }
}
