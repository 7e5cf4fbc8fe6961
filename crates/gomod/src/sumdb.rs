//! The shapes of a checksum database's answers (golang.org/x/mod/sumdb `ParseRecord`, note): is this a lookup about
//! that version, is this a signed tree head. Signatures and proofs are another matter.

use crate::ModuleVersion;

/// The answer to `/lookup/M@V`: a record and the signed tree head that follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    id: u64,
    lines: Vec<String>,
}

/// Why bytes are no lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a checksum database record")]
pub struct LookupError;

impl Lookup {
    /// Reads a body: a record number, go.sum lines, an empty line, a signed note.
    ///
    /// # Errors
    /// It has another shape.
    pub fn parse(body: &[u8]) -> Result<Self, LookupError> {
        let text = std::str::from_utf8(body).map_err(|_| LookupError)?;
        let (id, rest) = text.split_once('\n').ok_or(LookupError)?;
        let id = id.parse().map_err(|_| LookupError)?;
        let (record, note) = rest.split_once("\n\n").ok_or(LookupError)?;
        let lines: Vec<_> = record.split('\n').map(str::to_owned).collect();
        let holds = lines.iter().all(|line| is_sum_line(line)) && is_signed_tree(note.as_bytes());
        if holds { Ok(Self { id, lines }) } else { Err(LookupError) }
    }

    /// The record's number in the log.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The go.sum lines of the record; nothing of the note.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Whether the record has the sums of this version: of its zip and of its go.mod, one each.
    pub fn names(&self, version: &ModuleVersion) -> bool {
        let (path, version) = (version.path(), version.version());
        let one = |prefix: String| {
            let mut sums = self.lines.iter().filter_map(|line| line.strip_prefix(&prefix));
            sums.next().is_some_and(is_hash) && sums.next().is_none()
        };
        one(format!("{path} {version} h1:")) && one(format!("{path} {version}/go.mod h1:"))
    }
}

/// Whether bytes have the shape of a signed tree head: the body of `/latest`.
pub fn is_signed_tree(body: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(body) else { return false };
    if text.chars().any(|c| c < ' ' && c != '\n') {
        return false;
    }
    let Some((tree, signatures)) = text.rsplit_once("\n\n") else { return false };
    let mut lines = tree.lines();
    let head = (lines.next(), lines.next().map(str::parse::<u64>), lines.next().map(is_hash));
    let signed = signatures.ends_with('\n') && signatures.lines().all(is_signature);
    matches!(head, (Some("go.sum database tree"), Some(Ok(_)), Some(true))) && signed
}

/// `path version[/go.mod] hash`.
fn is_sum_line(line: &str) -> bool {
    let fields: Vec<_> = line.split(' ').collect();
    let plain = !line.chars().any(char::is_control);
    plain
        && matches!(fields[..], [path, version, hash] if !path.is_empty() && version.starts_with('v') && hash.contains(':'))
}

/// Base64 of 32 bytes.
fn is_hash(text: &str) -> bool {
    decoded_len(text) == Some(32)
}

/// `— name base64`, where the bytes are a key hash of four and a signature.
fn is_signature(line: &str) -> bool {
    let rest = line.strip_prefix("\u{2014} ").and_then(|rest| rest.split_once(' '));
    rest.is_some_and(|(name, signature)| !name.is_empty() && decoded_len(signature).is_some_and(|len| len > 4))
}

fn decoded_len(text: &str) -> Option<usize> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok().map(|bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ModulePath, Version};

    const NOTE: &str = "go.sum database tree\n66332798\nczPocWFmMwQrSENohgEPvFiqA+2i/3lRZhHbxtma2UQ=\n\n\
         \u{2014} sum.golang.org Az3grh19zTBOmg0dGOAELF5SP1N/QTSsuYwquERee13uccsbttgwVlS/0MhlHd7IEvb6fQVKmu7XFovf0PT1tKOnHQo=\n";
    const RECORD: &str = "22152757\ngithub.com/google/uuid v1.6.0 h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=\n\
         github.com/google/uuid v1.6.0/go.mod h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=\n";

    fn version(path: &str, version: &str) -> ModuleVersion {
        ModuleVersion::new(ModulePath::parse(path).unwrap(), Version::parse(version).unwrap()).unwrap()
    }

    #[test]
    fn a_real_lookup() {
        let lookup = Lookup::parse(format!("{RECORD}\n{NOTE}").as_bytes()).unwrap();
        assert_eq!((lookup.id(), lookup.lines().len()), (22_152_757, 2));
        assert!(lookup.names(&version("github.com/google/uuid", "v1.6.0")));
        assert!(!lookup.names(&version("github.com/google/uuid", "v1.6.1")));
        assert!(!lookup.names(&version("github.com/google/uui", "v1.6.0")));
        assert!(is_signed_tree(NOTE.as_bytes()));
    }

    #[test]
    fn what_is_no_lookup() {
        for body in [
            String::new(),
            "<html></html>".to_owned(),
            RECORD.to_owned(),
            format!("{RECORD}\n"),
            format!("{}\n{NOTE}", RECORD.replace('\n', "\r\n")),
            format!("{}\n{NOTE}", RECORD.replace(" h1:", "\th1:")),
            format!("{RECORD}{NOTE}"),
            format!("\n\n{NOTE}"),
            format!("1\n\n{NOTE}"),
            format!("x\n{RECORD}\n{NOTE}"),
            format!("{RECORD}\n{}", NOTE.replace('\u{2014}', "-")),
            format!("{RECORD}\n{}", &NOTE[..NOTE.len() - 1]),
            format!("{RECORD}\n{}", NOTE.replace("66332798", "many")),
        ] {
            assert_eq!(Lookup::parse(body.as_bytes()), Err(LookupError), "{body}");
        }
    }

    #[test]
    fn half_a_record_names_nothing() {
        let uuid = version("github.com/google/uuid", "v1.6.0");
        let names = |record: &str| {
            Lookup::parse(format!("{record}\n{NOTE}").as_bytes()).is_ok_and(|lookup| lookup.names(&uuid))
        };
        assert!(names(RECORD));
        let lines: Vec<_> = RECORD.lines().collect();
        let [id, zip, go_mod] = lines[..] else { panic!("{lines:?}") };
        assert!(names(&format!("{id}\n{go_mod}\n{zip}\n")));
        assert!(!names(&format!("{id}\n{zip}\n")));
        assert!(!names(&format!("{id}\n{go_mod}\n")));
        assert!(!names(&format!("{id}\n{zip}\n{go_mod}\n{zip}\n")));
        assert!(!names(&RECORD.replace("94F0=", "94F=")));
        assert!(!names(&RECORD.replace("h1:NI", "h2:NI")));
    }

    #[test]
    fn lines_behind_the_record_do_not_count() {
        let smuggled = NOTE.replacen("2UQ=\n\n", "2UQ=\na.b/c v1.0.0 h1:x\na.b/c v1.0.0/go.mod h1:x\n\n", 1);
        let lookup = Lookup::parse(format!("{RECORD}\n{smuggled}").as_bytes()).unwrap();
        assert!(!lookup.names(&version("a.b/c", "v1.0.0")));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(body: Vec<u8>) {
            let _ = (Lookup::parse(&body), is_signed_tree(&body));
        }
    }
}
