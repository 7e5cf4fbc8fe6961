//! A gate: what it says is what clients get, and it is asked by itself for each request.

use std::{borrow::Cow, sync::Arc};

use gomod::ModulePath;
use goproxy_engine::ErrorKind;
use goproxy_server::{Admission, Gate, Verdict, Wanted};

use crate::support::Running;

/// Lets those in who say so, and knows one name that is nobody else's business.
pub(crate) struct Door;

#[async_trait::async_trait]
impl Gate for Door {
    async fn admit(&self, authorization: Option<&[u8]>, _: Wanted<'_>) -> Admission {
        let verdict = if authorization == Some(b"Bearer good") { Verdict::Allowed } else { Verdict::Missing };
        Admission { user: None, verdict }
    }

    fn told<'a>(&self, message: &'a str, asked: Option<&ModulePath>) -> Cow<'a, str> {
        match asked {
            Some(path) if path.as_str() == "secret.example/x" => message.into(),
            _ => message.replace("secret.example/x", "(a private module)").into(),
        }
    }

    fn challenges(&self) -> &[&'static str] {
        &["Bearer"]
    }
}

#[tokio::test]
async fn an_error_of_one_module_named_another_private_one() {
    let server = Running::start();
    *server.fake.gate.lock().unwrap() = Some(Arc::new(Door));
    for kind in [ErrorKind::NotFound, ErrorKind::Unavailable, ErrorKind::Invalid, ErrorKind::Refused, ErrorKind::Busy] {
        for module in ["a.b/c", "secret.example/x"] {
            server.fake.fail(module, kind, "the repository of secret.example/x has moved");
            let answer = server.ask(&format!("GET /{module}/@v/list"), &["Authorization: Bearer good"]).await;
            assert!(answer.status >= 400 && answer.body.contains("has moved"), "{answer:?}");
            assert_eq!(answer.body.contains("secret.example"), module == "secret.example/x", "{kind:?}: {answer:?}");
        }
    }
}

/// What one request may says nothing about the next one of the same connection.
#[tokio::test]
async fn each_request_of_a_connection_is_judged_by_itself() {
    let server = Running::start();
    *server.fake.gate.lock().unwrap() = Some(Arc::new(Door));
    let get = "GET /a.b/c/@v/list HTTP/1.1\r\nHost: a\r\n";
    let (with, without) = (format!("{get}Authorization: Bearer good\r\n\r\n"), format!("{get}\r\n"));
    let twice = format!("{get}Authorization: Bearer good\r\nAuthorization: Bearer good\r\n\r\n");
    let odd = format!("{get}Content-Length: 0\r\n\r\n");
    let last = format!("{get}Connection: close\r\n\r\n");
    let all = server.send([&*with, &without, &with, &twice, &with, &odd, &last].concat()).await;
    let statuses: Vec<_> = all.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].to_owned()).collect();
    assert_eq!(statuses, ["200", "401", "200", "401", "200", "401", "401"], "{all}");
    assert_eq!(server.fake.served().len(), 3);
}
