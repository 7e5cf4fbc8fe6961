//! Proofs on trees of all small sizes, against a tree that is hashed as the RFC is written.

use super::*;
use crate::sumdb::TileHeight;
use crate::sumdb::tests::{Log, height};

fn prove(log: &Log, head: &TreeHead, id: u64, tall: TileHeight) {
    let plan = TilePlan::inclusion(head, id, tall).unwrap();
    let tiles = log.tiles(&plan, tall);
    let record = inclusion(head, id, log.record(id), &tiles).unwrap();
    assert_eq!(record.text(), log.record(id));
    let other = format!("{}x", log.record(id));
    let not_included = Err(CheckError::NotIncluded { id, size: head.size() });
    assert_eq!(inclusion(head, id, &other, &tiles), not_included);
    // Another record of the same log is not this one.
    if id > 0 {
        assert_eq!(inclusion(head, id, log.record(id - 1), &tiles), not_included);
    }
}

#[test]
fn records_are_included() {
    let log = Log::new(10, 300);
    for size in 1..=300_usize {
        let (head, last) = (log.head(size), size as u64 - 1);
        for id in [0, 1, last / 3, last / 2, last - last % 8, last.saturating_sub(1), last] {
            for tall in [1, 2, 3, 8, 30].map(height) {
                if id <= last {
                    prove(&log, &head, id, tall);
                }
            }
        }
        let beyond = Err(CheckError::NotIncluded { id: size as u64, size: size as u64 });
        assert_eq!(inclusion(&head, size as u64, "x\n", &Tiles::<Vec<u8>>::new(TileHeight::GO)), beyond);
    }
}

#[test]
fn logs_only_grow() {
    let log = Log::new(11, 300);
    for newer in 1..=300_usize {
        for older in [0, 1, newer / 3, newer / 2, newer - newer % 8, newer - 1, newer] {
            for tall in [1, 2, 3, 8, 30].map(height) {
                let (older, newer) = (log.head(older), log.head(newer));
                let plan = TilePlan::consistency(&older, &newer, tall).unwrap();
                assert_eq!(plan.tiles().is_empty(), older.size() == 0 || older == newer);
                assert_eq!(consistency(&older, &newer, &log.tiles(&plan, tall)), Ok(()));
            }
        }
    }
}

#[test]
fn forks_are_told_with_both_heads() {
    let (log, other) = (Log::new(12, 300), Log::new(13, 300));
    for (kept, size) in [(0, 1), (0, 300), (1, 2), (100, 101), (100, 300), (127, 256), (128, 256), (299, 300)] {
        let fork = log.forked(kept, &other, size);
        let newer = fork.head(size);
        for older in (1..=size).step_by(3).chain([kept, kept + 1, size]) {
            let older = log.head(older);
            let plan = TilePlan::consistency(&older, &newer, height(3)).unwrap();
            let tiles = fork.tiles(&plan, height(3));
            let expected = if older.size() <= kept as u64 {
                Ok(())
            } else {
                let found = fork.head(usize::try_from(older.size()).unwrap()).root();
                Err(CheckError::Fork(Box::new(Fork { older, newer, found })))
            };
            assert_eq!(consistency(&older, &newer, &tiles), expected, "{older:?} of {kept} in {size}");
        }
    }
}

#[test]
fn tiles_of_the_other_history_do_not_hide_a_fork() {
    let (log, other) = (Log::new(14, 50), Log::new(15, 50));
    let fork = log.forked(20, &other, 50);
    let (older, newer) = (log.head(30), fork.head(50));
    let plan = TilePlan::consistency(&older, &newer, height(2)).unwrap();
    let result = consistency(&older, &newer, &log.tiles(&plan, height(2)));
    assert!(matches!(result, Err(CheckError::BadTile(_))), "{result:?}");
}

#[test]
fn empty_trees() {
    let (log, none) = (Log::new(16, 3), Tiles::<Vec<u8>>::new(TileHeight::GO));
    let empty = log.head(0);
    assert_eq!(empty.root().to_string(), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    assert_eq!(consistency(&empty, &empty, &none), Ok(()));
    assert_eq!(consistency(&empty, &log.head(3), &none), Ok(()));
    assert_eq!(inclusion(&empty, 0, "x\n", &none), Err(CheckError::NotIncluded { id: 0, size: 0 }));
    // A size of 0 has one root only; no note is read that says otherwise.
    let false_empty = TreeHead::of(0, log.head(3).root());
    for newer in [empty, log.head(3)] {
        assert!(matches!(consistency(&false_empty, &newer, &none), Err(CheckError::Fork(_))), "{newer:?}");
    }
    assert!(matches!(consistency(&empty, &false_empty, &none), Err(CheckError::Fork(_))));
}

#[test]
fn heads_in_wrong_order_and_missing_tiles() {
    let (log, none) = (Log::new(17, 20), Tiles::<Vec<u8>>::new(TileHeight::GO));
    assert!(matches!(consistency(&log.head(20), &log.head(19), &none), Err(CheckError::Malformed(_))));
    let missing = Err(CheckError::MissingTile(Tile::parse("tile/8/0/000.p/20").unwrap()));
    assert_eq!(consistency(&log.head(19), &log.head(20), &none), missing);
    assert_eq!(inclusion(&log.head(20), 3, log.record(3), &none).map(|_| ()), missing);
}

#[test]
fn full_tiles_stand_in_for_partial_ones() {
    let log = Log::new(18, 300);
    for size in 1..=256_usize {
        for (tall, id) in [(2, 0), (3, size as u64 / 2), (4, size as u64 - 1)] {
            let (tall, head) = (height(tall), log.head(size));
            let plan = TilePlan::inclusion(&head, id, tall).unwrap();
            let mut tiles = Tiles::new(tall);
            for &tile in plan.tiles() {
                let given = log.tile(tile.full()).map_or(tile, |_| tile.full());
                tiles.insert(given, log.tile(given).unwrap());
            }
            assert_eq!(tiles.missing(&plan), []);
            inclusion(&head, id, log.record(id), &tiles).unwrap();
        }
    }
}

#[test]
fn full_tiles_are_whole_or_refused() {
    let log = Log::new(19, 16);
    let (head, tall) = (log.head(3), height(2));
    let full = Tile::parse("tile/2/0/000").unwrap();
    let good = log.tile(full).unwrap();
    let check = |bytes: &[u8]| {
        let mut tiles = Tiles::new(tall);
        tiles.insert(full, bytes);
        inclusion(&head, 1, log.record(1), &tiles).map(|record| record.text().len())
    };
    check(&good).unwrap();
    let bad = Err(CheckError::BadTile(vec![Tile::parse("tile/2/0/000.p/3").unwrap()]));
    assert_eq!(check(&good[..96]), bad);
    assert_eq!(check(&good[..127]), bad);
    assert_eq!(check(&[good.as_slice(), &[0; 32]].concat()), bad);
    // The part that the head does not cover is not looked at, and nothing of it is returned.
    assert!(check(&[&good[..96], &[0; 32]].concat()).is_ok());
    assert_eq!(check(&[&good[..64], &[0; 64]].concat()), bad);
}

#[test]
fn tiles_are_proved_as_wide_as_they_are_wanted() {
    let log = Log::new(14, 300);
    for size in 1..=300_u64 {
        let head = log.head(size as usize);
        for tall in [1_u8, 2, 3, 8] {
            for level in 0..=9 / tall {
                let hashes = size >> (level * tall);
                for last in [0, 1, hashes / 2, hashes.saturating_sub(1), hashes, hashes + 1] {
                    let wanted = Tile::of_hashes(tall, level, last >> tall, (last % (1 << tall)) as u32 + 1);
                    let Ok(plan) = TilePlan::tile(&head, wanted, height(tall)) else {
                        assert!(last >= hashes, "{wanted} of {size}");
                        continue;
                    };
                    assert!(last < hashes, "{wanted} of {size}");
                    let mut tiles = log.tiles(&plan, height(tall));
                    let bytes = tile(&head, wanted, &tiles).unwrap().to_vec();
                    assert_eq!(bytes, log.tile(wanted).unwrap(), "{wanted} of {size}");
                    for &planned in plan.tiles() {
                        let good = log.tile(planned).unwrap();
                        let mut bad = good.clone();
                        bad[size as usize % good.len()] ^= 1;
                        tiles.insert(planned, bad);
                        assert!(matches!(tile(&head, wanted, &tiles), Err(CheckError::BadTile(_))), "{planned}");
                        tiles.insert(planned, good);
                    }
                }
            }
        }
    }
}

#[test]
fn tiles_that_no_tree_has_are_refused() {
    let log = Log::new(15, 300);
    for path in ["tile/8/data/000", "tile/7/0/000", "tile/8/63/000.p/1", "tile/8/0/x9223372036854/x775/807"] {
        let Some(wanted) = Tile::parse(path) else { continue };
        assert!(TilePlan::tile(&log.head(300), wanted, TileHeight::GO).is_err(), "{path}");
    }
}
