//! Whatever is done to a tile that a proof uses, nothing is proved, and no innocent server is accused of a fork.

use std::collections::HashSet;

use super::super::{CheckError, Hash, TileHeight, TilePlan, Tiles, check};
use super::log::{Log, height};
use crate::Tile;

const SIZES: std::ops::RangeInclusive<usize> = 1..=300;

/// T4: all sizes, and of all records one for each set of tiles; every hash of every tile, in the first set that has it.
#[test]
fn t4_no_hash_of_any_tile_can_change() {
    let log = Log::new(1, 300);
    for size in SIZES {
        let (tall, step) = [(height(2), 4), (height(3), 8)][size % 2];
        let (head, mut seen) = (log.head(size), HashSet::new());
        for id in (0..size as u64).step_by(step) {
            let plan = TilePlan::inclusion(&head, id, tall).unwrap();
            for_each_flip(&log, &plan, tall, &mut seen, |tiles| {
                check::inclusion(&head, id, log.record(id), tiles).map(|_| ())
            });
        }
    }
}

/// The vectors of CVE-2026-56865: several subtrees share a tile, and so tiles behind them went unproved.
#[test]
fn t4_vectors_of_cve_2026_56865() {
    let log = Log::new(2, 11);
    for (tall, size) in [(2, 7), (3, 11)] {
        let (tall, head) = (height(tall), log.head(size));
        let plan = TilePlan::inclusion(&head, 0, tall).unwrap();
        let first = plan.tiles().iter().position(|tile| tile.level() == Some(0) && tile.number() == 0).unwrap();
        let mut tiles = log.tiles(&plan, tall);
        check::inclusion(&head, 0, log.record(0), &tiles).unwrap();

        // The attack: the record's own tile says that it holds another record.
        let mut forged = log.tile(plan.tiles()[first]).unwrap();
        forged[..32].copy_from_slice(&Hash::of_record(b"evil\n").0);
        tiles.insert(plan.tiles()[first], forged);
        assert_eq!(check::inclusion(&head, 0, "evil\n", &tiles), Err(CheckError::BadTile(vec![plan.tiles()[first]])));
    }
}

#[test]
fn consistency_with_changed_tiles_is_neither_proved_nor_a_fork() {
    let log = Log::new(3, 300);
    for size in SIZES.skip(1).step_by(3) {
        let (tall, newer) = (height([1, 2, 3, 8][size % 4]), log.head(size));
        for older in [1, size / 2, size - 1, 1 << size.ilog2()] {
            let older = log.head(older);
            if older.size() < newer.size() {
                let plan = TilePlan::consistency(&older, &newer, tall).unwrap();
                for_each_flip(&log, &plan, tall, &mut HashSet::new(), |tiles| {
                    check::consistency(&older, &newer, tiles)
                });
            }
        }
    }
}

#[test]
fn tiles_of_other_length_or_content() {
    let (log, other) = (Log::new(4, 300), Log::new(5, 300));
    for size in SIZES.step_by(11) {
        for tall in [1, 2, 3, 8].map(height) {
            let (head, id) = (log.head(size), size as u64 / 3);
            let plan = TilePlan::inclusion(&head, id, tall).unwrap();
            let check = |tiles: &Tiles| check::inclusion(&head, id, log.record(id), tiles).map(|_| ());
            for (index, &tile) in plan.tiles().iter().enumerate() {
                let good = log.tile(tile).unwrap();
                let next = log.tile(plan.tiles()[(index + 1) % plan.tiles().len()]).unwrap();
                let mut turned = good.clone();
                turned.rotate_left(32);
                let variants = [
                    Vec::new(),
                    good[..good.len() - 1].to_vec(),
                    good[..good.len() - 32].to_vec(),
                    good[32..].to_vec(),
                    [good.as_slice(), &[0]].concat(),
                    [good.as_slice(), &[0; 32]].concat(),
                    good.repeat(2),
                    vec![0; good.len()],
                    turned,
                    next,
                    other.tile(tile).unwrap(),
                ];
                for variant in variants.into_iter().filter(|variant| *variant != good) {
                    refused(&log, &plan, tall, tile, variant, check);
                }
            }
        }
    }
}

/// Flips a bit of each hash in each tile of a plan that was not seen before.
fn for_each_flip(
    log: &Log,
    plan: &TilePlan,
    tall: TileHeight,
    seen: &mut HashSet<Tile>,
    check: impl Fn(&Tiles) -> Result<(), CheckError>,
) {
    let mut tiles = log.tiles(plan, tall);
    check(&tiles).unwrap();
    for tile in plan.tiles().iter().copied().filter(|&tile| seen.insert(tile)) {
        let good = log.tile(tile).unwrap();
        for hash in 0..tile.width() as usize {
            let mut bad = good.clone();
            bad[hash * 32 + hash % 32] ^= 1 << (hash % 8);
            tiles.insert(tile, bad);
            accused(tile, check(&tiles));
        }
        tiles.insert(tile, good);
    }
}

fn refused(
    log: &Log,
    plan: &TilePlan,
    tall: TileHeight,
    tile: Tile,
    bytes: Vec<u8>,
    check: impl Fn(&Tiles) -> Result<(), CheckError>,
) {
    let mut tiles = log.tiles(plan, tall);
    tiles.insert(tile, bytes);
    accused(tile, check(&tiles));
}

/// The tile is among those that may be wrong.
fn accused(tile: Tile, result: Result<(), CheckError>) {
    assert!(matches!(&result, Err(CheckError::BadTile(tiles)) if tiles.contains(&tile)), "{tile}: {result:?}");
}
