//! "Did you mean": the known name that is nearest to a mistyped one.

/// The nearest of some names, if it is near enough to be what was meant: the same but for case, or two edits away.
pub(crate) fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let (distance, name) = names.into_iter().map(|name| (edits(&typed, &name.to_lowercase()), name)).min()?;
    (distance <= 2 && distance < name.len()).then_some(name)
}

/// The Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["cacheDir", "cacheExpire", "listen", "proxy"];
        for (typed, name) in [
            ("cachedir", Some("cacheDir")),
            ("cache-dir", Some("cacheDir")),
            ("cachExpire", Some("cacheExpire")),
            ("listne", Some("listen")),
            ("port", None),
            ("verbose", None),
        ] {
            assert_eq!(nearest(typed, names), name, "{typed}");
        }
    }
}
