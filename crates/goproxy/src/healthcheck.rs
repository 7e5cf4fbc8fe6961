//! `goproxy healthcheck`: asks the service of this machine or container, for where there is no other program to do it.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    process::ExitCode,
    time::Duration,
};

use goproxy_fetch::{Access, ClientOptions, HttpClient};
use goproxy_server::Listen;

use crate::{
    cli,
    failure::Failure,
    settings::{Given, Loaded, Serving, find},
};

/// For the connection, and again for the answer: less than what container runtimes allow by default, which is 30 s.
const PATIENCE: Duration = Duration::from_secs(5);

/// The flags of the service: those of process 1 where it is goproxy and none were given here. In a container, a health
/// check is started with the container's environment and without its arguments.
pub(crate) fn flags(given: Vec<Given>) -> Vec<Given> {
    let given = if given.is_empty() { of_process_1().unwrap_or_default() } else { given };
    // The cache is not looked at, and whoever asks may have no home to find it in.
    let nowhere = find("cacheDir").map(|setting| Given { setting, text: "/".to_owned() });
    nowhere.into_iter().chain(given).collect()
}

fn of_process_1() -> Option<Vec<Given>> {
    use std::os::unix::ffi::OsStringExt as _;
    let line = std::fs::read("/proc/1/cmdline").ok()?;
    let mut words = line.strip_suffix(b"\0")?.split(|byte| *byte == 0);
    words.next()?.ends_with(b"goproxy").then_some(())?;
    let invocation = cli::parse(words.map(|word| std::ffi::OsString::from_vec(word.to_vec()))).ok()?;
    (invocation.command == cli::Command::Serve).then_some(invocation.flags)
}

/// Asks; exit code 0 with 200, else a line that says what is wrong and exit code 1.
pub(crate) async fn check(loaded: &Loaded, ready: bool) -> Result<ExitCode, Failure> {
    let path = if ready { "/readyz" } else { "/healthz" };
    let serving = &loaded.settings.serving;
    let unwell = |why: String| Failure::fatal(format!("healthcheck: {}{path}: {why}", serving.listen));
    let status = if serving.tls_cert.is_some() { over_tls(serving, path).await } else { plain(serving, path) };
    match status.map_err(unwell)? {
        200 => Ok(ExitCode::SUCCESS),
        status => Err(unwell(format!("status {status}"))),
    }
}

/// The status of the answer, of a server without TLS.
fn plain(serving: &Serving, path: &str) -> Result<u16, String> {
    let text = |error: std::io::Error| error.to_string();
    match &serving.listen {
        Listen::Unix(socket) => {
            let stream = UnixStream::connect(socket).map_err(text)?;
            stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
            stream.set_write_timeout(Some(PATIENCE)).map_err(text)?;
            ask(stream, path).map_err(text)
        }
        Listen::Tcp { .. } => {
            let stream = TcpStream::connect_timeout(&address(serving)?, PATIENCE).map_err(text)?;
            stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
            stream.set_write_timeout(Some(PATIENCE)).map_err(text)?;
            ask(stream, path).map_err(text)
        }
    }
}

fn ask(mut stream: impl Read + Write, path: &str) -> std::io::Result<u16> {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let status = std::str::from_utf8(&head).ok().and_then(|head| head.strip_prefix("HTTP/1.1 "));
    status.and_then(|status| status.parse().ok()).ok_or_else(|| std::io::Error::other("that is not HTTP"))
}

/// The same behind TLS. The certificate is for the name that clients use, which is not known here: it is not verified, as
/// nothing is sent. Where clients must show certificates (`-tlsClientCA`), we have none: that it refuses a request without
/// TLS, which is status 400, is all that can be seen.
async fn over_tls(serving: &Serving, path: &str) -> Result<u16, String> {
    if serving.tls_client_ca.is_some() {
        return plain(serving, path).map(|status| if status == 400 { 200 } else { status });
    }
    let address = address(serving)?;
    let client = HttpClient::new(ClientOptions { connect_timeout: PATIENCE, ..ClientOptions::default() });
    let client = client.map_err(|error| error.to_string())?;
    let access = Access { internal: true, insecure: true, ..Access::default() };
    let page = client.page(&format!("https://{address}{path}"), access, 1024).await;
    page.map(|page| page.status).map_err(|error| error.to_string())
}

/// Where to connect to. An unspecified address is every one of this machine, a name is looked up.
fn address(serving: &Serving) -> Result<SocketAddr, String> {
    use std::net::ToSocketAddrs as _;
    let Listen::Tcp { host, port } = &serving.listen else { return Err("a socket has no address".to_owned()) };
    let ip = match host.parse::<IpAddr>() {
        _ if host.is_empty() => Ipv4Addr::LOCALHOST.into(),
        Ok(IpAddr::V4(ip)) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        Ok(IpAddr::V6(ip)) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        Ok(ip) => ip,
        // As the server, which does without a hosts file.
        Err(_) if host == "localhost" => Ipv4Addr::LOCALHOST.into(),
        Err(_) => {
            let found = (host.as_str(), *port).to_socket_addrs().ok().and_then(|mut found| found.next());
            return found.ok_or_else(|| "the host has no address".to_owned());
        }
    };
    Ok((ip, *port).into())
}
