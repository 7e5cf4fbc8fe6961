//! A tile has one spelling.

use gomod::Tile;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(tile) = Tile::parse(text) else { return };
    assert_eq!(tile.to_string(), text);
    assert_eq!(Tile::parse(&tile.full().to_string()), Some(tile.full()));
    assert!(tile.full().is_full() && tile.full().full() == tile.full());
    assert!((1..=30).contains(&tile.height()) && (1..=1 << tile.height()).contains(&tile.width()));
    assert_eq!(tile.expected_len(), (!tile.is_data()).then(|| u64::from(tile.width()) * 32));
    assert!(i64::try_from(tile.number()).is_ok() && tile.level().is_none_or(|level| level < 64));
}
