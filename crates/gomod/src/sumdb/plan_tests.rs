//! Plans: the tiles that golang.org/x/mod/sumdb/tlog asks for, in its order.

use super::*;
use crate::sumdb::tests::height;

fn planned(plan: &TilePlan) -> String {
    plan.tiles().iter().map(Tile::to_string).collect::<Vec<_>>().join(" ")
}

fn head(size: u64) -> TreeHead {
    TreeHead::of(size, Hash::of_empty_tree())
}

/// What x/mod v0.40.0's `TileHashReader` asks for.
#[test]
fn the_tiles_that_go_asks_for() {
    let inclusion = [
        (7, 0, 2, "tile/2/1/000.p/1 tile/2/0/001.p/3 tile/2/0/000"),
        (11, 0, 3, "tile/3/1/000.p/1 tile/3/0/001.p/3 tile/3/0/000"),
        (
            1_099_511_640_121,
            549_755_813_965,
            8,
            "tile/8/5/000.p/1 tile/8/1/x016/x777/216.p/48 tile/8/0/x004/x294/x967/344.p/57 tile/8/4/000 tile/8/3/128 \
             tile/8/2/x032/768 tile/8/1/x008/x388/608 tile/8/0/x002/x147/x483/648",
        ),
    ];
    for (size, id, tall, expected) in inclusion {
        let plan = TilePlan::inclusion(&head(size), id, height(tall)).unwrap();
        assert_eq!(planned(&plan), expected, "{id} in {size}");
    }
    let plan = TilePlan::consistency(&head(66_332_798), &head(71_909_756), TileHeight::GO).unwrap();
    let expected = "tile/8/3/000.p/4 tile/8/2/004.p/73 tile/8/1/x001/097.p/65 tile/8/0/x280/897.p/124 tile/8/2/003 \
                    tile/8/1/x001/012 tile/8/0/x259/112";
    assert_eq!(planned(&plan), expected);
}

#[test]
fn heights() {
    assert!(TileHeight::new(0).is_none() && TileHeight::new(31).is_none());
    assert_eq!(TileHeight::new(8), Some(TileHeight::GO));
}

#[test]
fn the_largest_trees() {
    let largest = i64::MAX.cast_unsigned();
    for size in [largest, largest - 1, 1 << 62, (1 << 62) - 1] {
        for tall in (1..=30).map(height) {
            let plans = [
                TilePlan::inclusion(&head(size), 0, tall).unwrap(),
                TilePlan::inclusion(&head(size), size / 3, tall).unwrap(),
                TilePlan::inclusion(&head(size), size - 1, tall).unwrap(),
                TilePlan::consistency(&head(size / 3), &head(size), tall).unwrap(),
                TilePlan::consistency(&head(size - 1), &head(size), tall).unwrap(),
            ];
            for tile in plans.iter().flat_map(TilePlan::tiles) {
                assert_eq!(Tile::parse(&tile.to_string()), Some(*tile));
            }
        }
    }
    assert!(TilePlan::inclusion(&head(largest), u64::MAX, TileHeight::GO).is_err());
}

#[test]
fn no_tile_twice() {
    for size in 1..600 {
        for tall in [1, 2, 3, 8].map(height) {
            let plan = TilePlan::consistency(&head(size / 2), &head(size), tall).unwrap();
            let unique: std::collections::HashSet<_> = plan.tiles().iter().collect();
            assert_eq!(unique.len(), plan.tiles().len(), "{size}");
        }
    }
}
