//! What a client does with the answer to a lookup gives the true sums or none, whatever the answer.

use gomod::sumdb::{Lookup, TileHeight, TilePlan, Tiles, TreeHead, check, is_signed_tree};

use crate::forge::{Log, key};

/// The head that the client knows.
const KNOWN: usize = 20;

pub(crate) fn run(data: &[u8]) {
    let Ok(lookup) = Lookup::parse(data) else { return };
    let after = &data[data.iter().position(|&b| b == b'\n').unwrap() + 1..];
    assert_eq!(after, format!("{}\n{}", lookup.record(), lookup.note()).as_bytes());
    assert_eq!(lookup.lines().join("\n") + "\n", lookup.record());
    assert!(is_signed_tree(lookup.note().as_bytes()));
    let log = Log::own();
    let Ok(head) = TreeHead::open(lookup.note().as_bytes(), key()) else { return };
    let height = TileHeight::new(2).unwrap();
    let mut tiles = Tiles::new(height);
    let plans =
        [TilePlan::inclusion(&head, lookup.id(), height), TilePlan::consistency(log.head(KNOWN), &head, height)];
    for tile in plans.iter().flatten().flat_map(TilePlan::tiles) {
        tiles.insert(*tile, log.tile(*tile));
    }
    let consistent = check::consistency(log.head(KNOWN.min(size(&head))), &head, &tiles);
    let Ok(record) = check::inclusion(&head, lookup.id(), lookup.record(), &tiles) else { return };
    assert_eq!(consistent, Ok(()));
    let id = usize::try_from(lookup.id()).unwrap();
    assert_eq!(record.text(), log.record(id));
    for other in 0..log.size() {
        let sums = record.sums(&Log::version(other));
        assert_eq!(sums.is_ok(), other == id);
        assert_eq!(lookup.names(&Log::version(other)), other == id);
    }
}

fn size(head: &TreeHead) -> usize {
    usize::try_from(head.size()).unwrap()
}
