//! The Go module proxy that an organisation runs for itself.

mod access;
mod auth;
mod cli;
mod direct;
mod failure;
mod handler;
mod help;
mod limits;
mod log;
mod names;
mod pid1;
mod program;
mod reload;
mod run;
mod serve;
mod service;
mod settings;
mod stop;
mod sumdbs;
mod tls;
mod token;
mod traces;
mod upstreams;
mod verify;

use std::{ffi::OsString, io::Write as _, process::ExitCode, time::Duration};

use goproxy_fetch::Credentials;

use crate::{
    cli::Command,
    direct::Direct,
    failure::Failure,
    log::Log,
    names::Names,
    reload::Reloader,
    settings::{Environment, Mode},
    upstreams::Upstreams,
};

/// How long tasks may take to give up what they hold, once everything has been answered.
const LAST_WORK: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    start(std::env::args_os().skip(1).collect()).unwrap_or_else(|failure| failure.report())
}

/// Understands what is asked for, completely, before anything happens; then does it.
fn start(args: Vec<OsString>) -> Result<ExitCode, Failure> {
    let invocation = cli::parse(args.clone())?;
    let mode = match &invocation.command {
        Command::Help => return Ok(print(&help::text())),
        Command::Version => return Ok(print(concat!("goproxy ", env!("CARGO_PKG_VERSION"), "\n"))),
        Command::Token(new) => return Ok(print(&new.make()?)),
        Command::Auth(asked) => return authenticate(asked.as_deref()),
        Command::Run(_) | Command::Verify(_) => Mode::Run,
        Command::Serve | Command::CheckConfig => Mode::Serve,
    };
    let environment = Environment::of_process();
    let loaded = settings::load(mode, &invocation.flags, &environment)?;
    if invocation.command == Command::CheckConfig {
        access::build(&loaded, Upstreams::new(&loaded, &Credentials::default())?.client())?;
        Direct::check(&loaded)?;
        traces::check(&loaded)?;
        let warning = tls::open(&loaded)?.and_then(|tls| tls.warning());
        let warning = warning.map(|warning| format!("# warning: {warning}\n")).unwrap_or_default();
        return Ok(print(&(settings::effective_toml(&loaded) + &warning)));
    }
    limits::no_core_dumps();
    if pid1::is_init() {
        return pid1::supervise(args);
    }
    let names = Names::new(&loaded.settings);
    let log = Log::start(&loaded.settings.logs, &names);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(no_runtime)?;
    let result = match invocation.command {
        Command::Run(command) => runtime.block_on(run::run(&loaded, command, &names)),
        Command::Verify(options) => runtime.block_on(verify::verify(&loaded, options)),
        _ => {
            limits::raise_open_files();
            let reloader = Reloader::new(mode, invocation.flags, environment, &loaded);
            runtime.block_on(serve::serve(&loaded, reloader, &log, &names))
        }
    };
    // Fetches that nobody waits for are dropped, and with them their processes; a thread that hangs on a slow disk does
    // not hold up the end.
    runtime.shutdown_timeout(LAST_WORK);
    result
}

/// For `go`, which waits: nothing of the service is read or started.
fn authenticate(asked: Option<&str>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_runtime)?;
    Ok(print(&runtime.block_on(auth::answer(&Environment::of_process(), asked))?))
}

fn no_runtime(error: std::io::Error) -> Failure {
    Failure::fatal(format!("cannot start the runtime: {error}"))
}

/// Prints to standard output. A reader that went away early is no failure.
fn print(text: &str) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}
