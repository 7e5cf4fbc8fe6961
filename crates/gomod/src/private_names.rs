//! Finding names of private modules in any text: in URLs, file names, messages and request targets, however they are
//! escaped. It rather finds too much than too little.

use std::borrow::Cow;

use crate::{ModulePath, Patterns};

/// What ends a word of a text.
const ENDS: &str = "\"'`<>(){}[]|,;";
/// What ends an element of a name.
const SEPARATORS: &str = "/:@=?&#\\";
/// What ends a name.
const AFTER: &str = "@?#&=";

/// Finds what is named as one of the patterns says.
#[derive(Clone, Debug)]
pub struct PrivateNames(Patterns);

/// A piece of a word, between separators.
struct Element<'a> {
    /// Where it begins in the word, and where it ends.
    span: (usize, usize),
    /// What stands before it.
    after: char,
    /// Without escapes, in lower case; one that holds an escaped slash becomes several.
    plain: Cow<'a, str>,
}

impl PrivateNames {
    /// Compared without regard to case: what is disguised is hidden as well.
    pub fn new(patterns: &Patterns) -> Self {
        Self(Patterns::parse(&patterns.to_string().to_lowercase()).unwrap_or_else(|_| patterns.clone()))
    }

    /// The text with these names replaced, `known` and what lies above and below it excepted. `with` gets a name without
    /// escapes, in lower case.
    pub fn replace<'a>(
        &self,
        text: &'a str,
        known: Option<&ModulePath>,
        with: impl Fn(&str) -> String,
    ) -> Cow<'a, str> {
        let known = known.map(|path| path.as_str().to_lowercase());
        let (mut out, mut copied) = (String::new(), 0);
        for (start, word) in words(text) {
            let Some((from, to, name)) = self.find(word) else { continue };
            let related = |known: &String| is_below(&name, known) || is_below(known, &name);
            if known.as_ref().is_some_and(related) {
                continue;
            }
            out.push_str(&text[copied..start + from]);
            out.push_str(&with(&name));
            copied = start + to;
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[copied..]);
        Cow::Owned(out)
    }

    /// Where in the word the first name stands, and which it is.
    fn find(&self, word: &str) -> Option<(usize, usize, String)> {
        if !word.contains('.') && !word.contains('%') && !word.contains('/') {
            return None;
        }
        let elements = elements(word);
        (0..elements.len()).find_map(|first| {
            let rest = &elements[first..];
            // All that follows, since an escape may hide where the name ends.
            let all: Vec<&str> = rest.iter().map(|element| &*element.plain).collect();
            let end = rest.iter().skip(1).position(|next| AFTER.contains(next.after)).map_or(rest.len(), |at| at + 1);
            let hit = |from: &str| {
                let all = [&[from], &all[1..]].concat().join("/");
                self.0.matches_str(&all).then(|| [&[from], &all_of(rest, end)[1..]].concat().join("/"))
            };
            let name = hit(all[0]).or_else(|| hit(behind_escape(&rest[0])?))?;
            Some((rest[0].span.0, rest[end - 1].span.1, name))
        })
    }
}

fn all_of<'a>(rest: &'a [Element<'_>], end: usize) -> Vec<&'a str> {
    rest[..end].iter().map(|element| &*element.plain).collect()
}

/// What follows the letters of an escaped line break and the like (`\\n`, `\\u001b`), as JSON has them.
fn behind_escape<'a>(element: &'a Element<'_>) -> Option<&'a str> {
    let letters = if element.plain.starts_with('u') { 5 } else { 1 };
    if element.after == '\\' { element.plain.get(letters..) } else { None }
}

fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let ends = |c: char| c.is_whitespace() || c.is_control() || ENDS.contains(c);
    text.split(ends).filter(|word| !word.is_empty()).map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

fn elements(word: &str) -> Vec<Element<'_>> {
    let (mut elements, mut start, mut after) = (Vec::new(), 0, '/');
    let ends = word.char_indices().filter(|(_, c)| SEPARATORS.contains(*c)).chain([(word.len(), '/')]);
    for (end, separator) in ends {
        let text = &word[start..end];
        let span = (start, end);
        let is_port = after == ':' && text.bytes().all(|b| b.is_ascii_digit());
        let plain = match plain(text) {
            Cow::Borrowed(text) => Cow::Borrowed(undotted(text)),
            Cow::Owned(text) => Cow::Owned(undotted(&text).to_owned()),
        };
        match plain.contains(['/', '\\', '@']) {
            _ if is_port => {}
            false if plain.is_empty() => {}
            false => elements.push(Element { span, after, plain }),
            true => {
                let pieces = plain.split(['/', '\\', '@']).map(undotted).filter(|piece| !piece.is_empty());
                elements.extend(pieces.map(|piece| Element { span, after, plain: Cow::Owned(piece.to_owned()) }));
            }
        }
        // `/@v` ends a name as `@` does: an empty element does not hide that.
        after = if text.is_empty() && AFTER.contains(after) { after } else { separator };
        start = end + separator.len_utf8();
    }
    elements
}

/// Without the dots at its end: of a sentence, or of a host's name as resolvers write it.
fn undotted(text: &str) -> &str {
    text.trim_end_matches('.')
}

/// Without percent-encoding, how often ever, and without the escapes of capitals.
fn plain(text: &str) -> Cow<'_, str> {
    let lower = |text: &str| text.replace('!', "").to_lowercase();
    if !text.contains('%') {
        let is_plain = text.bytes().all(|b| b != b'!' && !b.is_ascii_uppercase() && b.is_ascii());
        return if is_plain { Cow::Borrowed(text) } else { Cow::Owned(lower(text)) };
    }
    let mut bytes = text.as_bytes().to_vec();
    loop {
        let decoded = decode(&bytes);
        if decoded == bytes {
            return Cow::Owned(lower(&String::from_utf8_lossy(&decoded)));
        }
        bytes = decoded;
    }
}

fn decode(bytes: &[u8]) -> Vec<u8> {
    let hex = |b: u8| (b as char).to_digit(16).map(|digit| digit as u8);
    let (mut out, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let [first, more @ ..] = rest {
        let escape = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        out.push(escape.unwrap_or(*first));
        rest = if escape.is_some() { &rest[3..] } else { more };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, known: Option<&str>) -> String {
        let names =
            PrivateNames::new(&Patterns::parse("github.com/MyOrg,*.corp.example.com,rsc.io/private/*").unwrap());
        let known = known.map(|path| ModulePath::parse(path).unwrap());
        names.replace(text, known.as_ref(), |name| format!("<{name}>")).into_owned()
    }

    #[test]
    fn private_names_stood_in_logs_however_they_were_written() {
        for (text, clean) in [
            ("github.com/MyOrg/app@v1.0.0: not found", "<github.com/myorg/app>@v1.0.0: not found"),
            ("/github.com/!my!org/app/@v/list", "/<github.com/myorg/app>/@v/list"),
            ("/go/sumdb/s.x/lookup/github.com/!my!org/app@v1", "/go/sumdb/s.x/lookup/<github.com/myorg/app>@v1"),
            ("//github.com//%21my%21org/app/@v/list", "//<github.com/myorg/app>/@v/list"),
            ("/./%67ithub.com/MyOrg%2Fapp/@v/list", "/./<github.com/myorg/app>/@v/list"),
            ("/%2567ithub.com/myorg/app", "/<github.com/myorg/app>"),
            ("/GitHub.com/MYORG/app/@latest", "/<github.com/myorg/app>/@latest"),
            (
                "path=\"/cache/download/github.com/!my!org/app/@v/v1.zip\"",
                "path=\"/cache/download/<github.com/myorg/app>/@v/v1.zip\"",
            ),
            (
                "reading https://git.corp.example.com:8443/team/x?go-get=1: 401",
                "reading https://<git.corp.example.com/team/x>?go-get=1: 401",
            ),
            ("git@git.corp.example.com:team/x.git", "git@<git.corp.example.com/team/x.git>"),
            ("{\"m\":\"a\\ngithub.com/MyOrg/x\"}", "{\"m\":\"a\\<github.com/myorg/x>\"}"),
            ("{\"m\":\"a\\u001bgithub.com/MyOrg/x\"}", "{\"m\":\"a\\<github.com/myorg/x>\"}"),
            ("lookup git.corp.example.com.: no such host", "lookup <git.corp.example.com>: no such host"),
            ("no tag in https://github.com/MyOrg/app.", "no tag in https://<github.com/myorg/app>"),
            ("/git.corp.example.com./x/@v/list", "/<git.corp.example.com/x>/@v/list"),
            ("/git.corp.example.com%2e%2fx/@v/list", "/<git.corp.example.com/x>/@v/list"),
            ("rsc.io/private/a,rsc.io/private", "<rsc.io/private/a>,rsc.io/private"),
        ] {
            assert_eq!(shown(text, None), clean, "{text}");
        }
    }

    #[test]
    fn other_names_stay() {
        for text in
            ["github.com/MyOrganisation/app", "github.com/other/app@v1.0.0", "corp.example.com/x", "100%", "", "a/b é"]
        {
            assert_eq!(shown(text, None), text);
        }
    }

    #[test]
    fn what_somebody_asked_for_is_told_them() {
        let known = Some("github.com/MyOrg/app/v2");
        assert_eq!(
            shown("github.com/MyOrg/app/v2 in github.com/MyOrg/app", known),
            "github.com/MyOrg/app/v2 in github.com/MyOrg/app"
        );
        assert_eq!(shown("https://github.com/MyOrg/secret.git", known), "https://<github.com/myorg/secret.git>");
    }
}
