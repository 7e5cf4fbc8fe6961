//! Unicode simple case folding: what Go's `strings.EqualFold` calls equal is the same string here.

use std::borrow::Cow;

use icu_casemap::CaseMapper;

/// The folded form of `text`. Character by character, so it has as many `/` in the same places.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    let folded = |b: u8| b.is_ascii() && !b.is_ascii_uppercase();
    if text.bytes().all(folded) {
        return Cow::Borrowed(text);
    }
    let mapper = const { CaseMapper::new() };
    Cow::Owned(text.chars().map(|c| mapper.simple_fold(c)).collect())
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
