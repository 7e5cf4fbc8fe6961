//! The output of `git ls-remote`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use goproxy_git::{ObjectFormat, Oid, Ref, Refs};

/// Lines of an id, a tab and a name; `<tag>^{}` is what an annotated tag leads to. `None` for anything else, or for ids
/// of two kinds.
pub(super) fn parse(output: &[u8]) -> Option<(ObjectFormat, Refs)> {
    let mut refs = BTreeMap::<String, Ref>::new();
    let (mut head, mut format) = (None, None);
    for line in output.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let at = line.iter().position(|b| *b == b'\t')?;
        let id = Oid::from_hex(std::str::from_utf8(&line[..at]).ok()?)?;
        if *format.get_or_insert_with(|| id.format()) != id.format() {
            return None;
        }
        // Names that are no text are names of no version.
        let Ok(name) = std::str::from_utf8(&line[at + 1..]) else { continue };
        if name == "HEAD" {
            head = Some(id);
        } else if let Some(tag) = name.strip_suffix("^{}") {
            refs.entry(tag.to_owned()).and_modify(|tag| tag.peeled = Some(id));
        } else if name.starts_with("refs/heads/") || name.starts_with("refs/tags/") {
            refs.insert(name.to_owned(), Ref { name: name.to_owned(), target: id, peeled: None });
        }
    }
    Some((format.unwrap_or_default(), Refs { head, refs: refs.into_values().collect() }))
}

/// What is fetched by.
#[derive(Debug)]
pub(super) struct Listed {
    /// What HEAD, branches and tags point at, each once.
    pub(super) tips: Arc<[Oid]>,
    /// Annotated tags by what they lead to, as far as no branch and no other tag names it: some servers give nothing but
    /// what a ref points at.
    tags: HashMap<Oid, Oid>,
}

impl Listed {
    pub(super) fn new(refs: &Refs) -> Self {
        let mut tips: Vec<Oid> = refs.head.into_iter().chain(refs.refs.iter().map(|r| r.target)).collect();
        tips.sort_unstable();
        tips.dedup();
        let tags = refs.refs.iter().filter_map(|r| r.peeled.map(|commit| (commit, r.target)));
        let tags = tags.filter(|(commit, _)| tips.binary_search(commit).is_err()).collect();
        Self { tips: tips.into(), tags }
    }

    /// What to ask for, for what is wanted.
    pub(super) fn tip(&self, want: &Oid) -> Oid {
        *self.tags.get(want).unwrap_or(want)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_are_sorted_and_peeled() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let text = format!(
            "{a}\tHEAD\n{a}\trefs/tags/v1\n{b}\trefs/tags/v1^{{}}\n{b}\trefs/heads/x\n{a}\trefs/remotes/o/HEAD\n{b}\trefs/heads/a\n"
        );
        let (format, refs) = parse(text.as_bytes()).unwrap();
        assert_eq!((format, refs.head), (ObjectFormat::Sha1, Oid::from_hex(&a)));
        let names: Vec<_> = refs.refs.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names, ["refs/heads/a", "refs/heads/x", "refs/tags/v1"]);
        assert_eq!(refs.refs[2].peeled, Oid::from_hex(&b));
        let (listed, id) = (Listed::new(&refs), |hex: &str| Oid::from_hex(hex).unwrap());
        assert_eq!((listed.tips.len(), listed.tip(&id(&b))), (2, id(&b)), "a branch names it, too");
        let (_, tag) = parse(format!("{a}\trefs/tags/v1\n{b}\trefs/tags/v1^{{}}\n").as_bytes()).unwrap();
        assert_eq!(Listed::new(&tag).tip(&id(&b)), id(&a));
        assert_eq!(parse(b"").unwrap(), (ObjectFormat::Sha1, Refs::default()));
        let mixed = format!("{a}\tHEAD\n{}\trefs/heads/x\n", "c".repeat(64));
        for bad in [mixed.as_str(), "x\tHEAD\n", &a, &format!("{a} HEAD")] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
