//! What a newcomer does, in both forms of the page the same.

use super::{State, place::Place};

/// A thing to do: why, and lines for a terminal or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) why: String,
    pub(super) lines: Vec<String>,
}

impl Step {
    fn new(why: impl Into<String>, lines: impl IntoIterator<Item = String>) -> Self {
        Self { why: why.into(), lines: lines.into_iter().collect() }
    }
}

/// What to do to use us, in order.
pub(super) fn steps(place: &Place<'_>, state: State<'_>) -> Vec<Step> {
    let url = place.url();
    let mut steps = vec![Step::new("Point the go command here:", [set("GOPROXY", &url)])];
    if state.accounts {
        steps.extend(accounts(place));
    }
    steps.extend(private(state));
    steps.push(checksums(state));
    steps.push(Step::new("Try it:", ["go list -m -versions golang.org/x/text".to_owned()]));
    steps
}

fn accounts(place: &Place<'_>) -> Vec<Step> {
    let machine = place.machine();
    let mut steps = vec![Step::new(
        "This proxy asks for credentials. Put your own into ~/.netrc:",
        [format!("machine {machine} login USER password PASSWORD")],
    )];
    steps.push(Step::new(
        "Or, with Go 1.24 and later, let the goproxy program give them, from GOPROXY_TOKEN or a CI job's identity:",
        [set("GOAUTH", "goproxy auth")],
    ));
    if !place.is_https() {
        steps.push(Step::new("The go command sends credentials over https only; this page came over http.", []));
    }
    steps
}

/// Which modules are private is nobody's business who may not read them.
fn private(state: State<'_>) -> Option<Step> {
    if state.accounts {
        let why = "If there are private modules among those that you may read, set GONOSUMDB to their patterns; who runs \
                   this proxy knows them.";
        return Some(Step::new(why, []));
    }
    let patterns = Some(&state.about.unlisted).filter(|patterns| !patterns.is_empty())?;
    let why =
        "Some modules are in no checksum database; do not set GOPRIVATE for them, which would go past this proxy:";
    Some(Step::new(why, [set("GONOSUMDB", patterns)]))
}

fn checksums(state: State<'_>) -> Step {
    if let Some(key) = &state.about.go_sumdb {
        return Step::new("Modules are verified by another checksum database than go's own:", [set("GOSUMDB", key)]);
    }
    match state.about.databases.is_empty() {
        true => Step::new("Leave GOSUMDB as it is: go asks the checksum database itself, past this proxy.", []),
        false => {
            Step::new("Leave GOSUMDB as it is: go verifies modules with the checksum database, through this proxy.", [])
        }
    }
}

/// A line that sets a variable of `go`, for a POSIX shell.
fn set(name: &str, value: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]@%+,".contains(&b);
    // Some shells take brackets for patterns, which match no file here and stay.
    if value.bytes().all(plain) && !value.contains('[') {
        return format!("go env -w {name}={value}");
    }
    format!("go env -w {name}='{}'", value.replace('\'', r"'\''"))
}

/// The page as plain text.
pub(super) fn text(steps: &[Step], state: State<'_>) -> String {
    let version = Some(&state.about.version).filter(|version| !version.is_empty());
    let mut text = format!("goproxy{}: a Go module proxy\n", version.map(|v| format!(" {v}")).unwrap_or_default());
    for step in steps {
        text.push_str(&format!("\n{}\n", step.why));
        for line in &step.lines {
            text.push_str(&format!("\n    {line}\n"));
        }
    }
    text.push_str(&format!("\nStatus: {} (/readyz)\n", status(state)));
    text
}

/// Why not is said by `/readyz`.
pub(super) const fn status(state: State<'_>) -> &'static str {
    if state.ready { "ready" } else { "not ready" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_for_the_shell() {
        assert_eq!(set("A", "https://h:1/go"), "go env -w A=https://h:1/go");
        assert_eq!(set("A", "*.corp,x/y"), "go env -w A='*.corp,x/y'");
        assert_eq!(set("A", "it's $(x)"), r"go env -w A='it'\''s $(x)'");
        assert_eq!(set("A", "http://[::1]:1"), "go env -w A='http://[::1]:1'");
    }
}
