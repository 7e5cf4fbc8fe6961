//! Tests against scripted servers: hostile and broken upstreams, and defects of the original program.

mod answers;
mod environment;
mod files;
mod guard;
mod limits;
mod page;
mod redirects;
mod retries;
mod server;
mod store;
mod sums;
mod traces;
mod wire;

use std::time::Duration;

use goproxy_engine::{Error, ErrorKind};
use server::{Reply, Server};

use crate::{ClientOptions, HttpClient, ProxySettings, Upstream};

/// Options without anything of the environment, and with limits that a test can wait for.
fn options() -> ClientOptions {
    ClientOptions {
        response_timeout: Duration::from_secs(2),
        idle_timeout: Duration::from_secs(1),
        proxies: ProxySettings::default(),
        netrc: None,
        ..ClientOptions::default()
    }
}

fn client() -> HttpClient {
    HttpClient::new(options()).unwrap()
}

fn upstream(url: &str) -> Upstream {
    Upstream::new(client(), url).unwrap()
}

/// Asks `server` for `/x`, at most 1 KiB of it.
async fn ask(server: &Server) -> Result<String, Error> {
    let bytes = upstream(&server.url()).bytes("x", 1024).await?;
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

/// What asking a server that always answers so comes to, and how many requests it took.
async fn outcome(reply: Reply) -> (ErrorKind, usize) {
    let server = Server::start(move |_, _| reply.clone()).await;
    let error = ask(&server).await.unwrap_err();
    (error.kind(), server.count())
}
