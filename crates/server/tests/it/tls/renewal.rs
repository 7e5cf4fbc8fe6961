//! Renewed certificates, while connections are open.

use std::{os::unix::fs::symlink, sync::Arc, time::Duration};

use goproxy_server::Tls;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::{client::TlsStream, rustls::pki_types::CertificateDer};

use super::{Files, GET, KEPT, authority::Authority, connect};
use crate::support::{BODY, PATIENCE, Running, read_all, read_until};

fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

/// Connects until another certificate is shown than that one.
async fn renewed(files: &Files, server: &Running, old: &CertificateDer<'_>) -> bool {
    let other = async {
        while shown(&files.connect(server).await) == *old {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, other).await.is_ok()
}

#[tokio::test]
async fn new_connections_see_it_and_old_ones_go_on() {
    let files = Files::new();
    let server = files.serve();
    let mut old = files.connect(&server).await;
    let first = shown(&old);
    old.write_all(KEPT.as_bytes()).await.unwrap();
    read_until(&mut old, BODY).await;
    files.renew("renewed");
    assert!(renewed(&files, &server, &first).await);
    old.write_all(GET.as_bytes()).await.unwrap();
    assert!(read_all(&mut old).await.ends_with(BODY));
}

#[tokio::test]
async fn half_a_renewal_keeps_the_old_pair() {
    let files = Files::new();
    let server = files.serve();
    let first = shown(&files.connect(&server).await);
    let (cert, key) = files.authority.issue("renewed");
    for (name, text) in [("tls.crt", cert.as_str()), ("tls.key", "half a ke"), ("tls.key", ""), ("tls.crt", &cert)] {
        files.write(name, text);
        // Some looks at the files.
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(shown(&files.connect(&server).await), first, "{name}");
    }
    std::fs::remove_file(files.options().key).unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(shown(&files.connect(&server).await), first);
    files.write("tls.key", &key);
    assert!(renewed(&files, &server, &first).await, "the other half came");
}

/// certbot and Kubernetes put the new files beside the old ones and turn a link.
#[tokio::test]
async fn a_turned_link_is_noticed() {
    let files = Files::new();
    let path = |name: &str| files.folder.path().join(name);
    for generation in ["1", "2"] {
        std::fs::create_dir(path(generation)).unwrap();
        let (cert, key) = files.authority.issue(generation);
        files.write(&format!("{generation}/tls.crt"), &cert);
        files.write(&format!("{generation}/tls.key"), &key);
    }
    symlink("1", path("data")).unwrap();
    let linked = |tls: &mut goproxy_server::TlsOptions| {
        (tls.cert, tls.key) = (path("data/tls.crt"), path("data/tls.key"));
    };
    let server = files.serve_with(linked, |_| {});
    let first = shown(&files.connect(&server).await);
    symlink("2", path("turned")).unwrap();
    std::fs::rename(path("turned"), path("data")).unwrap();
    assert!(renewed(&files, &server, &first).await);
}

#[tokio::test]
async fn an_authority_that_is_taken_away_admits_nobody_any_more() {
    let (files, ours, others) = (Files::new(), Authority::new("clients"), Authority::new("others"));
    let mut options = files.options();
    options.client_ca = Some(files.write("clients.crt", &ours.pem));
    let tls = Arc::new(Tls::open(options).unwrap());
    let server = Running::start_with(|server| server.tls = Some(Arc::clone(&tls)));
    let client = files.authority.client_with(&ours.issue("ci"));
    for (roots, admitted) in [(&ours, true), (&others, false), (&ours, true)] {
        files.write("clients.crt", &roots.pem);
        tls.reload().unwrap();
        let mut stream = connect(server.address.unwrap(), client.clone()).await.unwrap();
        let _ = stream.write_all(GET.as_bytes()).await;
        assert_eq!(read_all(&mut stream).await.ends_with(BODY), admitted);
    }
}
