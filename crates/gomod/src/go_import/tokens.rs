//! The tokens of a page, as Go's `encoding/xml` gives them when it is not strict: neither nesting nor the closing of
//! tags counts, attributes need no quotes and no value, entities that nobody knows stay as they are. All else must be
//! XML: an error ends the reading.

use super::names::{is_first, is_further};

/// Of text, comments and the like nothing is kept: they only have to be free of errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Names are without namespace (`meta` of `x:meta`).
    Start {
        name: String,
        attributes: Vec<(String, String)>,
    },
    End {
        name: String,
    },
    Other,
}

/// Reads one token after the other; nothing follows an error.
pub(super) struct Tokens<'a> {
    page: &'a [u8],
    at: usize,
    /// `<a/>` is a start and an end.
    closes: Option<String>,
    failed: bool,
}

type Read<T> = Result<T, String>;

impl Iterator for Tokens<'_> {
    type Item = Read<Token>;

    fn next(&mut self) -> Option<Read<Token>> {
        if self.failed {
            return None;
        }
        if let Some(name) = self.closes.take() {
            return Some(Ok(Token::End { name }));
        }
        let token = match self.peek()? {
            b'<' => self.markup(),
            _ => self.text(None, false).map(|_| Token::Other),
        };
        self.failed = token.is_err();
        Some(token)
    }
}

impl<'a> Tokens<'a> {
    pub(super) fn new(page: &'a [u8]) -> Self {
        Self { page, at: 0, closes: None, failed: false }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.page.get(self.at).copied()
    }

    /// The next byte, which must be there.
    pub(super) fn byte(&mut self) -> Read<u8> {
        let byte = self.peek().ok_or_else(|| self.error("unexpected EOF"))?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// The byte that was read last is to be read again.
    pub(super) fn back(&mut self) {
        self.at -= 1;
    }

    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\r' | b'\n' | b'\t')) {
            self.at += 1;
        }
    }

    /// With the number of the line that the reading has come to.
    pub(super) fn error(&self, reason: &str) -> String {
        let line = 1 + self.page[..self.at].iter().filter(|&&b| b == b'\n').count();
        format!("XML syntax error on line {line}: {reason}")
    }

    fn markup(&mut self) -> Read<Token> {
        self.skip(b'<');
        match self.byte()? {
            b'/' => self.end(),
            b'?' => self.instruction(),
            b'!' => self.declaration(),
            _ => {
                self.back();
                self.start()
            }
        }
    }

    fn end(&mut self) -> Read<Token> {
        let name = self.local_name("expected element name after </")?;
        self.space();
        match self.byte()? {
            b'>' => Ok(Token::End { name }),
            _ => Err(self.error(&format!("invalid characters between </{name} and >"))),
        }
    }

    fn start(&mut self) -> Read<Token> {
        let name = self.local_name("expected element name after <")?;
        let mut attributes = Vec::new();
        loop {
            self.space();
            match self.byte()? {
                b'>' => break,
                b'/' if self.byte()? == b'>' => {
                    self.closes = Some(name.clone());
                    break;
                }
                b'/' => return Err(self.error("expected /> in element")),
                _ => self.back(),
            }
            let attribute = self.local_name("expected attribute name in element")?;
            self.space();
            let value = match self.byte()? {
                b'=' => self.attribute_value()?,
                _ => {
                    self.back();
                    attribute.clone()
                }
            };
            attributes.push((attribute, value));
        }
        Ok(Token::Start { name, attributes })
    }

    fn attribute_value(&mut self) -> Read<String> {
        self.space();
        let first = self.byte()?;
        if matches!(first, b'"' | b'\'') {
            return self.text(Some(first), false);
        }
        self.back();
        let start = self.at;
        loop {
            let byte = self.byte()?;
            if !(byte.is_ascii_alphanumeric() || b"_:-".contains(&byte)) {
                self.back();
                return Ok(String::from_utf8_lossy(&self.page[start..self.at]).into_owned());
            }
        }
    }

    /// A name without its namespace; `missing` is the error where there is none.
    fn local_name(&mut self, missing: &str) -> Read<String> {
        let name = self.name(missing)?;
        match name.split_once(':') {
            Some((_, local)) if local.contains(':') => Err(self.error(missing)),
            Some((space, local)) if !space.is_empty() && !local.is_empty() => Ok(local.to_owned()),
            _ => Ok(name),
        }
    }

    pub(super) fn name(&mut self, missing: &str) -> Read<String> {
        let raw = self.raw_name()?.ok_or_else(|| self.error(missing))?;
        let valid = |name: &&str| {
            let mut chars = name.chars();
            chars.next().is_some_and(is_first) && chars.all(is_further)
        };
        match std::str::from_utf8(raw).ok().filter(valid) {
            Some(name) => Ok(name.to_owned()),
            None => Err(self.error(&format!("invalid XML name: {}", String::from_utf8_lossy(raw)))),
        }
    }

    /// Everything beyond ASCII belongs to a name until somebody looks at it.
    pub(super) fn raw_name(&mut self) -> Read<Option<&'a [u8]>> {
        let start = self.at;
        loop {
            let byte = self.byte()?;
            if byte.is_ascii() && !(byte.is_ascii_alphanumeric() || b"_:.-".contains(&byte)) {
                self.back();
                break;
            }
        }
        let name = &self.page[start..self.at];
        Ok(Some(name).filter(|name| !name.is_empty()))
    }
}
