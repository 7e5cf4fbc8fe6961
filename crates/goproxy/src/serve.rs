//! `goproxy serve`: from listening to the last answer.

use std::process::ExitCode;

use goproxy_server::Inherited;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    failure::Failure,
    log::Log,
    names::Names,
    notify::Manager,
    reload::Reloader,
    service::Service,
    settings::{Environment, Loaded},
    stop::Stop,
};

/// What a service is run with.
pub(crate) struct Serving<'a> {
    pub(crate) loaded: &'a Loaded,
    pub(crate) names: &'a Names,
    pub(crate) log: &'a Log,
    pub(crate) manager: Manager,
    pub(crate) environment: Environment,
}

impl Serving<'_> {
    /// Serves until SIGTERM or SIGINT, on the socket that was inherited or else where the settings say; reloads on SIGHUP,
    /// logs more or less on SIGUSR1 and SIGUSR2, and lets the running requests finish. A second signal ends it at once.
    pub(crate) async fn serve(self, mut reloader: Reloader, socket: Option<Inherited>) -> Result<ExitCode, Failure> {
        let cannot = |error: std::io::Error| Failure::fatal(format!("cannot catch signals: {error}"));
        let mut stop = Stop::new().map_err(cannot)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(cannot)?;
        let mut more = signal(SignalKind::user_defined1()).map_err(cannot)?;
        let mut less = signal(SignalKind::user_defined2()).map_err(cannot)?;
        if socket.is_some() {
            tracing::info!("the service manager has opened the socket: -listen does not count");
        }
        let service = Service::start(self.loaded, self.names, socket).await?;
        let status = announce(self.loaded, &service);
        self.manager.ready(&status);
        let watchdog = self.manager.watchdog(&self.environment);
        tokio::pin!(watchdog);
        loop {
            tokio::select! {
                _ = stop.next() => break,
                never = &mut watchdog => match never {},
                _ = more.recv() => self.log.step("SIGUSR1", true),
                _ = less.recv() => self.log.step("SIGUSR2", false),
                _ = hangup.recv() => {
                    self.manager.reloading();
                    reloader.reload(&service, self.log);
                    self.manager.ready(&status);
                }
            }
        }
        self.manager.stopping();
        tracing::info!("Making a graceful shutdown...");
        let ended = async {
            tokio::select! {
                () = service.shut_down() => {
                    tracing::info!("Successful server shutdown.");
                    ExitCode::SUCCESS
                }
                code = stop.next() => {
                    tracing::warn!("a second signal: ending at once");
                    ExitCode::from(code)
                }
            }
        };
        tokio::select! {
            code = ended => Ok(code),
            // Letting requests finish may take longer than a watchdog's period.
            never = &mut watchdog => match never {},
        }
    }
}

/// The first lines of the log; those of the router mode are the original's. Gives the last.
fn announce(loaded: &Loaded, service: &Service) -> String {
    let sources = &loaded.settings.sources;
    if let Some(proxy) = &sources.proxy {
        tracing::info!("ProxyHost {proxy}");
        let private = sources.private();
        if !private.is_empty() {
            tracing::info!("ExcludeHost {private}");
        }
    }
    service.warn(loaded);
    let status = format!("listening on {}", service.listening_on());
    tracing::info!("{status}");
    status
}
