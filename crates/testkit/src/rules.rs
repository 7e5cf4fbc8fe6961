//! Scripted answers by path: those for so many requests first, then those for ever.

use crate::answer::Answer;

/// The rules of one site, in the order in which they are tried.
#[derive(Debug, Default)]
pub(crate) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    pattern: String,
    /// How many requests it still answers; `None` for all.
    left: Option<usize>,
    answer: Answer,
}

impl Rules {
    /// Answers every request for `pattern`, in place of an earlier permanent rule for the same pattern.
    pub(crate) fn always(&mut self, pattern: &str, answer: Answer) {
        self.0.retain(|rule| rule.pattern != pattern || rule.left.is_some());
        self.0.push(Rule { pattern: pattern.to_owned(), left: None, answer });
    }

    /// Answers `count` requests, after earlier rules of this kind and before the permanent ones.
    pub(crate) fn next(&mut self, count: usize, pattern: &str, answer: Answer) {
        let at = self.0.iter().position(|rule| rule.left.is_none()).unwrap_or(self.0.len());
        self.0.insert(at, Rule { pattern: pattern.to_owned(), left: Some(count), answer });
    }

    /// The answer to a request for `path`, which uses up one of a limited rule.
    pub(crate) fn answer(&mut self, path: &str) -> Option<Answer> {
        let rule = self.0.iter_mut().find(|rule| rule.left != Some(0) && matches(&rule.pattern, path))?;
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.answer.clone())
    }
}

/// Whether `path` is `pattern`, in which each `*` stands for any text.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == path };
    let Some(path) = path.strip_prefix(start) else { return false };
    path.char_indices().map(|(at, _)| at).chain([path.len()]).any(|at| matches(rest, &path[at..]))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text_and_nothing_else_does() {
        for (pattern, path) in [("/a", "/a"), ("*", ""), ("/a*", "/a"), ("*.zip", "/a/v1.zip"), ("*/b/*", "/a/b/c")] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [("/a", "/ab"), ("/a*b", "/a"), ("*.zip", "/a.zip.mod"), ("/ab*b", "/ab")] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }
}
