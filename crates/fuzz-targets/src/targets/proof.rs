//! Whatever is done to tiles: only true records are proved, only true tiles come out, and nobody is accused of a fork.

use gomod::Tile;
use gomod::sumdb::{CheckError, TileHeight, TilePlan, Tiles, check};

use crate::forge::Log;
use crate::input::Input;

pub(crate) fn run(data: &[u8]) {
    let (mut input, log) = (Input::new(data), Log::own());
    let height = TileHeight::new(1 + input.byte() % 6).unwrap();
    let size = input.within(1..log.size() + 1);
    let (id, older) = (input.within(0..size), input.within(0..size + 1));
    let head = log.head(size);
    let inclusion = TilePlan::inclusion(head, id as u64, height).unwrap();
    let consistency = TilePlan::consistency(log.head(older), head, height).unwrap();
    let planned: Vec<Tile> = inclusion.tiles().iter().chain(consistency.tiles()).copied().collect();
    let mut tiles = Tiles::new(height);
    for &tile in &planned {
        let source = match input.byte() {
            0..200 => tile,
            // The tile in full, which the log may have or not, or another one in its place.
            200..220 => tile.full(),
            _ => planned[input.within(0..planned.len())],
        };
        let mut bytes = if input.byte() < 8 { Log::other().tile(source) } else { log.tile(source) };
        input.damage(&mut bytes);
        tiles.insert(if source == tile.full() { source } else { tile }, bytes);
    }
    let proved = check::inclusion(head, id as u64, log.record(id), &tiles);
    let true_in_tiles = |tile: &Tile| tiles.get(*tile).is_some_and(|bytes| bytes == log.tile(*tile));
    assert!(proved.is_ok() || !inclusion.tiles().iter().all(true_in_tiles), "{proved:?}");
    let wrong = input.within(0..log.size());
    if wrong != id {
        assert!(check::inclusion(head, id as u64, log.record(wrong), &tiles).is_err());
    }
    assert!(check::inclusion(head, id as u64, Log::other().record(id), &tiles).is_err());
    let consistent = check::consistency(log.head(older), head, &tiles);
    assert!(!matches!(consistent, Err(CheckError::Fork(_))), "{consistent:?}");
    if older > 0 {
        assert!(check::consistency(Log::other().head(older), head, &tiles).is_err());
    }
    for &tile in &planned {
        if let Ok(bytes) = check::tile(head, tile, &tiles) {
            assert_eq!(bytes, log.tile(tile), "{tile}");
        }
    }
}
