//! The page for browsers: no scripts, no pictures, one style whose hash is all that the policy lets in.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use sha2::{Digest as _, Sha256};

use super::{
    State,
    steps::{self, Step},
};

const STYLE: &str = include_str!("style.css");

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

/// The page's Content-Security-Policy.
pub(super) fn policy() -> HeaderValue {
    POLICY.clone()
}

/// The page.
pub(super) fn page(steps: &[Step], state: State<'_>) -> String {
    let version = match state.about.version.as_str() {
        "" => String::new(),
        version => format!(" <small>{}</small>", escaped(version)),
    };
    let class = if state.ready { "ready" } else { "unready" };
    let status = steps::status(state);
    let steps: String = steps.iter().map(step).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>goproxy</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>goproxy{version}</h1>\n\
         <p>A proxy for Go modules: it fetches them once, checks them, keeps them, and gives them to the \
         <code>go</code> command.</p>\n<ul class=\"steps\">\n{steps}</ul>\n\
         <footer><a class=\"{class}\" href=\"/readyz\">{status}</a> <a href=\"/healthz\">health</a> \
         <a href=\"/metrics\">metrics</a></footer>\n</main>\n</body>\n</html>\n"
    )
}

fn step(step: &Step) -> String {
    let lines: String = step.lines.iter().map(|line| format!("<pre><code>{}</code></pre>", escaped(line))).collect();
    format!("<li><p>{}</p>{lines}</li>\n", escaped(&step.why))
}

/// Text as it stands between tags or in an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_element() {
        assert_eq!(escaped("<a href='x' b=\"y\">&amp;"), "&lt;a href=&#39;x&#39; b=&quot;y&quot;&gt;&amp;amp;");
        let step = step(&Step { why: "<b>".into(), lines: vec!["</code><script>".into()] });
        assert_eq!(step, "<li><p>&lt;b&gt;</p><pre><code>&lt;/code&gt;&lt;script&gt;</code></pre></li>\n");
    }
}
