//! The running whole: store, sources, engine and server put together, and taken down again.

use std::{net::IpAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use goproxy_engine::{Engine, Observer};
use goproxy_fetch::{Credentials, Inside};
use goproxy_server::{Inherited, Limits, LocalAddr, Metrics, Server, ServerOptions, Tls, TlsError};
use goproxy_store::FsStore;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    access::{self, AccessGate, InForce},
    address, cache,
    direct::{Direct, host_env},
    failure::Failure,
    handler::EngineHandler,
    names::Names,
    settings::{Loaded, Settings},
    tls,
    traces::Traces,
    upstreams::Upstreams,
    version::VERSION,
};

/// A service that answers requests.
#[derive(Debug)]
pub(crate) struct Service {
    engine: Engine,
    direct: Direct,
    metrics: Arc<Metrics>,
    traces: Traces,
    gate: InForce,
    credentials: Credentials,
    inside: Inside,
    names: Names,
    address: LocalAddr,
    path_prefix: String,
    tls: Option<Arc<Tls>>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Service {
    /// Starts everything. What can be wrong with the settings alone is found before anything is made on disk.
    /// With a socket that listens already, `-listen` does not count.
    pub(crate) async fn start(loaded: &Loaded, names: &Names, socket: Option<Inherited>) -> Result<Self, Failure> {
        let settings = &loaded.settings;
        let credentials = credentials(settings)?;
        let metrics = Arc::new(Metrics::new(VERSION));
        let upstreams = Upstreams::observed(loaded, &credentials, Arc::clone(&metrics) as _)?;
        Direct::check(loaded)?;
        let tls = tls::open(loaded)?;
        if tls.is_some() && matches!(socket, Some(Inherited::Unix(_))) {
            return Err(Failure::config(
                "tlsCert: the inherited socket is a unix socket, which has no TLS; leave it out",
            ));
        }
        let gate: InForce = Arc::new(ArcSwapOption::from(access::build(loaded, upstreams.client())?));
        let store = cache::open(settings)?;
        let direct = Direct::new(loaded, upstreams.client())?;
        let traces = Traces::start(loaded, upstreams.client(), Arc::clone(&metrics) as _)?;
        direct.prepare(&settings.sources);
        let asked = upstreams.asked();
        let routing = upstreams.routing(settings, &direct.source());
        let engine = Engine::new(Arc::new(store.clone()), routing, Arc::clone(&metrics) as _);
        engine.prepare();
        scrub(&store, settings.cache.scrub, &metrics);
        let handler = EngineHandler::new(engine.clone(), store, Arc::clone(&gate), names.clone()).await;
        let options = ServerOptions { tracer: traces.tracer(), ..server_options(settings, tls.clone(), names) };
        let server = listen(socket, options, Arc::new(handler), Arc::clone(&metrics))?;
        let address = server.local_addr().clone();
        address::not_ours(loaded, &asked, &address)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(server.run(async move {
            // The sender being gone means the same.
            let _ = stopped.await;
        }));
        let path_prefix = settings.serving.path_prefix.clone();
        let (names, inside) = (names.clone(), settings.sources.inside.clone());
        Ok(Self {
            engine,
            direct,
            metrics,
            traces,
            gate,
            credentials,
            inside,
            names,
            address,
            path_prefix,
            tls,
            stop,
            server,
        })
    }

    /// Where it listens, for the log: `http://0.0.0.0:8081`, `https://0.0.0.0:8081` or `unix:/path`.
    pub(crate) fn listening_on(&self) -> String {
        match &self.address {
            LocalAddr::Tcp(address) => format!("{}://{address}", self.scheme()),
            LocalAddr::Unix(path) => format!("unix:{}", path.display()),
        }
    }

    /// What a client on this machine sets as GOPROXY; `None` on a socket that `go` cannot speak to.
    pub(crate) fn client_url(&self) -> Option<String> {
        let mut address = self.address.tcp()?;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        Some(format!("{}://{address}{}", self.scheme(), self.path_prefix))
    }

    fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Logs what is allowed and yet most likely not meant.
    pub(crate) fn warn(&self, loaded: &Loaded) {
        if let Some(warning) = self.tls.as_ref().and_then(|tls| tls.warning()) {
            tracing::warn!("{warning}");
        }
        for name in &loaded.unknown_variables {
            tracing::warn!("the environment variable {name} names no setting; see goproxy -help");
        }
        if let Some(gate) = &*self.gate.load() {
            gate.warn();
            if self.tls.is_none() && address::is_open(&self.address) {
                tracing::warn!(
                    "credentials of clients are readable on the way to {}: set -tlsCert, or put TLS in front; go itself sends \
                     credentials over https only",
                    self.listening_on()
                );
            }
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &LocalAddr {
        &self.address
    }

    /// Whether there are accounts.
    pub(crate) fn has_gate(&self) -> bool {
        self.gate.load().is_some()
    }

    /// Lets others in from the next request on.
    pub(crate) fn admit(&self, gate: Option<Arc<AccessGate>>) {
        if let Some(gate) = &gate {
            gate.warn();
        }
        self.gate.store(gate);
    }

    /// What is sent to others to prove who we are.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Who is told what happens.
    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        Arc::clone(&self.metrics) as _
    }

    /// What strangers may name inside, until a restart.
    pub(crate) fn inside(&self) -> &Inside {
        &self.inside
    }

    /// What logs hide.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Sends other credentials from the next request on.
    pub(crate) fn send(&self, settings: &Settings) -> Result<(), String> {
        replace(&self.credentials, settings)
    }

    /// Asks others from the next request on.
    pub(crate) fn route(&self, upstreams: Upstreams, settings: &Settings) {
        self.direct.update(settings);
        self.engine.set_routing(upstreams.routing(settings, &self.direct.source()));
        self.engine.prepare();
    }

    /// Reads the certificate again, for the connections from now on. A mistake keeps the one in force.
    pub(crate) fn reload_certificate(&self) -> Result<(), TlsError> {
        let Some(tls) = &self.tls else { return Ok(()) };
        tls.reload()?;
        tracing::info!("SIGHUP: the files of the certificate were read again");
        if let Some(warning) = tls.warning() {
            tracing::warn!("{warning}");
        }
        Ok(())
    }

    /// Accepts nothing more, and returns when the running requests have ended or their time is up.
    pub(crate) async fn shut_down(self) {
        // Fails only when the server has ended already.
        let _ = self.stop.send(());
        if let Err(error) = self.server.await {
            tracing::error!("the server ended badly: {error}");
        }
        self.traces.flush().await;
    }
}

/// Starts the scrub, if there is to be one; it runs as long as the runtime does.
fn scrub(store: &FsStore, period: Duration, metrics: &Arc<Metrics>) {
    if period.is_zero() {
        return;
    }
    let (store, metrics) = (store.clone(), Arc::clone(metrics));
    tokio::spawn(async move { store.scrub(period, |outcome| metrics.scrubbed(outcome)).await });
}

fn listen(
    socket: Option<Inherited>,
    options: ServerOptions,
    handler: Arc<EngineHandler>,
    metrics: Arc<Metrics>,
) -> Result<Server, Failure> {
    let listen = options.listen.clone();
    match socket {
        Some(socket) => Server::adopt(socket, options, handler, metrics)
            .map_err(|error| Failure::fatal(format!("cannot serve on the inherited socket: {error}"))),
        None => Server::bind(options, handler, metrics).map_err(|error| address::refused(&listen, &error)),
    }
}

/// The credentials of `[[credentials]]`, for whoever connects.
pub(crate) fn credentials(settings: &Settings) -> Result<Credentials, Failure> {
    let credentials = Credentials::new(&host_env(&settings.sources));
    replace(&credentials, settings).map_err(Failure::config)?;
    Ok(credentials)
}

fn replace(credentials: &Credentials, settings: &Settings) -> Result<(), String> {
    let rows: Vec<_> = settings.sources.credentials.iter().map(|(_, row)| row.clone()).collect();
    credentials.replace(&rows)
}

fn server_options(settings: &Settings, tls: Option<Arc<Tls>>, names: &Names) -> ServerOptions {
    ServerOptions {
        listen: settings.serving.listen.clone(),
        tls,
        path_prefix: settings.serving.path_prefix.clone(),
        drain: settings.limits.drain,
        max_connections: settings.limits.connections,
        access_log: settings.logs.access,
        tracer: None,
        redact: Some(Arc::new(names.clone())),
        limits: Limits::default(),
    }
}
