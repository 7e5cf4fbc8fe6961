//! The Go module proxy that an organisation runs for itself.

mod cli;
mod failure;
mod help;
mod log;
mod pid1;
mod program;
mod settings;

use std::process::ExitCode;
fn main() -> ExitCode { match start() { Ok(c) => c, Err(f) => f.report() } }
fn start() -> Result<ExitCode, failure::Failure> {
    let i = cli::parse(std::env::args_os().skip(1))?;
    let l = settings::load(settings::Mode::Serve, &i.flags, &settings::Environment::of_process())?;
    print!("{}{}", help::text(), settings::effective_toml(&l));
    Ok(ExitCode::SUCCESS)
}
