//! The statements of a go.mod: x/mod/modfile, read.go.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// All statements as verb and arguments, those of a block each for itself; strings keep their quotes. `None` for what
/// is no go.mod.
pub(super) fn parse(text: &str) -> Option<Vec<Vec<String>>> {
    let mut lines = Lines { lexer: Lexer { rest: text }, statements: Vec::new() };
    while lines.statement()? {}
    Some(lines.statements)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A line's end, with a comment perhaps, or the file's.
    End { last: bool },
    /// A word, a string or punctuation.
    Text(String),
}

struct Lines<'t> {
    lexer: Lexer<'t>,
    statements: Vec<Vec<String>>,
}

impl Lines<'_> {
    /// Reads one line or block; false at the end of the file.
    fn statement(&mut self) -> Option<bool> {
        let mut tokens = Vec::new();
        loop {
            match self.lexer.next()? {
                Token::End { last } => {
                    let more = !last || !tokens.is_empty();
                    self.push(tokens);
                    return Some(more);
                }
                Token::Text(text) if text == "(" && !tokens.is_empty() && self.opens_block()? => {
                    self.block(&tokens)?;
                    return Some(true);
                }
                Token::Text(text) => tokens.push(text),
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

    fn block(&mut self, verb: &[String]) -> Option<()> {
        let mut tokens = Vec::new();
        loop {
            match self.lexer.next()? {
                Token::Text(text) if text == ")" && tokens.is_empty() => {
                    return matches!(self.lexer.next()?, Token::End { .. }).then_some(());
                }
                Token::Text(text) => tokens.push(text),
                Token::End { last } => {
                    if !tokens.is_empty() && known_block(verb) {
                        self.push(verb.iter().cloned().chain(std::mem::take(&mut tokens)).collect());
                    }
                    tokens.clear();
                    if last {
                        return None;
                    }
                }
            }
        }
    }

    fn push(&mut self, tokens: Vec<String>) {
        if !tokens.is_empty() {
            self.statements.push(tokens);
        }
    }
}

/// `go (` means nothing, nor does `require x (`.
fn known_block(verb: &[String]) -> bool {
    verb.len() == 1 && verb[0] != "go"
}

#[derive(Clone)]
struct Lexer<'t> {
    rest: &'t str,
}

impl<'t> Lexer<'t> {
    /// `None` for what no token begins with.
    fn next(&mut self) -> Option<Token> {
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
        Some(Token::Text(token.to_owned()))
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
