//! Whether attribute files may change contents: gitattributes(5). What cannot be told at a glance may; git knows.

use gomod::zip::Candidate;

/// What changes contents: `eol=crlf`, `ident`, `working-tree-encoding=...`. Line ends of `text` are those of the
/// repository, filters are not configured.
const CONVERTING: [&[u8]; 3] = [b"crlf", b"ident", b"working-tree-encoding"];

/// More patterns than this are not compared with each file.
const MOST_PATTERNS: usize = 100;

/// The files that attributes may change.
#[derive(Debug, Default)]
pub(super) struct Converting {
    all: bool,
    /// Lines such as `*.bat eol=crlf`, which are common, often where there is no such file.
    patterns: Vec<Pattern>,
}

#[derive(Debug, PartialEq, Eq)]
enum Pattern {
    /// `*.bat`
    Suffix(Vec<u8>),
    /// `gradlew.bat`
    Name(Vec<u8>),
}

impl Converting {
    /// All files, for all that is known.
    pub(super) fn everything(&mut self) {
        self.all = true;
    }

    /// Looks into an attribute file, wherever it is.
    pub(super) fn read(&mut self, file: &[u8]) {
        let converts = |line: &&[u8]| {
            let says = |word: &[u8]| line.windows(word.len()).any(|part| part == word);
            !trimmed(line).starts_with(b"#") && CONVERTING.into_iter().any(says)
        };
        for line in file.split(|byte| *byte == b'\n').filter(converts) {
            match pattern(line) {
                Some(pattern) if self.patterns.len() < MOST_PATTERNS => {
                    if !self.patterns.contains(&pattern) {
                        self.patterns.push(pattern);
                    }
                }
                _ => self.all = true,
            }
        }
    }

    /// Whether one of these is among them. Links are not changed.
    pub(super) fn any_of(&self, files: &[Candidate]) -> bool {
        let changes = |file: &Candidate| {
            let base = file.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            !file.symlink && self.patterns.iter().any(|pattern| pattern.matches(base))
        };
        self.all || files.iter().any(changes)
    }
}

/// What a line is about, if that is a simple pattern: for names in every directory, without quotes, escapes, macros.
fn pattern(line: &[u8]) -> Option<Pattern> {
    let pattern = trimmed(line).split(is_blank).next().unwrap_or_default();
    let plain = |text: &[u8]| {
        let special = |byte: &u8| !byte.is_ascii_graphic() || b"*?[]\\/\"!#".contains(byte);
        !text.is_empty() && !text.iter().any(special)
    };
    let suffix = pattern.strip_prefix(b"*").filter(|suffix| plain(suffix));
    let name = || Some(pattern).filter(|name| plain(name)).map(|name| Pattern::Name(name.to_vec()));
    suffix.map(|suffix| Pattern::Suffix(suffix.to_vec())).or_else(name)
}

fn trimmed(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|byte| !is_blank(byte));
    &line[start.unwrap_or(line.len())..]
}

/// What git calls so.
fn is_blank(byte: &u8) -> bool {
    b" \t\r".contains(byte)
}

impl Pattern {
    /// Case does not count here; that there are systems where it does not is no matter.
    fn matches(&self, base: &[u8]) -> bool {
        let (text, at) = match self {
            Self::Suffix(suffix) => (suffix, base.len().checked_sub(suffix.len())),
            Self::Name(name) => (name, Some(0)),
        };
        at.is_some_and(|at| base[at..].eq_ignore_ascii_case(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_change() {
        let may = |attributes: &str, path: &str| {
            let mut converting = Converting::default();
            converting.read(attributes.as_bytes());
            let (path, symlink) = path.strip_suffix('@').map_or((path, false), |path| (path, true));
            converting.any_of(&[Candidate { path: path.into(), symlink, size: 1 }])
        };
        for (attributes, path) in [
            ("*.bat eol=crlf", "a/x.bat"),
            ("*.bat\ttext eol=crlf\r\n", "x.BAT"),
            ("# x\n  x.bat ident", "a/x.bat"),
            ("* ident", "x"),
            ("** ident", "x"),
            ("*.b?t ident", "x"),
            ("/y ident", "x"),
            ("\"y\" ident", "x"),
            ("a/* ident", "x"),
            ("[attr]dos eol=crlf", "x"),
            ("!y ident", "x"),
            ("\u{feff}y ident", "x"),
            ("y\\x ident", "x"),
            (" ident", "ident"),
            ("\u{c}#y ident", "x"),
        ] {
            assert!(may(attributes, path), "{attributes} {path}");
        }
        for (attributes, path) in [
            ("* text=auto eol=lf", "x"),
            ("*.bat eol=crlf\n* text", "bat"),
            ("*.bat eol=crlf", "x.bat/y"),
            ("x ident", "ax"),
            ("x ident", "x@"),
            (" # *.bat eol=crlf", "x"),
            ("*.lfs filter=lfs -text", "a.lfs"),
        ] {
            assert!(!may(attributes, path), "{attributes} {path}");
        }
    }
}
