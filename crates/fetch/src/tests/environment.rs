//! TLS and proxies. What the environment says can only be tested in a process of its own, so this test program starts
//! itself again for the one request.

use std::{convert::Infallible, path::Path, process::Stdio, sync::Arc, time::Duration};

use goproxy_engine::ErrorKind;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, pem::PemObject as _},
    },
};

use super::{Reply, Server, options, server::Asked};
use crate::{ClientOptions, HttpClient, ProxySettings, Secret, Upstream};

/// A certificate for 127.0.0.1 that no platform trusts: the acceptor that shows it, and its PEM file.
pub(super) struct Identity {
    dir: tempfile::TempDir,
    config: ServerConfig,
}

impl Identity {
    pub(super) fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), made.cert.pem()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
        let config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        Self { dir, config }
    }

    fn acceptor(&self, alpn: &[&str]) -> TlsAcceptor {
        let mut config = self.config.clone();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }

    fn pem(&self) -> std::path::PathBuf {
        self.dir.path().join("ca.pem")
    }

    pub(super) async fn server(&self, answer: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) -> Server {
        Server::start_tls(self.acceptor(&["http/1.1"]), answer).await
    }
}

/// Asks `url` for `/x` in a process with this environment: the body, or the word for the kind of error and its detail.
#[expect(clippy::disallowed_methods, reason = "the test starts itself, with an environment of its own")]
async fn ask_in(env: &[(&str, &str)], url: &str) -> String {
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    let cleared = ["SSL_CERT_FILE", "SSL_CERT_DIR", "NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy", "http_proxy"];
    for name in cleared {
        command.env_remove(name);
    }
    command.args(["--exact", "tests::environment::child", "--ignored", "--nocapture"]);
    command.env("HTTP_PROXY", "").env("HOME", "/nonexistent").env("FETCH_TEST_URL", url).envs(env.iter().copied());
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let Some((_, said)) = text.split_once("child says ") else { panic!("{text}{:?}", output.stderr) };
    said.lines().next().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "started by the other tests of this file, in a process of its own"]
async fn child() {
    let Ok(url) = std::env::var("FETCH_TEST_URL") else { return };
    let limits = ClientOptions { response_timeout: Duration::from_secs(5), ..ClientOptions::default() };
    let answer = match HttpClient::new(limits).and_then(|client| Upstream::new(client, &url)) {
        Ok(upstream) => upstream.bytes("x", 1024).await.map_err(|failure| failure.error),
        Err(error) => Err(error),
    };
    match answer {
        Ok(body) => println!("child says {}", String::from_utf8_lossy(&body)),
        Err(e) => println!("child says {}: {} {}", e.kind().as_str(), e.message(), e.detail().unwrap_or_default()),
    }
}

fn https(server: &Server) -> String {
    server.url().replace("http:", "https:")
}

#[tokio::test]
async fn defect_1_6_certificates_are_verified() {
    let identity = Identity::new();
    let server = identity.server(|_, _| Reply::ok("from nobody in particular")).await;
    let said = ask_in(&[], &https(&server)).await;
    assert!(said.starts_with("unavailable") && said.to_lowercase().contains("certificate"), "{said}");
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn ssl_cert_file_and_ssl_cert_dir_add_an_authority() {
    let identity = Identity::new();
    let server = identity.server(|_, _| Reply::ok("trusted")).await;
    let (file, dir) = (identity.pem(), identity.dir.path().to_owned());
    for (name, value) in [("SSL_CERT_FILE", &file), ("SSL_CERT_DIR", &dir)] {
        assert_eq!(ask_in(&[(name, value.to_str().unwrap())], &https(&server)).await, "trusted", "{name}");
    }
}

#[tokio::test]
async fn an_ssl_cert_file_that_cannot_be_read_is_said_at_once() {
    let said = ask_in(&[("SSL_CERT_FILE", "/nonexistent/ca.pem")], "https://127.0.0.1:1").await;
    assert!(said.starts_with("internal: SSL_CERT_FILE names /nonexistent/ca.pem"), "{said}");
}

#[tokio::test]
async fn a_redirect_from_https_to_http_is_refused() {
    let identity = Identity::new();
    let plain = Server::start(|_, _| Reply::ok("in the clear")).await;
    let to = plain.url();
    let server = identity.server(move |_, _| Reply::redirect(&to)).await;
    let said = ask_in(&[("SSL_CERT_FILE", identity.pem().to_str().unwrap())], &https(&server)).await;
    assert!(said.starts_with("invalid"), "{said}");
    assert_eq!((server.count(), plain.count()), (1, 0));
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_offered() {
    let identity = Identity::new();
    let tls = identity.acceptor(&["h2", "http/1.1"]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(stream) = tls.accept(stream).await else { continue };
            let answer = hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                Ok::<_, Infallible>(http::Response::new(Full::<bytes::Bytes>::from(format!("{:?}", request.version()))))
            });
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            tokio::spawn(async move { server.serve_connection(TokioIo::new(stream), answer).await.is_ok() });
        }
    });
    let said = ask_in(&[("SSL_CERT_FILE", identity.pem().to_str().unwrap())], &url).await;
    server.abort();
    assert_eq!(said, "HTTP/2.0");
}

#[tokio::test]
async fn netrc_is_found_through_the_environment() {
    let identity = Identity::new();
    let server = identity.server(|_, asked| Reply::ok(asked.header("authorization").unwrap_or("nothing"))).await;
    let netrc = identity.dir.path().join("netrc");
    std::fs::write(&netrc, format!("machine 127.0.0.1:{} login me password pass\n", server.port())).unwrap();
    let trust = ("SSL_CERT_FILE", identity.pem());
    let ask = async |name: &str, value: &Path| {
        let env = [(trust.0, trust.1.to_str().unwrap()), (name, value.to_str().unwrap())];
        ask_in(&env, &https(&server)).await
    };
    assert_eq!(ask("NETRC", &netrc).await, "Basic bWU6cGFzcw==");
    assert_eq!(ask("HOME", identity.dir.path()).await, "nothing");
    std::fs::rename(&netrc, identity.dir.path().join(".netrc")).unwrap();
    assert_eq!(ask("HOME", identity.dir.path()).await, "Basic bWU6cGFzcw==");
}

#[tokio::test]
async fn http_proxy_and_no_proxy_are_honoured() {
    let proxy = Server::start(|_, asked| Reply::ok(&asked.target)).await;
    let url = "http://upstream.example.invalid";
    let through = proxy.url();
    for name in ["HTTP_PROXY", "http_proxy"] {
        assert_eq!(ask_in(&[(name, &*through)], url).await, format!("{url}/x"), "{name}");
    }
    let said = ask_in(&[("HTTP_PROXY", &*through), ("NO_PROXY", "example.invalid")], url).await;
    assert!(said.starts_with("unavailable"), "{said}");
    assert_eq!(proxy.count(), 2);
    let said = ask_in(&[("HTTPS_PROXY", "ftp://127.0.0.1:1")], url).await;
    assert!(said.starts_with("internal: the environment variable HTTPS_PROXY"), "{said}");
}

#[tokio::test]
async fn https_goes_through_its_proxy_by_connect_and_this_machine_through_none() {
    let proxy = Server::start(|_, _| Reply::status(502)).await;
    let through = Some(Secret::new(proxy.url()));
    let proxies = ProxySettings { http: through.clone(), https: through, no: None };
    let client = HttpClient::new(ClientOptions { proxies, ..options() }).unwrap();
    let far = Upstream::new(client.clone(), "https://upstream.example.invalid").unwrap();
    assert_eq!(far.bytes("x", 9).await.unwrap_err().error.kind(), ErrorKind::Unavailable);
    assert!(proxy.targets().iter().all(|target| target == "upstream.example.invalid:443"), "{:?}", proxy.targets());
    let asked = proxy.count();
    assert!(asked > 0);
    let near = Server::start(|_, _| Reply::ok("near")).await;
    assert_eq!(Upstream::new(client, &near.url()).unwrap().bytes("x", 9).await.unwrap(), "near");
    assert_eq!(proxy.count(), asked);
}
