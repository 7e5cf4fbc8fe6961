//! Tells the service manager how we are: sd_notify(3), a datagram to the socket that `NOTIFY_SOCKET` names. Without it,
//! nothing is said to nobody.

use std::{
    convert::Infallible,
    os::unix::net::{SocketAddr, UnixDatagram},
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};

use crate::settings::Environment;

/// The way to the service manager.
#[derive(Debug)]
pub(crate) struct Manager(Option<UnixDatagram>);

impl Manager {
    /// As the environment says. A socket that cannot be reached is logged and left alone.
    pub(crate) fn new(environment: &Environment) -> Self {
        let Some(name) = environment.get("NOTIFY_SOCKET") else { return Self(None) };
        match connect(name) {
            Ok(socket) => Self(Some(socket)),
            Err(error) => {
                tracing::warn!(name, %error, "the socket of NOTIFY_SOCKET cannot be reached");
                Self(None)
            }
        }
    }

    /// Requests are answered; the text is what `systemctl status` shows.
    pub(crate) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}\n"));
    }

    /// The settings are read again; [`ready`](Self::ready) ends it.
    pub(crate) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={}\n", now.tv_sec * 1_000_000 + now.tv_nsec / 1000));
    }

    /// The end has begun.
    pub(crate) fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=letting running requests finish\n");
    }

    /// Says that we live, for ever, as often as the manager wants; on the runtime that answers the requests, so that it is
    /// silent when that hangs.
    pub(crate) async fn watchdog(&self, environment: &Environment) -> Infallible {
        let Some(period) = watchdog_period(environment) else { return std::future::pending().await };
        loop {
            self.tell("WATCHDOG=1\n");
            tokio::time::sleep(period / 2).await;
        }
    }

    fn tell(&self, state: &str) {
        if let Some(socket) = &self.0
            && let Err(error) = socket.send(state.as_bytes())
        {
            tracing::warn!(%error, "the service manager cannot be told");
        }
    }
}

fn connect(name: &str) -> std::io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address(name)?)?;
    // A manager that does not listen must not hold us up.
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A path, or after `@` a name in Linux's abstract namespace.
fn address(name: &str) -> std::io::Result<SocketAddr> {
    match name.strip_prefix('@') {
        #[cfg(target_os = "linux")]
        Some(name) => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(name)
        }
        _ => SocketAddr::from_pathname(name),
    }
}

/// `WATCHDOG_USEC`, unless it is for another process.
fn watchdog_period(environment: &Environment) -> Option<Duration> {
    let ours = environment.get("WATCHDOG_PID").is_none_or(|pid| pid.parse() == Ok(std::process::id()));
    let micros = environment.get("WATCHDOG_USEC")?.parse().ok().filter(|micros| ours && *micros > 0)?;
    Some(Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_of_another_process_is_not_ours() {
        let own = std::process::id().to_string();
        for (usec, pid, period) in
            [("2000000", &*own, Some(2)), ("2000000", "", Some(2)), ("2000000", "1", None), ("0", "", None)]
        {
            let environment = Environment::from([("WATCHDOG_USEC", usec), ("WATCHDOG_PID", pid)]);
            assert_eq!(watchdog_period(&environment), period.map(Duration::from_secs), "{usec} {pid}");
        }
    }
}
