//! The statements of a go.mod: x/mod/modfile, read.go.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// More words than any statement has that matters; what follows them is read and not kept.
const WORDS: usize = 8;

/// Hands on all statements as verb and arguments, those of a block each for itself; strings keep their quotes. Nothing is
/// collected, since it would take a hundred times the memory of the text. `None` for what is no go.mod, and where
/// `statement` says so.
pub(super) fn each(text: &str, statement: impl FnMut(&str, &[&str]) -> Option<()>) -> Option<()> {
    let mut lines = Lines { lexer: Lexer { rest: text }, statement };
    while lines.statement()? {}
    Some(())
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'t> {
    /// A line's end, with a comment perhaps, or the file's.
    End { last: bool },
    /// A word, a string or punctuation.
    Text(&'t str),
}

/// The words of a statement, the first [`WORDS`] of them.
#[derive(Default)]
struct Words<'t>(Vec<&'t str>);

impl<'t> Words<'t> {
    fn push(&mut self, word: &'t str) {
        if self.0.len() < WORDS {
            self.0.push(word);
        }
    }
}

struct Lines<'t, F> {
    lexer: Lexer<'t>,
    statement: F,
}

impl<'t, F: FnMut(&str, &[&str]) -> Option<()>> Lines<'t, F> {
    /// Reads one line or block; false at the end of the file.
    fn statement(&mut self) -> Option<bool> {
        let mut words = Words::default();
        loop {
            match self.lexer.next()? {
                Token::End { last } => {
                    let Some((verb, arguments)) = words.0.split_first() else { return Some(!last) };
                    (self.statement)(verb, arguments)?;
                    return Some(true);
                }
                Token::Text("(") if !words.0.is_empty() && self.opens_block()? => {
                    self.block(&words.0)?;
                    return Some(true);
                }
                Token::Text(text) => words.push(text),
            }
        }
    }

    /// Whether nothing follows the parenthesis on its line, or only the closing one: then it is a block.
    fn opens_block(&self) -> Option<bool> {
        let mut ahead = self.lexer.clone();
        Some(match ahead.next()? {
            Token::End { .. } => true,
            Token::Text(text) => text == ")" && matches!(ahead.next()?, Token::End { .. }),
        })
    }

    fn block(&mut self, verb: &[&'t str]) -> Option<()> {
        let mut words = Words::default();
        loop {
            match self.lexer.next()? {
                Token::Text(")") if words.0.is_empty() => {
                    return matches!(self.lexer.next()?, Token::End { .. }).then_some(());
                }
                Token::Text(text) => words.push(text),
                Token::End { last } => {
                    // `go (` means nothing, nor does `require x (`.
                    if let ([verb], false) = (verb, words.0.is_empty())
                        && *verb != "go"
                    {
                        (self.statement)(verb, &words.0)?;
                    }
                    words.0.clear();
                    if last {
                        return None;
                    }
                }
            }
        }
    }
}

#[derive(Clone)]
struct Lexer<'t> {
    rest: &'t str,
}

impl<'t> Lexer<'t> {
    /// `None` for what no token begins with.
    fn next(&mut self) -> Option<Token<'t>> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r']);
        if self.rest.starts_with("/*") {
            return None;
        }
        if self.rest.starts_with("//") {
            let end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
            self.rest = &self.rest[end..];
            return Some(Token::End { last: false });
        }
        let Some(first) = self.rest.chars().next() else { return Some(Token::End { last: true }) };
        let len = match first {
            '\n' => {
                self.rest = &self.rest[1..];
                return Some(Token::End { last: false });
            }
            '(' | ')' | '[' | ']' | '{' | '}' | ',' => 1,
            '"' | '`' => self.string(first)?,
            _ => self.word()?,
        };
        let (token, rest) = self.rest.split_at(len);
        self.rest = rest;
        Some(Token::Text(token))
    }

    /// The length of a string with its quotes.
    fn string(&self, quote: char) -> Option<usize> {
        let mut chars = self.rest.char_indices().skip(1);
        loop {
            match chars.next()? {
                (_, '\n') => return None,
                (at, c) if c == quote => return Some(at + 1),
                (_, '\\') if quote == '"' => drop(chars.next()?),
                _ => {}
            }
        }
    }

    fn word(&self) -> Option<usize> {
        let end = self.rest.find(|c: char| !is_word(c)).unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        let comment = word.find("//").unwrap_or(end);
        // A block comment within the word is an error, unless a line comment stands before it.
        (end > 0 && !word[..comment].contains("/*")).then_some(comment)
    }
}

/// Printable but for space and some punctuation.
fn is_word(c: char) -> bool {
    let printable = || {
        use GeneralCategoryGroup::{Letter, Mark, Number, Punctuation, Symbol};
        matches!(c.general_category_group(), Letter | Mark | Number | Punctuation | Symbol)
    };
    !matches!(c, '(' | ')' | '[' | ']' | '{' | '}' | ',') && printable()
}
