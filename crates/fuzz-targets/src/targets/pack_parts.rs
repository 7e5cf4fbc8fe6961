//! Packs from parts: objects, and deltas on those before them or elsewhere. An undamaged one is accepted unless it has an
//! object twice; any other is refused, or can be read.

use std::collections::HashSet;

use goproxy_git::{Kind, MemoryObjects, ObjectFormat};

use super::pack::{elsewhere, receive};
use crate::forge::{Pack, copy, delta, insert};
use crate::input::Input;

const KINDS: [Kind; 4] = [Kind::Commit, Kind::Tree, Kind::Blob, Kind::Tag];

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let piece = 1 + usize::from(input.byte());
    let count = 1 + usize::from(input.byte() % 16);
    let (mut pack, mut bases) = (Pack::default(), elsewhere());
    // Kind, content, where it begins; the first is elsewhere.
    let mut made: Vec<(Kind, Vec<u8>, usize)> = vec![(Kind::Blob, b"a blob that is elsewhere\n".to_vec(), 0)];
    let (mut lies, mut thin) = (false, false);
    for _ in 0..count {
        let how = input.byte();
        if how.is_multiple_of(3) {
            let (kind, len) = (usize::from(how >> 6), usize::from(input.byte()));
            let content = input.take(len).repeat(1 + usize::from(how >> 2 & 7));
            let begin = pack.whole(kind as u8 + 1, &content);
            made.push((KINDS[kind], content, begin));
            continue;
        }
        let from = input.within(0..made.len());
        let (kind, base, begin) = made[from].clone();
        let (content, instructions) = changed(&base, &mut input);
        // Sizes that are not true.
        let lie = if how & 0x80 == 0 { 0 } else { usize::from(input.byte() % 4) };
        lies |= lie > 0;
        let delta = delta(base.len() + (lie & 1), content.len() + (lie >> 1), &instructions);
        let begin = if from == 0 || how % 3 == 1 {
            thin |= from == 0;
            let id = MemoryObjects::new(ObjectFormat::Sha1).add(kind, base);
            pack.ref_delta(&id, &delta)
        } else {
            pack.offset_delta(begin, &delta)
        };
        made.push((kind, content, begin));
    }
    let unique: HashSet<_> = made[1..].iter().map(|(kind, content, _)| (*kind, content)).collect();
    let whole = pack.finish();
    let accepted = receive(&whole, piece, &bases);
    if lies {
        assert!(!accepted);
    } else {
        let own = made[1..].iter().any(|(kind, content, _)| (*kind, content) == (made[0].0, &made[0].1));
        assert!(accepted == (unique.len() == made.len() - 1) || own, "{accepted}");
    }
    if thin && input.byte() & 1 == 1 {
        bases = MemoryObjects::new(ObjectFormat::Sha1);
        receive(&whole, piece, &bases);
    }
    let mut damaged = whole;
    if input.damage(&mut damaged) {
        receive(&damaged, piece, &bases);
    }
}

/// Copied and new pieces, at most a few thousand bytes.
fn changed(base: &[u8], input: &mut Input<'_>) -> (Vec<u8>, Vec<u8>) {
    let (mut content, mut instructions) = (Vec::new(), Vec::new());
    for _ in 0..1 + input.byte() % 4 {
        let what = input.byte();
        if what & 1 == 0 && !base.is_empty() {
            let at = input.within(0..base.len());
            let len = input.within(1..(base.len() - at).min(2000) + 1);
            content.extend_from_slice(&base[at..at + len]);
            instructions.extend(copy(at, len));
        } else {
            let piece = [input.take(usize::from(what >> 2)), &[what]].concat();
            content.extend_from_slice(&piece);
            instructions.extend(insert(&piece));
        }
    }
    (content, instructions)
}
