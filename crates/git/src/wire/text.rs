//! What a server says, as far as it may be shown.

/// Enough for a sentence with a URL in it.
const LONGEST: usize = 400;

/// The first line, without what could steer a terminal or reorder a line. Never empty.
pub(super) fn presentable(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(&said[..said.len().min(4 * LONGEST)]);
    let line = text.trim_start().lines().next().unwrap_or_default();
    // Printable ASCII only: git's own messages are, and anything cleverer needs tables that this crate has no use for.
    let shown: String = line.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).take(LONGEST).collect();
    let shown = shown.trim();
    if shown.is_empty() { "no reason given".to_owned() } else { shown.to_owned() }
}

/// The same for what is not the protocol at all: a few bytes to recognise it by.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    let mut shown = presentable(bytes);
    shown.truncate(60);
    shown
}
