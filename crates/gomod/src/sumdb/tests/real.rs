//! Data of sum.golang.org (`testdata/README.md`): real signatures, a tree of 72 million records.

use super::super::{CheckError, Lookup, Sums, TileHeight, TilePlan, Tiles, TreeHead, VerifierKey, check};
use crate::{ModulePath, ModuleVersion, Tile, Version};

const LATEST: &[u8] = include_bytes!("../testdata/latest");
const LOOKUP: &[u8] = include_bytes!("../testdata/lookup");
const TILES: [(&str, &[u8]); 10] = [
    ("tile/8/3/000.p/4", include_bytes!("../testdata/tile-8-3-000.p-4")),
    ("tile/8/2/004.p/73", include_bytes!("../testdata/tile-8-2-004.p-73")),
    ("tile/8/1/x001/097.p/65", include_bytes!("../testdata/tile-8-1-x001-097.p-65")),
    ("tile/8/0/x280/897.p/124", include_bytes!("../testdata/tile-8-0-x280-897.p-124")),
    ("tile/8/2/001", include_bytes!("../testdata/tile-8-2-001")),
    ("tile/8/1/338", include_bytes!("../testdata/tile-8-1-338")),
    ("tile/8/0/x086/534", include_bytes!("../testdata/tile-8-0-x086-534")),
    ("tile/8/2/003", include_bytes!("../testdata/tile-8-2-003")),
    ("tile/8/1/x001/012", include_bytes!("../testdata/tile-8-1-x001-012")),
    ("tile/8/0/x259/112", include_bytes!("../testdata/tile-8-0-x259-112")),
];

fn tiles() -> Tiles<&'static [u8]> {
    let mut tiles = Tiles::new(TileHeight::GO);
    for (path, bytes) in TILES {
        tiles.insert(Tile::parse(path).unwrap(), bytes);
    }
    tiles
}

fn uuid() -> ModuleVersion {
    let path = ModulePath::parse("github.com/google/uuid").unwrap();
    ModuleVersion::new(path, Version::parse("v1.6.0").unwrap()).unwrap()
}

/// All steps, as a client takes them; `None` at the first that fails.
fn sums_of(lookup: &[u8], tiles: &Tiles<&[u8]>) -> Option<Sums> {
    let key = VerifierKey::sum_golang_org();
    let latest = TreeHead::open(LATEST, &key).ok()?;
    let lookup = Lookup::parse(lookup).ok()?;
    let own = TreeHead::open(lookup.note().as_bytes(), &key).ok()?;
    check::consistency(&own, &latest, tiles).ok()?;
    check::inclusion(&latest, lookup.id(), lookup.record(), tiles).ok()?.sums(&uuid()).ok()
}

#[test]
fn a_real_record_is_proved() {
    let key = VerifierKey::sum_golang_org();
    let latest = TreeHead::open(LATEST, &key).unwrap();
    let lookup = Lookup::parse(LOOKUP).unwrap();
    let own = TreeHead::open(lookup.note().as_bytes(), &key).unwrap();
    assert_eq!((latest.size(), own.size(), lookup.id()), (71_909_756, 66_332_798, 22_152_757));

    let inclusion = TilePlan::inclusion(&latest, lookup.id(), TileHeight::GO).unwrap();
    let consistency = TilePlan::consistency(&own, &latest, TileHeight::GO).unwrap();
    let planned = |plan: &TilePlan| plan.tiles().iter().map(Tile::to_string).collect::<Vec<_>>();
    assert_eq!(planned(&inclusion), [0, 1, 2, 3, 4, 5, 6].map(|index: usize| TILES[index].0));
    assert_eq!(planned(&consistency), [0, 1, 2, 3, 7, 8, 9].map(|index: usize| TILES[index].0));

    let expected = Sums {
        zip: "h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=".to_owned(),
        go_mod: "h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=".to_owned(),
    };
    assert_eq!(sums_of(LOOKUP, &tiles()), Some(expected));
}

#[test]
fn the_record_is_in_no_other_place() {
    let latest = TreeHead::open(LATEST, &VerifierKey::sum_golang_org()).unwrap();
    let lookup = Lookup::parse(LOOKUP).unwrap();
    // Neighbours in the same tile have the same proof.
    for id in (lookup.id() / 256 * 256..).take(256).filter(|&id| id != lookup.id()) {
        let expected = CheckError::NotIncluded { id, size: latest.size() };
        assert_eq!(check::inclusion(&latest, id, lookup.record(), &tiles()), Err(expected));
    }
}

/// T8: whatever happens to a file at rest, it gives the true sums or none.
#[test]
fn t8_random_changes_of_the_lookup_never_give_other_sums() {
    let (tiles, truth) = (tiles(), sums_of(LOOKUP, &tiles()).unwrap());
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = move |bound: usize| {
        // xorshift64: the same changes in every run.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % bound as u64).unwrap()
    };
    for _ in 0..4_000 {
        let mut body = LOOKUP.to_vec();
        for _ in 0..=below(3) {
            let (at, other) = (below(body.len()), below(LOOKUP.len()));
            match below(6) {
                0 => body[at] ^= 1 << below(8),
                1 => body[at] = LOOKUP[other],
                2 => body.insert(at, LOOKUP[other]),
                3 if body.len() > 1 => drop(body.remove(at)),
                4 => body.truncate(at.max(1)),
                _ => body.splice(at..at, LOOKUP[other..].iter().copied().take(80)).for_each(drop),
            }
        }
        if let Some(sums) = sums_of(&body, &tiles) {
            assert_eq!(sums, truth, "{}", String::from_utf8_lossy(&body));
        }
    }
}

#[test]
fn t8_a_flipped_bit_in_any_real_tile() {
    for (path, bytes) in TILES {
        for at in (0..bytes.len()).step_by(97) {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1 << (at % 8);
            let mut tiles = tiles();
            tiles.insert(Tile::parse(path).unwrap(), flipped.as_slice());
            assert_eq!(sums_of(LOOKUP, &tiles), None, "{path} byte {at}");
        }
    }
}
