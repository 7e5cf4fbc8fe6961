//! Text between tags and in quotes.

use super::tokens::Tokens;

impl Tokens<'_> {
    /// Text up to the closing quote, up to `]]>` (`cdata`), or up to the next `<`; with entities replaced.
    pub(super) fn text(&mut self, quote: Option<u8>, cdata: bool) -> Result<String, String> {
        let mut text = Vec::new();
        // The last two bytes; an entity is none.
        let mut last = (0, 0);
        loop {
            let Some(byte) = self.peek() else {
                // The end of the page may be the end of its last text; of a quoted one whoever reads on finds out.
                if cdata {
                    return Err(self.error("unexpected EOF in CDATA section"));
                }
                break;
            };
            if byte == b'<' && !cdata {
                if quote.is_some() {
                    self.skip(byte);
                    return Err(self.error("unescaped < inside quoted string"));
                }
                break;
            }
            self.skip(byte);
            if quote.is_none() && last == (b']', b']') && byte == b'>' {
                if !cdata {
                    return Err(self.error("unescaped ]]> not in CDATA section"));
                }
                text.truncate(text.len().saturating_sub(2));
                break;
            }
            if quote == Some(byte) {
                break;
            }
            if byte == b'&' && !cdata {
                self.entity(&mut text)?;
                last = (0, 0);
                continue;
            }
            text.push(byte);
            last = (last.1, byte);
        }
        self.checked(text)
    }

    /// What stands behind `&`. An unknown entity, or one without semicolon, stays as it is.
    fn entity(&mut self, text: &mut Vec<u8>) -> Result<(), String> {
        let before = text.len();
        text.push(b'&');
        let value = if self.number_sign()? {
            text.push(b'#');
            self.character(text)?
        } else {
            let name = self.raw_name()?.unwrap_or_default();
            text.extend_from_slice(name);
            self.semicolon(text)?.then(|| named(name)).flatten()
        };
        if let Some(c) = value {
            text.truncate(before);
            text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(())
    }

    fn number_sign(&mut self) -> Result<bool, String> {
        self.byte().map(|byte| {
            let found = byte == b'#';
            if !found {
                self.back();
            }
            found
        })
    }

    /// A character by its number, `&#39;` or `&#x27;`.
    fn character(&mut self, text: &mut Vec<u8>) -> Result<Option<char>, String> {
        let mut byte = self.byte()?;
        let radix = if byte == b'x' { 16 } else { 10 };
        if radix == 16 {
            text.push(byte);
            byte = self.byte()?;
        }
        let start = text.len();
        while char::from(byte).is_digit(radix) {
            text.push(byte);
            byte = self.byte()?;
        }
        self.back();
        let digits = String::from_utf8_lossy(&text[start..]).into_owned();
        let number = u64::from_str_radix(&digits, radix).ok().and_then(|n| u32::try_from(n).ok());
        let number = number.filter(|n| *n <= u32::from(char::MAX));
        // Half a surrogate pair is the replacement character, as Go converts it.
        let c = number.map(|n| char::from_u32(n).unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(if self.semicolon(text)? { c } else { None })
    }

    fn semicolon(&mut self, text: &mut Vec<u8>) -> Result<bool, String> {
        let found = self.byte()? == b';';
        if found {
            text.push(b';');
        } else {
            self.back();
        }
        Ok(found)
    }

    /// Text must be UTF-8, and of characters that XML has.
    fn checked(&self, text: Vec<u8>) -> Result<String, String> {
        // The first fault decides, whichever it is.
        let (valid, whole) = match std::str::from_utf8(&text) {
            Ok(valid) => (valid, true),
            Err(error) => (std::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default(), false),
        };
        if let Some(c) = valid.chars().find(|&c| !is_of_xml(c)) {
            return Err(self.error(&format!("illegal character code U+{:04X}", u32::from(c))));
        }
        if !whole {
            return Err(self.error("invalid UTF-8"));
        }
        Ok(valid.to_owned())
    }
}

fn named(name: &[u8]) -> Option<char> {
    match name {
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"amp" => Some('&'),
        b"apos" => Some('\''),
        b"quot" => Some('"'),
        _ => None,
    }
}

fn is_of_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
