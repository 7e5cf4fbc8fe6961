//! Requests that two programs could read in two ways: one answer, then the connection is closed.

use tokio::io::AsyncWriteExt;

use crate::support::{BODY, Running, read_all};

const NEXT: &str = "GET /a.b/smuggled/@v/list HTTP/1.1\r\nHost: a\r\n\r\n";

const PLAIN: &str = "GET /a.b/plain/@v/list HTTP/1.1\r\nHost: a\r\n\r\n";

/// What is ambiguous or wrong in each, and the request; [`NEXT`] is behind it.
fn ambiguous() -> Vec<(&'static str, String)> {
    let get = "GET /a.b/c/@v/list HTTP/1.1\r\nHost: a\r\n";
    vec![
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
        ("TE in other capitals", format!("{get}tRANSFER-eNCODING: chunked\r\n\r\n0\r\n\r\n{NEXT}")),
        ("TE after a tab", format!("{get}Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n{NEXT}")),
        ("TE after a vertical tab", format!("{get}Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n{NEXT}")),
        ("CL in other capitals", format!("{get}cONTENT-lENGTH: 5\r\n\r\nabcde{NEXT}")),
        ("CL of many digits", format!("{get}Content-Length: 99999999999999999999\r\n\r\n{NEXT}")),
        ("CL in hexadecimal", format!("{get}Content-Length: 0x0\r\n\r\n{NEXT}")),
        ("empty CL", format!("{get}Content-Length:\r\n\r\n{NEXT}")),
        ("two CL of nothing and a body", format!("{get}Content-Length: 5\r\nContent-Length: 0\r\n\r\nabcde{NEXT}")),
        ("folded TE", format!("{get}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{NEXT}")),
        ("space before the first name", format!("GET /a.b/c/@v/list HTTP/1.1\r\n Host: a\r\n\r\n{NEXT}")),
        ("no colon", format!("{get}Content-Length\r\n\r\n{NEXT}")),
        ("no name", format!("{get}: 5\r\n\r\n{NEXT}")),
        ("NUL in a name", format!("{get}X\0: y\r\n\r\n{NEXT}")),
        ("NUL in the target", format!("GET /a.b/c/@v/li\0st HTTP/1.1\r\nHost: a\r\n\r\n{NEXT}")),
        ("tab in the request line", format!("GET\t/a.b/c/@v/list HTTP/1.1\r\nHost: a\r\n\r\n{NEXT}")),
        ("two spaces in the request line", format!("GET  /a.b/c/@v/list HTTP/1.1\r\nHost: a\r\n\r\n{NEXT}")),
        ("absolute form", format!("GET http://b/a.b/c/@v/list HTTP/1.1\r\nHost: a\r\n\r\n{NEXT}")),
        ("Host in other capitals again", format!("{get}hOST: a\r\n\r\n{NEXT}")),
    ]
}

fn is_bad(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.0 400 ")
}

#[tokio::test]
async fn ambiguous_requests_are_answered_once_with_400() {
    let server = Running::start();
    for (what, request) in ambiguous() {
        let answers = server.send(request).await;
        assert_eq!(answers.matches("HTTP/1.").count(), 1, "{what}: {answers}");
        assert!(is_bad(&answers), "{what}: {answers}");
        assert_eq!(server.fake.served(), [], "{what}");
    }
}

/// What is odd goes to another parser, with all that came after what was plain.
#[tokio::test]
async fn ambiguous_requests_behind_plain_ones_are_answered_once_with_400() {
    let server = Running::start();
    for (what, request) in ambiguous() {
        let all = server.send(format!("{PLAIN}{PLAIN}{request}")).await;
        let answers: Vec<_> = all.split_inclusive(BODY).collect();
        assert_eq!((answers.len(), all.matches("HTTP/1.").count()), (3, 3), "{what}: {all}");
        assert!(answers[..2].iter().all(|answer| answer.starts_with("HTTP/1.1 200 ")), "{what}: {all}");
        assert!(is_bad(answers[2]), "{what}: {all}");
        assert!(server.fake.served().len() <= 2, "{what}: the answer may have been at hand");
    }
}

/// Whatever has come of it when it is looked at first.
#[tokio::test]
async fn ambiguous_requests_byte_by_byte_are_answered_once_with_400() {
    let server = Running::start();
    for (what, request) in ambiguous() {
        let (mut reading, mut writing) = tokio::io::split(server.connect_at_once().await);
        let written = async {
            for byte in format!("{PLAIN}{request}").bytes() {
                if writing.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let (answers, ()) = tokio::join!(read_all(&mut reading), written);
        assert_eq!(answers.matches("HTTP/1.").count(), 2, "{what}: {answers}");
        assert!(answers.split_once(BODY).is_some_and(|(_, last)| is_bad(last)), "{what}: {answers}");
        assert!(server.fake.served().len() <= 1, "{what}");
    }
}

/// The deadlines of HTTP/2's streams are for connections that began with it: one that changed over in the middle would
/// be nobody's to cut off.
#[tokio::test]
async fn http2_behind_http1_held_streams_that_nobody_cut_off() {
    let server = Running::start();
    for first in [PLAIN, "GET /a.b/c/@v/list HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"] {
        let settings = "\0\0\0\u{4}\0\0\0\0\0";
        let all = server.send(format!("{first}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{settings}")).await;
        let (answer, rest) = all.split_once(BODY).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{all:?}");
        assert!(rest.is_empty() || is_bad(rest), "it speaks HTTP/2: {rest:?}");
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
