//! `goproxy serve`: from listening to the last answer.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    failure::Failure, log::Log, names::Names, reload::Reloader, service::Service, settings::Loaded, stop::Stop,
};

/// Serves until SIGTERM or SIGINT, reloads on SIGHUP, logs more or less on SIGUSR1
/// and SIGUSR2, and lets the running requests finish; a second signal ends it at
/// once.
pub(crate) async fn serve(
    loaded: &Loaded,
    mut reloader: Reloader,
    log: &Log,
    names: &Names,
) -> Result<ExitCode, Failure> {
    let cannot = |error: std::io::Error| Failure::fatal(format!("cannot catch signals: {error}"));
    let mut stop = Stop::new().map_err(cannot)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(cannot)?;
    let mut more = signal(SignalKind::user_defined1()).map_err(cannot)?;
    let mut less = signal(SignalKind::user_defined2()).map_err(cannot)?;
    let service = Service::start(loaded, names).await?;
    announce(loaded, &service);
    loop {
        tokio::select! {
            _ = stop.next() => break,
            _ = hangup.recv() => reloader.reload(&service, log),
            _ = more.recv() => log.step("SIGUSR1", true),
            _ = less.recv() => log.step("SIGUSR2", false),
        }
    }
    tracing::info!("Making a graceful shutdown...");
    tokio::select! {
        () = service.shut_down() => {
            tracing::info!("Successful server shutdown.");
            Ok(ExitCode::SUCCESS)
        }
        code = stop.next() => {
            tracing::warn!("a second signal: ending at once");
            Ok(ExitCode::from(code))
        }
    }
}

/// The first lines of the log; those of the router mode are the original's.
fn announce(loaded: &Loaded, service: &Service) {
    let sources = &loaded.settings.sources;
    if let Some(proxy) = &sources.proxy {
        tracing::info!("ProxyHost {proxy}");
        let private = sources.private();
        if !private.is_empty() {
            tracing::info!("ExcludeHost {private}");
        }
    }
    service.warn(loaded);
    tracing::info!("listening on {}", service.listening_on());
}
