//! Refs come out the same in pieces of any size: sorted, each once, with names that git would have made.

use goproxy_git::wire::{Advertised, AdvertisementParser, ListLimits, ListParser, fetch_request, list_request};
use goproxy_git::{FetchRequest, ObjectFormat, Refs};

use crate::input::Input;

const LIMITS: ListLimits = ListLimits { bytes: 64 << 10, refs: 200 };

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let piece = 1 + usize::from(input.byte());
    let data = input.rest();
    let pieces = [data.len().max(1), piece];
    let [whole, cut] = pieces.map(|piece| advertised(data, piece));
    // What follows a complete advertisement is looked at or not, as the pieces are; up to there all is the same.
    if let (Some(whole), Some(cut)) = (&whole, &cut) {
        assert_eq!(whole, cut);
        judge(whole);
    }
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let [whole, cut] = pieces.map(|piece| listed(format, data, piece));
        assert_eq!(whole, cut);
        if let Some(refs) = whole {
            sound(&refs, format);
        }
    }
}

fn judge(advertised: &Advertised) {
    let capabilities = match advertised {
        Advertised::Version2(capabilities) => capabilities,
        Advertised::Older(capabilities, refs) => {
            sound(refs, capabilities.format);
            assert!(capabilities.is_older());
            capabilities
        }
    };
    let _ = (list_request(capabilities), fetch_request(capabilities, &FetchRequest::default(), None));
}

fn advertised(data: &[u8], piece: usize) -> Option<Advertised> {
    let mut parser = AdvertisementParser::new(LIMITS);
    data.chunks(piece).find_map(|bytes| parser.push(bytes).transpose())?.ok()
}

fn listed(format: ObjectFormat, data: &[u8], piece: usize) -> Option<Refs> {
    let mut parser = ListParser::new(format, LIMITS);
    data.chunks(piece).try_for_each(|bytes| parser.push(bytes)).ok()?;
    parser.finish().ok()
}

fn sound(refs: &Refs, format: ObjectFormat) {
    assert!(refs.refs.len() <= LIMITS.refs && refs.refs.is_sorted_by(|a, b| a.name < b.name));
    assert!(refs.tips().all(|id| id.format() == format));
    for found in &refs.refs {
        let name = found.name.strip_prefix("refs/heads/").or_else(|| found.name.strip_prefix("refs/tags/")).unwrap();
        let odd = |c: char| c <= ' ' || "\x7f~^:?*[\\".contains(c);
        assert!(!name.contains(odd) && !name.contains("..") && !name.ends_with('.'), "{name:?}");
        assert!(name.split('/').all(|part| !part.is_empty() && !part.starts_with('.')), "{name:?}");
        assert_eq!(refs.get(&found.name), Some(found));
    }
}
