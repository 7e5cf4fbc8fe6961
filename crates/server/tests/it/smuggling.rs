//! Requests that two programs could read in two ways: one answer, then the connection is closed.

use crate::support::Running;

const NEXT: &str = "GET /a.b/smuggled/@v/list HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn ambiguous_requests_are_answered_once_with_400() {
    let server = Running::start();
    let get = "GET /a.b/c/@v/list HTTP/1.1\r\nHost: a\r\n";
    for (what, request) in [
        ("CL and TE", format!("{get}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{NEXT}")),
        ("TE and CL", format!("{get}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{NEXT}")),
        (
            "TE and CL of nothing",
            format!("{get}Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n{NEXT}"),
        ),
        ("TE twice", format!("{get}Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n{NEXT}")),
        ("TE obfuscated", format!("{get}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{NEXT}")),
        ("TE with a space before the colon", format!("{get}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{NEXT}")),
        ("two CL", format!("{get}Content-Length: 0\r\nContent-Length: 40\r\n\r\n{NEXT}")),
        ("CL list", format!("{get}Content-Length: 0, 0\r\n\r\n{NEXT}")),
        ("CL with a sign", format!("{get}Content-Length: +0\r\n\r\n{NEXT}")),
        ("negative CL", format!("{get}Content-Length: -1\r\n\r\n{NEXT}")),
        ("body", format!("{get}Content-Length: {}\r\n\r\n{NEXT}", NEXT.len())),
        ("body that is shorter", format!("{get}Content-Length: 3\r\n\r\nabc{NEXT}")),
        ("body to wait for", format!("{get}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n{NEXT}")),
        ("bare LF", format!("GET /a.b/c/@v/list HTTP/1.1\nHost: a\n\n{NEXT}")),
        ("bare LF in a field", format!("{get}X: y\nContent-Length: 0\r\n\r\n{NEXT}")),
        ("bare LF at the end", format!("{get}X: y\r\n\n{NEXT}")),
        ("bare CR", format!("{get}X: y\rContent-Length: 0\r\n\r\n{NEXT}")),
        ("folded line", format!("{get}X: y\r\n z\r\n\r\n{NEXT}")),
        ("NUL", format!("{get}X: y\0z\r\n\r\n{NEXT}")),
        ("space in a name", format!("{get}X y: z\r\n\r\n{NEXT}")),
        ("no Host", format!("GET /a.b/c/@v/list HTTP/1.1\r\n\r\n{NEXT}")),
        ("two Hosts", format!("{get}Host: b\r\n\r\n{NEXT}")),
        ("HTTP/1.0 with TE", format!("GET /a.b/c/@v/list HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n{NEXT}")),
        ("no version", format!("GET /a.b/c/@v/list\r\n\r\n{NEXT}")),
        ("strange version", format!("GET /a.b/c/@v/list HTTP/1.9\r\nHost: a\r\n\r\n{NEXT}")),
        ("space in the target", format!("GET /a.b/c /@v/list HTTP/1.1\r\nHost: a\r\n\r\n{NEXT}")),
    ] {
        let answers = server.send(request).await;
        assert_eq!(answers.matches("HTTP/1.").count(), 1, "{what}: {answers}");
        assert!(answers.starts_with("HTTP/1.1 400 ") || answers.starts_with("HTTP/1.0 400 "), "{what}: {answers}");
        assert_eq!(server.fake.served(), [], "{what}");
    }
}

#[tokio::test]
async fn a_refused_method_with_a_body_closes() {
    let server = Running::start();
    let body = format!("Content-Length: {}", NEXT.len());
    let request = format!("POST /a.b/c/@v/list HTTP/1.1\r\nHost: a\r\n{body}\r\n\r\n{NEXT}");
    let answers = server.send(request).await;
    assert!(answers.starts_with("HTTP/1.1 405 ") && answers.matches("HTTP/1.1").count() == 1, "{answers}");
    assert_eq!(server.fake.served(), []);
}

/// Headers that name another path, host or client change nothing: the handler gets the route alone.
#[tokio::test]
async fn other_paths_in_headers_are_ignored() {
    let server = Running::start();
    let fields = ["X-Original-URL: /metrics", "X-Forwarded-Host: evil", "X-HTTP-Method-Override: DELETE"];
    let answer = server.ask("GET /a.b/c/@v/list", &fields).await;
    assert_eq!(answer.status, 200);
    assert_eq!(server.fake.served().len(), 1);
}

#[tokio::test]
async fn an_empty_body_is_none() {
    let server = Running::start();
    let answer = server.ask("GET /a.b/c/@v/list", &["Content-Length: 0"]).await;
    assert_eq!(answer.status, 200);
}
