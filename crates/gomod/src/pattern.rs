//! Glob patterns: Go's `path.Match`, and lists of them that select modules as GOPRIVATE does (`go help private`,
//! golang.org/x/mod/module `MatchPrefixPatterns`).

use std::fmt;

use crate::ModulePath;

/// A pattern that can match nothing because it is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed pattern {pattern:?}: {reason}")]
pub struct PatternError {
    /// The pattern as given.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// A comma-separated list of patterns. A pattern of n elements is matched against the first n elements of a module
/// path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    text: String,
    glob: Vec<Token>,
}

impl Patterns {
    /// Parses a list. Empty entries, a trailing slash and white space around an entry are dropped. Unlike the `go`
    /// command, which ignores a malformed pattern, this refuses it: a private name must not leak by a typing error.
    pub fn parse(list: &str) -> Result<Self, PatternError> {
        let entry = |text: &str| text.strip_suffix('/').unwrap_or(text).to_owned();
        let entries = list.split(',').map(|text| entry(text.trim())).filter(|text| !text.is_empty());
        entries.map(Pattern::new).collect::<Result<_, _>>().map(Self)
    }

    /// Whether any pattern matches the module.
    pub fn matches(&self, path: &ModulePath) -> bool {
        self.matches_str(path.as_str())
    }

    /// Whether any pattern matches the unescaped path.
    pub fn matches_str(&self, path: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(path))
    }

    /// Whether there is no pattern at all.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The patterns of both lists.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let added = other.0.iter().filter(|pattern| !self.0.contains(pattern));
        Self(self.0.iter().chain(added).cloned().collect())
    }
}

/// The list as it may be parsed again.
impl fmt::Display for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, pattern) in self.0.iter().enumerate() {
            write!(f, "{}{}", if i > 0 { "," } else { "" }, pattern.text)?;
        }
        Ok(())
    }
}

impl Pattern {
    fn new(text: String) -> Result<Self, PatternError> {
        let glob = match &text {
            url if url.contains("://") => Err("this is a URL; write the module path prefix"),
            words if words.contains(char::is_whitespace) => Err("it has white space; patterns are separated by commas"),
            // `go` takes away one slash at the end, and no module has an empty element.
            path if path.split('/').any(str::is_empty) => Err("there is nothing before, between or behind its slashes"),
            text => compile(text),
        };
        match glob {
            Ok(glob) => Ok(Self { text, glob }),
            Err(reason) => Err(PatternError { pattern: text, reason }),
        }
    }

    fn matches(&self, path: &str) -> bool {
        let slashes = self.text.matches('/').count();
        match path.match_indices('/').nth(slashes) {
            Some((end, _)) => matches(&self.glob, &path[..end]),
            None => path.matches('/').count() == slashes && matches(&self.glob, path),
        }
    }
}

/// Go's `path.Match`: `*` and `?` do not match a slash, `[^a-z]` is a class, `\` takes the next character literally,
/// and the pattern must match all of `name`.
pub fn match_glob(pattern: &str, name: &str) -> Result<bool, PatternError> {
    match compile(pattern) {
        Ok(glob) => Ok(matches(&glob, name)),
        Err(reason) => Err(PatternError { pattern: pattern.to_owned(), reason }),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Star,
    Any,
    Literal(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Token {
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Star => false,
            Self::Any => c != '/',
            Self::Literal(literal) => c == *literal,
            Self::Class { negated, ranges } => ranges.iter().any(|&(lo, hi)| lo <= c && c <= hi) != *negated,
        }
    }
}

fn compile(pattern: &str) -> Result<Vec<Token>, &'static str> {
    let mut glob = Vec::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        glob.push(match c {
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => class(&mut rest)?,
            '\\' => Token::Literal(rest.next().ok_or("nothing follows the backslash")?),
            literal => Token::Literal(literal),
        });
    }
    Ok(glob)
}

/// Parses a character class after its `[`.
fn class(rest: &mut std::str::Chars<'_>) -> Result<Token, &'static str> {
    let negated = skip(rest, '^');
    let mut ranges = Vec::new();
    while ranges.is_empty() || !skip(rest, ']') {
        let lo = class_char(rest)?;
        let hi = if skip(rest, '-') { class_char(rest)? } else { lo };
        ranges.push((lo, hi));
    }
    Ok(Token::Class { negated, ranges })
}

fn class_char(rest: &mut std::str::Chars<'_>) -> Result<char, &'static str> {
    let c = match rest.next() {
        Some('-' | ']') => return Err("a character class is empty or has an open range"),
        Some('\\') => rest.next(),
        c => c,
    };
    c.ok_or("a character class is not closed")
}

fn skip(rest: &mut std::str::Chars<'_>, c: char) -> bool {
    let found = rest.as_str().starts_with(c);
    if found {
        rest.next();
    }
    found
}

/// Matches left to right; on a mismatch the last star takes one character more. Earlier stars need no second look, so
/// the time is bounded by the product of the lengths.
fn matches(glob: &[Token], name: &str) -> bool {
    let (mut tokens, mut rest) = (glob, name);
    let mut last_star: Option<(&[Token], &str)> = None;
    loop {
        let mut after = rest.chars();
        match (tokens.split_first(), after.next()) {
            (None, None) => return true,
            (Some((Token::Star, behind)), _) => {
                tokens = behind;
                last_star = Some((behind, rest));
                continue;
            }
            (Some((token, behind)), Some(c)) if token.accepts(c) => {
                (tokens, rest) = (behind, after.as_str());
                continue;
            }
            _ => {}
        }
        let Some((behind, from)) = last_star else { return false };
        let mut taken = from.chars();
        if taken.next().is_none_or(|c| c == '/') {
            return false;
        }
        (tokens, rest) = (behind, taken.as_str());
        last_star = Some((behind, rest));
    }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
