//! Plans for a signed head of any size: no arithmetic goes wrong, a few tiles prove anything, and without the right ones
//! nothing is proved.

use std::collections::HashSet;

use gomod::Tile;
use gomod::sumdb::{Hash, TileHeight, TilePlan, Tiles, TreeHead, check};

use crate::forge::{key, sign};
use crate::input::Input;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let Some(height) = TileHeight::new(input.byte() % 32) else { return };
    let (newer, older, id) = (head(&mut input), head(&mut input), input.long());
    let (Some(newer), Some(older)) = (newer, older) else { return };
    let inclusion = TilePlan::inclusion(&newer, id, height);
    assert_eq!(inclusion.is_ok(), id < newer.size());
    let consistency = TilePlan::consistency(&older, &newer, height);
    assert_eq!(consistency.is_ok(), older.size() <= newer.size());
    let filler = input.byte();
    for plan in [inclusion, consistency].into_iter().flatten() {
        judge(&plan);
        let mut tiles = Tiles::new(height);
        for tile in plan.tiles().iter().filter(|tile| tile.width() <= 256) {
            tiles.insert(*tile, vec![filler; tile.width() as usize * 32]);
        }
        assert!(check::inclusion(&newer, id, "x\n", &tiles).is_err());
        // Sizes alone may decide that it is a beginning; then the roots say the same.
        if check::consistency(&older, &newer, &tiles).is_ok() {
            assert!(older.size() == 0 || (older.size(), older.root()) == (newer.size(), newer.root()));
        }
    }
    let Some(wanted) = std::str::from_utf8(input.rest()).ok().and_then(Tile::parse) else { return };
    if let Ok(plan) = TilePlan::tile(&newer, wanted, height) {
        judge(&plan);
        assert!(plan.tiles().iter().any(|tile| (tile.level(), tile.number()) == (wanted.level(), wanted.number())));
    }
    assert!(check::tile(&newer, wanted, &Tiles::<Vec<u8>>::new(height)).is_err());
}

/// At most one tile a level for the root, and one for each level and node.
fn judge(plan: &TilePlan) {
    let unique: HashSet<_> = plan.tiles().iter().collect();
    assert_eq!(unique.len(), plan.tiles().len());
    assert!(plan.tiles().len() <= 64 * 65);
    assert!(plan.tiles().iter().all(|tile| Tile::parse(&tile.to_string()).as_ref() == Some(tile)));
}

/// Of any size, its root made from the size.
fn head(input: &mut Input<'_>) -> Option<TreeHead> {
    let shift = input.byte() % 64;
    let size = input.long() >> 1 >> shift;
    let root = if size == 0 { Hash::of_empty_tree() } else { Hash::of_record(&size.to_be_bytes()) };
    TreeHead::open(sign(&format!("go.sum database tree\n{size}\n{root}\n")).as_bytes(), key()).ok()
}
