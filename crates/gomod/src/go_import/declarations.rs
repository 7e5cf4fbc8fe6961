//! `<!...>` and `<?...?>`.

use super::tokens::{Token, Tokens};

impl Tokens<'_> {
    /// A comment, a CDATA section, or a declaration like `<!DOCTYPE html>`.
    pub(super) fn declaration(&mut self) -> Result<Token, String> {
        match self.byte()? {
            b'-' if self.byte()? == b'-' => self.comment()?,
            b'-' => return Err(self.error("invalid sequence <!- not part of <!--")),
            b'[' => {
                for expected in *b"CDATA[" {
                    if self.byte()? != expected {
                        return Err(self.error("invalid <![ sequence"));
                    }
                }
                self.text(None, true)?;
            }
            // Whatever the first byte is, a `>` or a quote too: Go does not look at it.
            _ => self.directive()?,
        }
        Ok(Token::Other)
    }

    /// Two dashes end it, and must.
    fn comment(&mut self) -> Result<(), String> {
        let mut last = (0, 0);
        loop {
            let byte = self.byte()?;
            match (last, byte) {
                ((b'-', b'-'), b'>') => return Ok(()),
                ((b'-', b'-'), _) => return Err(self.error("invalid sequence \"--\" not allowed in comments")),
                _ => last = (last.1, byte),
            }
        }
    }

    /// Up to the `>` that closes it: angle brackets nest, unless in quotes, and comments inside don't count.
    fn directive(&mut self) -> Result<(), String> {
        let mut quote = None;
        let mut depth = 0_usize;
        loop {
            let byte = self.byte()?;
            match (quote, byte) {
                (Some(open), _) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'>') if depth == 0 => return Ok(()),
                (None, b'>') => depth -= 1,
                (None, b'<') if self.inner_comment()? => {}
                (None, b'<') => depth += 1,
                (None, _) => {}
            }
        }
    }

    /// After a `<` in a declaration: skips a comment. What looked like the beginning of one counts no further.
    fn inner_comment(&mut self) -> Result<bool, String> {
        for expected in *b"!--" {
            if self.byte()? != expected {
                self.back();
                return Ok(false);
            }
        }
        let mut last = (0, 0);
        loop {
            let byte = self.byte()?;
            if (last, byte) == ((b'-', b'-'), b'>') {
                return Ok(true);
            }
            last = (last.1, byte);
        }
    }

    /// `<?name ...?>`; one for XML itself must name a version and an encoding that we read.
    pub(super) fn instruction(&mut self) -> Result<Token, String> {
        let target = self.name("expected target name after <?")?;
        self.space();
        let mut content = Vec::new();
        while !content.ends_with(b"?>") {
            content.push(self.byte()?);
        }
        content.truncate(content.len() - 2);
        if target == "xml" {
            check_xml(&String::from_utf8_lossy(&content))?;
        }
        Ok(Token::Other)
    }
}

fn check_xml(content: &str) -> Result<(), String> {
    let version = parameter("version", content);
    if !matches!(version, "" | "1.0") {
        return Err(format!("xml: unsupported version {version:?}; only version 1.0 is supported"));
    }
    let encoding = parameter("encoding", content);
    // ASCII is read as UTF-8. Nothing else is known, by no other name.
    if ["", "utf-8", "ascii"].iter().any(|known| encoding.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    Err(format!("xml: opening charset {encoding:?}: can't decode XML document using charset {encoding:?}"))
}

/// The quoted value behind `name=`, empty if there is none. The name may be the end of a longer one.
fn parameter<'a>(name: &str, content: &'a str) -> &'a str {
    let mut rest = content;
    while let Some((_, value)) = rest.split_once(&format!("{name}=")) {
        let mut chars = value.chars();
        match chars.next() {
            Some(quote @ ('"' | '\'')) => return chars.as_str().split_once(quote).map_or("", |(value, _)| value),
            _ => rest = chars.as_str(),
        }
    }
    ""
}
