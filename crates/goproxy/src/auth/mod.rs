//! `goproxy auth`: a command for GOAUTH (`go help goauth`) that hands `go` the token of this machine or CI job.

mod source;
mod target;

use crate::{auth::target::Target, failure::Failure, settings::Environment};

/// What `go` reads: the proxy's URL and the header for it. Nothing, if there is no token, or if `go` asks about a URL
/// that is not the proxy's.
pub(crate) async fn answer(environment: &Environment, asked: Option<&str>) -> Result<String, Failure> {
    let Some(target) = Target::find(environment) else { return Ok(String::new()) };
    if asked.is_some_and(|url| !target.covers(url)) {
        return Ok(String::new());
    }
    let token = source::token(environment, &target).await.map_err(|why| Failure::fatal(format!("auth: {why}")))?;
    Ok(token
        .map_or_else(String::new, |token| format!("{}\n\nAuthorization: Bearer {}\n\n", target.url(), token.expose())))
}
