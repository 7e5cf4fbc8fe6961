//! The text of an answer that is no 200, as far as it may be shown: what `go` itself would show of it
//! (cmd/go/internal/web/api.go), so plain text in UTF-8 without control characters, up to the first empty line, cut to
//! what fits a terminal.

use http::{HeaderMap, header::CONTENT_TYPE};
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

use crate::body::Body;

const MAX_LINES: usize = 8;
const MAX_BYTES: usize = 640;
/// Read so much of a text at most; what is longer is cut anyhow.
const READ: usize = 4 << 10;

/// The text of an error, if it has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorText(Option<String>);

impl ErrorText {
    /// Reads as much as may be shown. A body that breaks off or stands still has no text.
    pub(crate) async fn read(mut body: Body) -> Self {
        let mut bytes = Vec::new();
        while bytes.len() < READ {
            match body.chunk().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(_) => return Self(None),
            }
        }
        Self(presentable(&bytes))
    }

    pub(crate) fn map(self, change: impl FnOnce(String) -> String) -> Self {
        Self(self.0.map(change))
    }

    pub(crate) fn unwrap_or(self, text: &str) -> String {
        self.0.unwrap_or_else(|| text.to_owned())
    }
}

/// Whether the content is declared as text of a known character set.
pub(crate) fn is_plain(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let mut parts = value.split(';').map(str::trim);
    let plain = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("text/plain"));
    let charset =
        parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    plain
        && charset.is_none_or(|(_, value)| {
            let value = value.trim().trim_matches('"');
            value.is_empty() || value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("us-ascii")
        })
}

fn presentable(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes.get(..READ).unwrap_or(bytes));
    // Cutting may have gone through a character; anything else that is not UTF-8 is not text.
    let text = match text {
        Ok(text) => text,
        Err(e) if bytes.len() > READ && e.error_len().is_none() => {
            std::str::from_utf8(&bytes[..e.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if !text.chars().all(|c| is_graphic(c) || c.is_whitespace()) {
        return None;
    }
    let mut shown = String::new();
    for line in text.lines().take_while(|line| !line.trim().is_empty()).take(MAX_LINES) {
        let line = line.trim_end();
        if shown.len() + 1 + line.len() > MAX_BYTES {
            shown.push_str(&line[..line.floor_char_boundary(MAX_BYTES.saturating_sub(shown.len() + 1))]);
            break;
        }
        shown.push_str(line);
        shown.push('\n');
    }
    Some(shown.trim_end().to_owned()).filter(|shown| !shown.is_empty())
}

/// Go's unicode.IsGraphic: no control, format, private or unassigned characters, so nothing that steers a terminal or
/// reorders a line.
fn is_graphic(c: char) -> bool {
    use GeneralCategoryGroup::{Letter, Mark, Number, Punctuation, Symbol};
    matches!(c.general_category_group(), Letter | Mark | Number | Punctuation | Symbol)
        || c.general_category() == GeneralCategory::SpaceSeparator
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_passed_on_as_it_is() {
        for text in ["not found: module a.b/c: no matching versions", "nicht verfügbar\n\tsiehe https://x"] {
            assert_eq!(presentable(text.as_bytes()).as_deref(), Some(text));
        }
        assert_eq!(presentable(b"first\nsecond\r\n\nhidden").as_deref(), Some("first\nsecond"));
    }

    #[test]
    fn text_is_cut_to_eight_lines_and_640_bytes() {
        assert_eq!(presentable("x\n".repeat(50).as_bytes()).unwrap().lines().count(), 8);
        for long in ["y".repeat(100_000), "ü".repeat(5_000), format!("{}\n", "z".repeat(300)).repeat(8)] {
            let shown = presentable(long.as_bytes()).unwrap();
            assert!((600..=640).contains(&shown.len()), "{}", shown.len());
        }
    }

    #[test]
    fn what_steers_a_terminal_is_not_shown() {
        for text in [&b"\x1b[2Jgone"[..], b"a\0b", b"\xff\xfe", "right\u{202e}left".as_bytes(), b"", b"\n\nx", b"a\x07"]
        {
            assert_eq!(presentable(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_plain_text_is_text() {
        let plain = |value: &str| {
            is_plain(&HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_str(value).unwrap())]))
        };
        assert!(plain("text/plain") && plain("Text/Plain; charset=UTF-8") && plain("text/plain;charset=\"us-ascii\""));
        assert!(!plain("text/html") && !plain("text/plain; charset=utf-16") && !plain("application/json"));
        assert!(!is_plain(&HeaderMap::new()));
    }
}
