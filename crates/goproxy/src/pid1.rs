//! Being process 1 of a container. The kernel gives process 1 every orphan to reap and no default action for signals;
//! a server that also starts `go` and git must not do both jobs at once, so process 1 starts the server as a child and
//! does nothing but pass signals on and reap.

use std::{
    ffi::OsString,
    os::unix::process::ExitStatusExt as _,
    process::{ExitCode, ExitStatus},
};

use rustix::process::{Pid, WaitOptions};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    failure::Failure,
    program::{Forwarder, exit_code, foreground},
};

/// Whether this process is the first of its container.
pub(crate) fn is_init() -> bool {
    std::process::id() == 1
}

/// Runs this same program as a child until it ends, and gives its exit code; 128 and the signal if one killed it.
pub(crate) fn supervise(args: Vec<OsString>) -> Result<ExitCode, Failure> {
    let fatal = |what: &str, error: std::io::Error| Failure::fatal(format!("as process 1: cannot {what}: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| fatal("start the runtime", error))?;
    runtime.block_on(async {
        // Both before the child is started: a signal or an exit in between would be lost.
        let mut forwarder = Forwarder::new().map_err(|error| fatal("catch signals", error))?;
        let mut exits = signal(SignalKind::child()).map_err(|error| fatal("catch signals", error))?;
        let program = std::env::current_exe().map_err(|error| fatal("find its own program", error))?;
        // Sockets that were opened for us (podman does it) are the child's: it has another number.
        let child = foreground(program.as_os_str()).args(args).env_remove("LISTEN_PID").spawn();
        let child = child.map_err(|error| fatal("start its own program", error))?;
        let child = Pid::from_child(&child);
        let status = tokio::select! {
            status = reap(child, &mut exits) => status,
            never = forwarder.forward_to(child) => match never {},
        };
        Ok(ExitCode::from(status.map_or(1, exit_code)))
    })
}

/// Reaps every process that ends until it is the child's turn. `None` if the child was reaped by somebody else.
async fn reap(child: Pid, exits: &mut tokio::signal::unix::Signal) -> Option<ExitStatus> {
    loop {
        // One signal may stand for any number of exits: reap until nobody is left to reap.
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == child => return Some(ExitStatus::from_raw(status.as_raw())),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return None,
            }
        }
        exits.recv().await?;
    }
}
