//! The output of `git config --list -z --show-scope --show-origin`, and what of it is about one URL.

use std::{collections::HashMap, path::PathBuf};

use super::urlmatch::{Pattern, Rank, Target};

/// A setting: `section.subsection.name`, as git writes them: section and name in lower case.
#[derive(Clone)]
struct Entry {
    section: String,
    subsection: Option<String>,
    name: String,
    /// A name without `=` is true.
    value: String,
}

/// All settings, in the order that they count in.
#[derive(Clone, Default)]
pub(super) struct Entries(Vec<Entry>);

impl Entries {
    /// The settings, and the files that they come from.
    pub(super) fn parse(output: &[u8]) -> (Self, Vec<PathBuf>) {
        let text = String::from_utf8_lossy(output);
        let fields: Vec<&str> = text.split('\0').collect();
        let mut entries = Vec::new();
        let mut files: Vec<PathBuf> = Vec::new();
        // Scope, origin, setting.
        for triple in fields.chunks_exact(3) {
            if let Some(file) = triple[1].strip_prefix("file:").map(PathBuf::from)
                && !files.contains(&file)
            {
                files.push(file);
            }
            let (key, value) = triple[2].split_once('\n').unwrap_or((triple[2], "true"));
            let Some((section, rest)) = key.split_once('.') else { continue };
            let (subsection, name) = rest.rsplit_once('.').map_or((None, rest), |(sub, name)| (Some(sub), name));
            let owned = str::to_owned;
            let (section, name, value) = (owned(section), owned(name), owned(value));
            entries.push(Entry { section, subsection: subsection.map(owned), name, value });
        }
        (Self(entries), files)
    }

    /// `section.name`, the last of them.
    pub(super) fn get(&self, section: &str, name: &str) -> Option<&str> {
        self.of(section, name).rfind(|entry| entry.subsection.is_none()).map(|entry| entry.value.as_str())
    }

    /// `section.subsection.name` of all subsections, in order.
    pub(super) fn subsections<'a>(&'a self, section: &str, name: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.of(section, name).filter_map(|entry| Some((entry.subsection.as_deref()?, entry.value.as_str())))
    }

    /// Every value of `section.name` and `section.<anything>.name`.
    pub(super) fn anywhere<'a>(&'a self, section: &str, name: &str) -> impl Iterator<Item = &'a str> {
        self.of(section, name).map(|entry| entry.value.as_str())
    }

    fn of(&self, section: &str, name: &str) -> impl DoubleEndedIterator<Item = &Entry> {
        self.0.iter().filter(move |entry| entry.section == section && entry.name == name)
    }

    /// What `section.name` and `section.<url>.name` say of a URL: the values by name, each list in order. As git collects
    /// them: an entry counts unless one of the same name before it fitted the URL better.
    pub(super) fn about(&self, section: &str, target: &Target) -> HashMap<&str, Vec<&str>> {
        let mut found: HashMap<&str, (Rank, Vec<&str>)> = HashMap::new();
        for entry in self.0.iter().filter(|entry| entry.section == section) {
            let rank = match &entry.subsection {
                None => Some(Rank::default()),
                Some(url) => Pattern::parse(url).and_then(|pattern| pattern.rank(target)),
            };
            let Some(rank) = rank else { continue };
            let (best, values) = found.entry(&entry.name).or_default();
            if rank >= *best {
                *best = rank;
                values.push(&entry.value);
            }
        }
        found.into_iter().map(|(name, (_, values))| (name, values)).collect()
    }
}

/// A boolean as git reads it; numbers other than 0 are true.
pub(super) fn is_true(value: &str) -> bool {
    !matches!(value.to_ascii_lowercase().as_str(), "false" | "no" | "off" | "0" | "")
}

#[cfg(test)]
pub(super) fn entries(settings: &[(&str, &str)]) -> Entries {
    let line = |(key, value): &(&str, &str)| format!("global\0file:/h/.gitconfig\0{key}\n{value}\0");
    Entries::parse(settings.iter().map(line).collect::<String>().as_bytes()).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_origins_keys_and_values() {
        let output =
            b"system\0file:/etc/gitconfig\0core.x\0global\0file:/h/.gitconfig\0url.https://a.b/c.d/.insteadof\nx\ny\0\
                       command\0command line:\0http.extraheader\nA: b\0";
        let (entries, files) = Entries::parse(output);
        assert_eq!(files, ["/etc/gitconfig", "/h/.gitconfig"].map(PathBuf::from));
        assert_eq!(entries.get("core", "x"), Some("true"));
        assert_eq!(entries.get("http", "extraheader"), Some("A: b"));
        assert_eq!(entries.subsections("url", "insteadof").collect::<Vec<_>>(), [("https://a.b/c.d/", "x\ny")]);
        assert!(Entries::parse(b"").0.0.is_empty());
    }

    #[test]
    fn lists_grow_unless_a_better_fit_came_before() {
        let target = Target::parse("https://h.example/a/b").unwrap();
        let of = |settings: &[(&str, &str)]| {
            let entries = entries(settings);
            entries.about("http", &target).remove("x").unwrap_or_default().join(" ")
        };
        let (all, host) = ("http.x", "http.https://h.example.x");
        assert_eq!(of(&[(all, "1"), (host, "2"), (host, "3")]), "1 2 3");
        assert_eq!(of(&[(host, "1"), (all, "2")]), "1");
        assert_eq!(of(&[("http.https://other.x", "1"), ("https.x", "2")]), "");
    }
}
