//! The questions put to the proxy.

use goproxy_testkit::{Entry, Proxy, Response, escape, h1, read_archive, request};

use super::Question;

/// `.info` of any query, or `@latest`.
pub(super) async fn info(proxy: &Proxy, question: &Question) -> Response {
    if question.query == "latest" {
        return proxy.get(&format!("/{}/@latest", escape(&question.path))).await;
    }
    file(proxy, question, "info").await
}

pub(super) async fn file(proxy: &Proxy, question: &Question, extension: &str) -> Response {
    let version = percent(&escape(&question.query));
    proxy.get(&format!("/{}/@v/{version}.{extension}", escape(&question.path))).await
}

/// Asks everything at the same time; what comes back is for whoever asks again.
pub(crate) async fn at_once(proxy: &Proxy, questions: &[Question]) {
    let mut running = tokio::task::JoinSet::new();
    for question in questions {
        let path = escape(&question.path);
        let target = match question.query.as_str() {
            "" => format!("/{path}/@v/list"),
            "latest" => format!("/{path}/@latest"),
            query => {
                format!("/{path}/@v/{}.{}", percent(&escape(query)), if question.is_version() { "zip" } else { "info" })
            }
        };
        let address = proxy.address();
        running.spawn(async move { request(address, "GET", &target, &[]).await.map(|answer| answer.status) });
    }
    while let Some(answer) = running.join_next().await {
        let _ = answer.expect("a request ends");
    }
}

pub(super) async fn list(proxy: &Proxy, path: &str) -> Response {
    proxy.get(&format!("/{}/@v/list", escape(path))).await
}

/// The h1 hash of a zip, or what is wrong with it.
pub(super) fn sum(zip: &[u8]) -> Result<String, String> {
    let entries = read_archive(zip)?;
    let content = |entry: &'_ Entry| (entry.name.clone(), entry.data.clone());
    let files: Vec<_> = entries.iter().map(content).collect();
    Ok(h1(files.iter().map(|(name, data)| (name.as_str(), data.as_slice()))))
}

/// Whether a client would send this query at all: it has to be one path element of few characters
/// (golang.org/x/mod/module, EscapeVersion), and no flag of `go` itself.
pub(super) fn askable(query: &str) -> bool {
    const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];
    let base = query.split('.').next().unwrap_or_default().to_lowercase();
    let port = |name: &str| base.strip_prefix(name).is_some_and(|n| n.len() == 1 && n != "0");
    !["upgrade", "patch"].contains(&query)
        && query.bytes().all(|b| b.is_ascii_alphanumeric() || b"#$%&()+,-.=@[]^_{}~ ".contains(&b))
        && !query.is_empty()
        && !query.starts_with('-')
        && !query.ends_with('.')
        && query.bytes().any(|b| b != b'.')
        && !RESERVED.contains(&base.as_str())
        && !port("com")
        && !port("lpt")
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'+' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
