//! Our answers beside those of `go`. What `go` says can depend on what it was asked before: which tags it knows of, and
//! whether it has the whole history. Where one that had answered other questions differs from us, a new one is asked that
//! question alone, then one that has fetched everything: any of these answers is right.

use std::collections::BTreeSet;

use goproxy_testkit::{GoClient, Proxy, Response};
use serde_json::Value;

use super::{Go, Question, Told, ask};

/// A place where we do not say what `go` says.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) question: Question,
    /// `list`, `info`, `mod`, `zip`.
    pub(crate) what: &'static str,
    pub(crate) ours: String,
    pub(crate) theirs: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}\n    ours: {}\n    go:   {}", self.question, self.what, self.ours, self.theirs)
    }
}

/// What a comparison came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) differences: Vec<Difference>,
    /// How many questions `go` answered with versions, with zips, and not at all.
    pub(crate) lists: usize,
    pub(crate) versions: usize,
    pub(crate) zips: usize,
    pub(crate) refusals: usize,
}

impl Outcome {
    /// Adds up.
    pub(crate) fn add(&mut self, other: Self) {
        self.differences.extend(other.differences);
        self.lists += other.lists;
        self.versions += other.versions;
        self.zips += other.zips;
        self.refusals += other.refusals;
    }

    fn count(&mut self, told: &Told) {
        self.versions += usize::from(told.info.is_some());
        self.zips += usize::from(told.sum.is_some());
        self.refusals += usize::from(told.info.is_none());
    }
}

/// Asks both everything.
pub(crate) async fn compare(proxy: &Proxy, client: &GoClient, questions: &[Question]) -> Outcome {
    let unique: BTreeSet<Question> = questions.iter().cloned().collect();
    let (lists, queries): (Vec<_>, Vec<_>) = unique.into_iter().partition(Question::is_list);
    // Versions before branches and hashes, whose answers would otherwise name the ref in the versions' own files.
    let (versions, others): (Vec<_>, Vec<_>) = queries.into_iter().partition(Question::is_version);
    let go = Go::cold(client);
    let paths: Vec<String> = lists.iter().map(|question| question.path.clone()).collect();
    let mut outcome = Outcome::default();
    for (question, theirs) in lists.iter().zip(go.lists(&paths).await) {
        outcome.lists += usize::from(theirs.as_ref().is_ok_and(|versions| !versions.is_empty()));
        outcome.differences.extend(list(proxy, client, question, &theirs).await);
    }
    for lot in [versions, others] {
        let theirs = go.versions(&lot).await;
        for (question, told) in lot.iter().zip(&theirs) {
            let mut found = version(proxy, question, told).await;
            for knowing in [None, Some("0123456789ab")] {
                if !found.is_empty() {
                    found = version(proxy, question, &alone(client, question, knowing).await).await;
                }
            }
            outcome.count(told);
            outcome.differences.extend(found);
        }
    }
    outcome
}

/// What `go` says of a tag that is on a tree or a file, to whatever question led it there.
const NO_COMMIT: &str = "unexpected response from git log";

/// What a new `go` says to one question. A hash that is not there makes it fetch all that there is beforehand.
async fn alone(client: &GoClient, question: &Question, first: Option<&str>) -> Told {
    let go = Go::cold(client);
    if let Some(query) = first {
        go.versions(&[Question::new(question.path.clone(), query)]).await;
    }
    go.versions(std::slice::from_ref(question)).await.remove(0)
}

async fn list(
    proxy: &Proxy,
    client: &GoClient,
    question: &Question,
    theirs: &Result<Vec<String>, String>,
) -> Option<Difference> {
    let ours = ask::list(proxy, &question.path).await;
    let text = ours.text();
    let equal = match theirs {
        Ok(versions) if versions.is_empty() => {
            // `go` says so of any path in any repository. One with a commit for it exists.
            let latest = Question::new(question.path.clone(), "latest");
            let told = &Go::cold(client).versions(&[latest]).await[0];
            ours.status == 200 && text.is_empty() || ours.status == 404 && told.info.is_none()
        }
        Ok(versions) => ours.status == 200 && text.lines().eq(versions.iter().map(String::as_str)),
        // A list does not depend on what cannot be fetched: we pass over tags on trees and files, `go` fails over them.
        Err(error) => ours.status != 200 || error.contains(NO_COMMIT),
    };
    (!equal).then(|| Difference {
        question: question.clone(),
        what: "list",
        ours: shown(&ours),
        theirs: format!("{theirs:?}"),
    })
}

async fn version(proxy: &Proxy, question: &Question, told: &Told) -> Vec<Difference> {
    let info = ask::info(proxy, question).await;
    if told.error.as_ref().is_some_and(|error| error.contains(NO_COMMIT)) && question.query == "latest" {
        // It follows from the list.
        return Vec::new();
    }
    if told.error.as_ref().is_some_and(|error| error.contains("git fetch --unshallow")) {
        // It asks for HEAD then, whatever it wants: where HEAD has no commit, `go` never learns the history.
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut fault = |what, ours: String, theirs: String| {
        let ours = if ours.starts_with('5') { ours + &logged(proxy, &question.path) } else { ours };
        faults.push(Difference { question: question.clone(), what, ours, theirs });
    };
    if !ask::askable(&question.query) {
        if !matches!(info.status, 400 | 404) {
            fault("info", shown(&info), "no client asks so".to_owned());
        }
        return faults;
    }
    let Some(expected) = &told.info else {
        if !is_failure(&info, told, question) {
            fault("info", shown(&info), why(told));
        }
        if question.is_version() {
            for extension in ["mod", "zip"] {
                // The words may be those of the rule that needs no repository, "should be v0 or v1".
                let ours = ask::file(proxy, question, extension).await;
                if ours.status == 200 || (ours.status == 404) != (info.status == 404) {
                    fault(extension, shown(&ours), why(told));
                }
            }
        }
        return faults;
    };
    if info.status != 200 || !same_info(&info.body, expected, question, told) {
        fault("info", shown(&info), String::from_utf8_lossy(expected).into_owned());
    }
    let resolved = Question::new(question.path.clone(), told.version.clone());
    let ours = ask::file(proxy, &resolved, "mod").await;
    match &told.go_mod {
        Some(expected) if ours.status == 200 && ours.body == *expected => {}
        Some(expected) => fault("mod", shown(&ours), String::from_utf8_lossy(expected).into_owned()),
        None if is_failure(&ours, told, &resolved) => {}
        None => fault("mod", shown(&ours), why(told)),
    }
    let ours = ask::file(proxy, &resolved, "zip").await;
    match &told.sum {
        Some(expected) if ours.status == 200 && ask::sum(&ours.body).as_ref() == Ok(expected) => {}
        Some(expected) if ours.status == 200 => fault("zip", format!("{:?}", ask::sum(&ours.body)), expected.clone()),
        Some(expected) => fault("zip", shown(&ours), expected.clone()),
        None if is_failure(&ours, told, &resolved) => {}
        None => fault("zip", shown(&ours), why(told)),
    }
    faults
}

/// The bytes where the version itself was asked for. Else all but the ref, which is the one that the query led through
/// or the version's own.
fn same_info(ours: &[u8], theirs: &[u8], question: &Question, told: &Told) -> bool {
    if question.query == told.version {
        return ours == theirs;
    }
    let (Ok(mut ours), Ok(mut theirs)) =
        (serde_json::from_slice::<Value>(ours), serde_json::from_slice::<Value>(theirs))
    else {
        return false;
    };
    let strip = |info: &mut Value| info["Origin"].as_object_mut().and_then(|origin| origin.remove("Ref"));
    let (our_ref, their_ref) = (strip(&mut ours), strip(&mut theirs));
    let tag = told.version.trim_end_matches("+incompatible");
    let fits = our_ref.as_ref().is_none_or(|reference| {
        let reference = reference.as_str().unwrap_or_default();
        our_ref == their_ref || told.reference.as_deref() == Some(reference) || reference.ends_with(&format!("/{tag}"))
    });
    ours == theirs && fits
}

/// Whether we fail as `go` does: a text that holds its words, and 404 unless what it says is that git failed.
fn is_failure(ours: &Response, told: &Told, question: &Question) -> bool {
    let Some(words) = words(told, question) else { return ours.status != 200 };
    ours.status == 404 && plain(&ours.text()).contains(&plain(&words))
}

/// What `go` says without the names before it; none where it only passes on what a program printed.
fn words(told: &Told, question: &Question) -> Option<String> {
    let error = told.error.as_ref()?;
    if error.contains("exit status") || error.contains("git ") {
        return None;
    }
    let mut words = error.as_str();
    for before in ["go: ", "module ", question.path.as_str(), "@", question.query.as_str(), ": ", "invalid version: "] {
        words = words.strip_prefix(before).unwrap_or(words);
    }
    Some(words.lines().next().unwrap_or_default().to_owned())
}

/// A text without what `go` quotes its own way: file names that are no plain text, passed on as they are or escaped.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let escape = match rest.get(..2) {
            Some("\\t" | "\\n") => 2,
            Some("\\x") => 4.min(rest.len()),
            Some("\\u") => rest.find('}').map_or(2, |end| end + 1),
            _ => 0,
        };
        if escape == 0 && c.is_ascii_graphic() {
            out.push(c);
        }
        rest = rest.get(escape.max(c.len_utf8())..).unwrap_or_default();
    }
    out.truncate(500);
    out
}

fn why(told: &Told) -> String {
    format!("{} {}", told.version, told.error.as_deref().unwrap_or("no error"))
}

fn shown(ours: &Response) -> String {
    let text: String = ours.text().trim_end().chars().take(600).collect();
    format!("{} {text}", ours.status)
}

/// The last line of the log about a path, where the failure is of our side.
fn logged(proxy: &Proxy, path: &str) -> String {
    let log = proxy.log();
    let line = log.lines().rev().find(|line| line.contains(path)).unwrap_or_default();
    format!("\n    log:  {line}")
}
