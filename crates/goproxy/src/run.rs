//! `goproxy run -- command`: a private instance for as long as one command runs.

use std::{
    ffi::OsString,
    io::ErrorKind,
    os::unix::process::ExitStatusExt as _,
    process::{Child, ExitCode, ExitStatus},
};

use goproxy_server::Listen;
use rustix::process::{Pid, WaitOptions, waitpid};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    failure::Failure,
    names::Names,
    program::{Forwarder, exit_code, foreground},
    service::Service,
    settings::Loaded,
};

/// What a shell exits with for a command that it does not find, and for one that it may not execute.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// Serves, runs the command with GOPROXY set to us, and gives its exit code.
pub(crate) async fn run(loaded: &Loaded, command: Vec<OsString>, names: &Names) -> Result<ExitCode, Failure> {
    if let Listen::Unix(_) = loaded.settings.serving.listen {
        return Err(Failure::config("listen: the go command cannot use a unix socket; leave -listen out for run"));
    }
    // Before anything is started: a signal or an exit in between would be lost.
    let cannot = |error: std::io::Error| Failure::fatal(format!("cannot catch signals: {error}"));
    let mut forwarder = Forwarder::new().map_err(cannot)?;
    let mut exits = signal(SignalKind::child()).map_err(cannot)?;
    let service = Service::start(loaded, names, None).await?;
    service.warn(loaded);
    let result = async {
        let child = spawn(&command, &service.client_url().unwrap_or_default())?;
        let pid = Pid::from_child(&child);
        tokio::select! {
            status = ended(pid, &mut exits) => status.map_err(|e| Failure::fatal(format!("cannot wait for the command: {e}"))),
            never = forwarder.forward_to(pid) => match never {},
        }
    }
    .await;
    service.shut_down().await;
    Ok(ExitCode::from(exit_code(result?)))
}

fn spawn(command: &[OsString], url: &str) -> Result<Child, Failure> {
    let Some((program, args)) = command.split_first() else { return Err(Failure::usage("run needs a command")) };
    foreground(program).args(args).env("GOPROXY", url).spawn().map_err(|error| {
        let shown = program.to_string_lossy();
        match error.kind() {
            ErrorKind::NotFound => Failure::with_code(NOT_FOUND, format!("run: {shown}: command not found")),
            _ => Failure::with_code(NOT_EXECUTABLE, format!("run: {shown}: cannot be executed: {error}")),
        }
    })
}

/// Waits for this one child only: the others are the fetchers', who wait for them themselves.
async fn ended(pid: Pid, exits: &mut Signal) -> rustix::io::Result<ExitStatus> {
    loop {
        match waitpid(Some(pid), WaitOptions::NOHANG) {
            Ok(Some((_, status))) => return Ok(ExitStatus::from_raw(status.as_raw())),
            Ok(None) => {
                exits.recv().await;
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}
