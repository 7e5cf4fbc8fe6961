//! `?go-get=1` pages: fetched over https, over http only where that is allowed, and remembered as what they say.

use std::sync::Arc;

use gomod::go_import::GoImport;
use goproxy_engine::{Error, ErrorKind, Result};
use goproxy_fetch::{Access, Page};

use super::{
    memo::{Answer, Memo, Worth},
    web::Web,
};
use crate::freshness::Freshness;

/// What a page says.
#[derive(Debug)]
pub(super) struct Said {
    /// Where it was found: `https://host/path?go-get=1`.
    pub(super) url: String,
    /// Its tags, or what keeps it from being read.
    pub(super) imports: Result<Vec<GoImport>, String>,
    /// What its status means, unless that is 200. It only counts where there is no tag.
    failure: Option<Error>,
}

impl Said {
    /// The tags, as far as there is no failure without any.
    pub(super) fn imports(&self, parsing: impl FnOnce(&str) -> String) -> Result<&[GoImport]> {
        match (&self.imports, &self.failure) {
            (Ok(imports), _) if !imports.is_empty() => Ok(imports),
            (_, Some(failure)) => Err(failure.clone()),
            (Ok(none), None) => Ok(none),
            (Err(error), None) => Err(super::not_found(format!("{}: {error}", parsing(&self.url)))),
        }
    }
}

impl Answer for Arc<Said> {
    fn weight(&self) -> usize {
        let fields = |i: &GoImport| 100 + i.prefix.len() + i.vcs.len() + i.repo_root.len() + i.subdirectory.len();
        let imports = self.imports.as_ref().map_or_else(String::len, |all| all.iter().map(fields).sum());
        self.url.len() + imports + self.failure.as_ref().map_or(0, |failure| failure.message().len())
    }

    fn worth(&self) -> Worth {
        match &self.failure {
            _ if self.imports.as_ref().is_ok_and(|imports| !imports.is_empty()) => Worth::Found,
            Some(failure) if !failure.kind().is_answer() => Worth::Nothing,
            _ => Worth::Absent,
        }
    }
}

/// The pages of all hosts.
#[derive(Debug)]
pub(super) struct Pages {
    web: Arc<dyn Web>,
    memo: Arc<Memo<Arc<Said>>>,
    refused: ErrorKind,
}

impl Pages {
    pub(super) fn new(web: Arc<dyn Web>, freshness: Freshness, refused: ErrorKind) -> Self {
        Self { web, memo: Memo::new(freshness), refused }
    }

    /// What the page of a path says.
    ///
    /// # Errors
    /// Why there is no answer: without `go`'s words in front.
    pub(super) async fn of(&self, path: &str, access: Access) -> Result<Arc<Said>> {
        let web = Arc::clone(&self.web);
        let (address, refused) = (address(path), self.refused);
        self.memo.get((address.clone(), access), || async move { ask(&*web, &address, access, refused).await }).await
    }
}

/// The page without its scheme, as `go` shows it in some errors: `//host/path?go-get=1`. The path is a module path or the
/// beginning of one, so none of it becomes another part of the URL.
pub(super) fn address(path: &str) -> String {
    let root = if path.contains('/') { "" } else { "/" };
    format!("//{path}{root}?go-get=1")
}

async fn ask(web: &dyn Web, address: &str, access: Access, refused: ErrorKind) -> Result<Arc<Said>> {
    let mut url = format!("https:{address}");
    let page = match web.page(&url, access).await {
        Err(_) if access.insecure => {
            url = format!("http:{address}");
            web.page(&url, access).await?
        }
        answer => answer?,
    };
    let (imports, failure) = (GoImport::parse(&page.body), failure(&url, &page, refused));
    Ok(Arc::new(Said { url, imports, failure }))
}

/// What a status says about the module, in `go`'s words.
fn failure(url: &str, page: &Page, refused: ErrorKind) -> Option<Error> {
    let kind = match page.status {
        200 => return None,
        401 | 403 | 407 => refused,
        429 => ErrorKind::Busy,
        408 | 500.. => ErrorKind::Unavailable,
        _ => ErrorKind::NotFound,
    };
    let reason = http::StatusCode::from_u16(page.status).ok().and_then(|status| status.canonical_reason());
    let mut message = format!("reading {url}: {} {}", page.status, reason.unwrap_or_default());
    let explanation = explanation(page);
    if !explanation.is_empty() {
        let separator = if explanation.contains('\n') { "\n\t" } else { " " };
        message = format!("{}\n\tserver response:{separator}{explanation}", message.trim_end());
    }
    Some(Error::new(kind, message.trim_end()))
}

/// The first lines of a plain text, unless they would do something to a terminal.
fn explanation(page: &Page) -> String {
    const LINES: usize = 8;
    const BYTES: usize = LINES * 81;
    let lower = page.content_type.to_ascii_lowercase();
    let (media, parameters) = lower.split_once(';').unwrap_or((&lower, ""));
    let charset = parameters.split(';').find_map(|p| p.trim().strip_prefix("charset="));
    let charset = charset.unwrap_or_default().trim_matches('"');
    let Ok(text) = std::str::from_utf8(&page.body) else { return String::new() };
    let plain = media.trim() == "text/plain" && matches!(charset, "" | "utf-8" | "us-ascii");
    if !plain || text.lines().take(LINES + 1).any(|line| line.chars().any(|c| c.is_control() && !c.is_whitespace())) {
        return String::new();
    }
    let mut explanation = String::new();
    for (at, line) in text.lines().take_while(|line| !line.trim().is_empty()).enumerate() {
        explanation.push_str(if at > 0 { "\n\t" } else { "" });
        if at >= LINES {
            explanation.push_str("[Truncated: too many lines.]");
            break;
        }
        if explanation.len() + line.len() > BYTES {
            explanation.push_str("[Truncated: too long.]");
            break;
        }
        explanation.push_str(line);
    }
    explanation
}
