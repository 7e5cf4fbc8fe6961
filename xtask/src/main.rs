//! Chores of this repository: `cargo xtask deps`, `cargo xtask bench`, `cargo xtask differential`.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a command line tool for developers")]

mod bench;
mod deps;
mod differential;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask deps | cargo xtask bench downloads|flood [--rounds N]
       cargo xtask bench herd|scale [--rounds N] [--write]
       cargo xtask bench idle|slow [--write]
       cargo xtask bench hits [--rounds N] [--write] [--only WORD] [--peer goproxyio|goproxy|athens=BINARY]...
       cargo xtask bench cold [--rounds N] [--latency MS] [--ways NAME,NAME]
       cargo xtask bench distant [--port N] [--latency MS]
       cargo xtask bench direct [--rounds N] [--engine native|go|default] [--latency MS,MS] [--repositories NAME,NAME] [--plain]
       cargo xtask differential [--repositories N] [--seed S] [--server KIND] [--engine native|go] [--keep]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["deps"] => deps::check(),
        ["bench", "hits", rest @ ..] => bench::hits(rest),
        ["bench", "direct", rest @ ..] => bench::direct(rest),
        ["bench", "downloads", rest @ ..] => bench::downloads(rest),
        ["bench", "cold", rest @ ..] => bench::cold(rest),
        ["bench", "distant", rest @ ..] => bench::distant(rest),
        ["bench", "flood", rest @ ..] => bench::flood(rest),
        ["bench", "herd", rest @ ..] => bench::herd(rest),
        ["bench", "idle", rest @ ..] => bench::idle(rest),
        ["bench", "scale", rest @ ..] => bench::scale(rest),
        ["bench", "slow", rest @ ..] => bench::slow(rest),
        ["differential", rest @ ..] => differential::run(rest),
        _ => Err(anyhow::anyhow!(USAGE)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
