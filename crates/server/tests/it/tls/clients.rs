//! Client certificates.

use goproxy_server::AccessLogFormat;
use rcgen::date_time_ymd;
use tokio::io::AsyncWriteExt;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::{Files, GET, authority::Authority, connect, failures};
use crate::support::{BODY, Running, read_all};

/// A server that wants certificates of that authority.
fn serve(files: &Files, clients: &Authority) -> Running {
    let roots = files.write("clients.crt", &clients.pem);
    files.serve_with(|tls| tls.client_ca = Some(roots), |_| {})
}

/// What a client gets: nothing, if it is refused. In TLS 1.3 it learns so only when it reads.
async fn ask(server: &Running, config: tokio_rustls::rustls::ClientConfig) -> String {
    let Ok(mut stream) = connect(server.address.unwrap(), config).await else { return String::new() };
    let _ = stream.write_all(GET.as_bytes()).await;
    read_all(&mut stream).await
}

#[tokio::test]
async fn only_certificates_of_the_authority_get_through() {
    let (files, ours, others) = (Files::new(), Authority::new("clients"), Authority::new("clients"));
    let server = serve(&files, &ours);
    let expired = ours.issue_with("late", |params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    });
    let servers = files.authority.issue("a certificate of the server's own authority");
    let mut refused = 0;
    for version in [&TLS12, &TLS13] {
        let client = || files.authority.client_of(&[version]);
        let wrong = [&others.issue("ci"), &expired, &servers];
        let configs = wrong.map(|pair| Authority::with(client(), pair)).into_iter();
        for config in configs.chain([client().with_no_client_auth()]) {
            assert_eq!(ask(&server, config).await, "");
            refused += 1;
        }
    }
    assert_eq!(server.fake.served(), []);
    let good = || files.authority.client_with(&ours.issue("ci"));
    assert!(ask(&server, good()).await.ends_with(BODY));
    assert_eq!(failures(&server, good()).await, refused);
}

/// rustls would not look at the certificate again.
#[tokio::test]
async fn a_session_with_a_client_certificate_is_not_resumed() {
    let (files, clients) = (Files::new(), Authority::new("clients"));
    let server = serve(&files, &clients);
    for version in [&TLS12, &TLS13] {
        let config = Authority::with(files.authority.client_of(&[version]), &clients.issue("ci"));
        for _ in 0..2 {
            let mut stream = connect(server.address.unwrap(), config.clone()).await.unwrap();
            stream.write_all(GET.as_bytes()).await.unwrap();
            assert!(read_all(&mut stream).await.ends_with(BODY));
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(tokio_rustls::rustls::HandshakeKind::Full));
        }
    }
}

#[tokio::test]
async fn without_client_certificates_sessions_are_resumed() {
    let files = Files::new();
    let server = files.serve();
    for version in [&TLS12, &TLS13] {
        let config = files.authority.client_of(&[version]).with_no_client_auth();
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let mut stream = connect(server.address.unwrap(), config.clone()).await.unwrap();
            stream.write_all(GET.as_bytes()).await.unwrap();
            read_all(&mut stream).await;
            kinds.push(stream.get_ref().1.handshake_kind().unwrap());
        }
        assert_eq!(kinds[1], tokio_rustls::rustls::HandshakeKind::Resumed, "{version:?}");
    }
}

#[tokio::test]
async fn the_access_log_says_whose_certificate_it_was() {
    let (files, clients) = (Files::new(), Authority::new("clients"));
    let roots = files.write("clients.crt", &clients.pem);
    let mut options = files.options();
    options.client_ca = Some(roots);
    let server = Running::start_with(|server| {
        server.tls = Some(std::sync::Arc::new(goproxy_server::Tls::open(options).unwrap()));
        server.access_log = AccessLogFormat::Json;
    });
    ask(&server, files.authority.client_with(&clients.issue("team-a \"ci\""))).await;
    assert!(server.log.line("/a.b/c/@v/list").await.contains(r#""client_certificate":"team-a \"ci\"""#));
}
