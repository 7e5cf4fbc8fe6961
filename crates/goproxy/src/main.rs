//! The Go module proxy that an organisation runs for itself.

mod access;
mod activation;
mod address;
mod auth;
mod cache;
mod cli;
mod commands;
mod completions;
mod direct;
mod each;
mod failure;
mod handler;
mod healthcheck;
mod help;
mod import;
mod limits;
mod log;
mod manual;
mod names;
mod notify;
mod pid1;
mod program;
mod reload;
mod run;
mod serve;
mod service;
mod settings;
mod stop;
mod sumdbs;
mod tell;
mod tls;
mod token;
mod traces;
mod upstreams;
mod verify;
mod version;

use std::{ffi::OsString, io::Write as _, process::ExitCode, time::Duration};

use goproxy_fetch::Credentials;

use crate::{
    cli::Command,
    direct::Direct,
    failure::Failure,
    log::Log,
    names::Names,
    notify::Manager,
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
    let mut invocation = cli::parse(args.clone())?;
    let mode = match &invocation.command {
        Command::Help => return Ok(print(&help::text())),
        Command::Version => return Ok(print(version::LINE)),
        Command::Man => return Ok(print(&manual::page())),
        Command::Completions(shell) => return Ok(print(&shell.script())),
        Command::Token(new) => return Ok(print(&new.make()?)),
        Command::Auth(asked) => return authenticate(asked.as_deref()),
        Command::Run(_) | Command::Verify(_) | Command::Import(_) => Mode::Run,
        Command::Serve | Command::CheckConfig | Command::HealthCheck { .. } => Mode::Serve,
    };
    if let Command::HealthCheck { .. } = invocation.command {
        invocation.flags = healthcheck::flags(invocation.flags);
    }
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
    if let Command::HealthCheck { ready } = invocation.command {
        return small_runtime()?.block_on(healthcheck::check(&loaded, ready));
    }
    limits::no_core_dumps();
    if pid1::is_init() {
        return pid1::supervise(args);
    }
    // While there are no other threads.
    let socket = if invocation.command == Command::Serve { activation::socket()? } else { None };
    let names = Names::new(&loaded.settings);
    let log = Log::start(&loaded.settings.logs, &names);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(no_runtime)?;
    let result = match invocation.command {
        Command::Run(command) => runtime.block_on(run::run(&loaded, command, &names)),
        Command::Import(folder) => runtime.block_on(import::import(&loaded, &folder)),
        Command::Verify(options) => runtime.block_on(verify::verify(&loaded, options)),
        _ => {
            limits::raise_open_files();
            let manager = Manager::new(&environment);
            let reloader = Reloader::new(mode, invocation.flags, environment.clone(), &loaded);
            let serving = serve::Serving { loaded: &loaded, names: &names, log: &log, manager, environment };
            runtime.block_on(serving.serve(reloader, socket))
        }
    };
    // Fetches that nobody waits for are dropped, and with them their processes; a thread that hangs on a slow disk does
    // not hold up the end.
    runtime.shutdown_timeout(LAST_WORK);
    result
}

/// For `go`, which waits: nothing of the service is read or started.
fn authenticate(asked: Option<&str>) -> Result<ExitCode, Failure> {
    Ok(print(&small_runtime()?.block_on(auth::answer(&Environment::of_process(), asked))?))
}

/// For what is over soon.
fn small_runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_runtime)
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
