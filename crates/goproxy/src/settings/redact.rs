//! Values that may hold a password, made fit to print. A setting of URLs is shown through here wherever it is shown.

/// For a value that was not understood: everything between the first `://` (or the start) and the last `@` goes.
///
/// Deliberately coarse: a password with an unescaped `,`, `|` or `/` is why a value cannot be parsed, and the message
/// that says so must not show it.
pub(crate) fn unparsed(text: &str) -> String {
    let Some(end) = text.rfind('@') else { return text.to_owned() };
    let start = text[..end].find("://").map_or(0, |scheme| scheme + 3);
    format!("{}xxxxx{}", &text[..start], &text[end..])
}

/// For a value that was understood: each element of the list on its own.
pub(crate) fn elements(text: &str) -> String {
    text.split_inclusive([',', '|']).map(unparsed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_what_stands_before_an_at() {
        for (text, shown) in [
            ("https://goproxy.io,direct", "https://goproxy.io,direct"),
            ("https://u:secret@goproxy.io", "https://xxxxx@goproxy.io"),
            ("u:secret@goproxy.io", "xxxxx@goproxy.io"),
            ("https://a.io|https://u:secret@b.io/p", "https://xxxxx@b.io/p"),
            ("https://u:sec@ret@b.io", "https://xxxxx@b.io"),
            ("https://u:secret,x|y@b.io", "https://xxxxx@b.io"),
            ("https://u:secret/x@b.io", "https://xxxxx@b.io"),
            ("u:p@b.io,https://c.io", "xxxxx@b.io,https://c.io"),
        ] {
            assert_eq!(unparsed(text), shown);
        }
    }

    #[test]
    fn shows_every_element_of_a_good_list() {
        for (text, shown) in [
            ("https://a.io|https://u:secret@b.io/p,direct", "https://a.io|https://xxxxx@b.io/p,direct"),
            ("sum.example=https://u:secret@sum.example", "sum.example=https://xxxxx@sum.example"),
            ("", ""),
        ] {
            assert_eq!(elements(text), shown);
        }
    }
}
