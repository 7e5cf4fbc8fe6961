//! The facts of golang.org/x/mod/sumdb/tlog's own tests, and that a tile has one spelling.

use proptest::prelude::*;

use super::*;

#[test]
fn paths() {
    // Path, height, level, number, width, bytes.
    let table = [
        ("tile/4/0/001", 4, Some(0), 1, 16, Some(512)),
        ("tile/4/0/001.p/5", 4, Some(0), 1, 5, Some(160)),
        ("tile/3/5/x123/x456/078", 3, Some(5), 123_456_078, 8, Some(256)),
        ("tile/3/5/x123/x456/078.p/2", 3, Some(5), 123_456_078, 2, Some(64)),
        ("tile/1/0/x003/x057/500", 1, Some(0), 3_057_500, 2, Some(64)),
        ("tile/3/5/123.p/1", 3, Some(5), 123, 1, Some(32)),
        ("tile/8/0/x001/234", 8, Some(0), 1234, 256, Some(8192)),
        ("tile/8/data/x001/000.p/255", 8, None, 1000, 255, None),
        ("tile/30/63/000", 30, Some(63), 0, 1 << 30, Some(1 << 35)),
        ("tile/8/0/x009/x223/x372/x036/x854/x775/807", 8, Some(0), i64::MAX.cast_unsigned(), 256, Some(8192)),
    ];
    for (path, height, level, number, width, len) in table {
        let tile = Tile::parse(path).unwrap();
        let got = (tile.height(), tile.level(), tile.number(), tile.width(), tile.expected_len());
        assert_eq!(got, (height, level, number, width, len), "{path}");
        assert_eq!(tile.to_string(), path);
        assert_eq!(tile.is_data(), level.is_none());
        assert_eq!(tile.is_full(), !path.contains(".p/"));
    }
}

#[test]
fn malformed() {
    let bad = [
        "",
        "tile",
        "tile/8",
        "tile/8/0",
        "tile/8/0/",
        "tile/0/0/000",
        "tile/31/0/000",
        "tile/8/64/000",
        "tile/8/-1/000",
        "tile/08/0/000",
        "tile/+8/0/000",
        "tile/8/00/000",
        "tile/8/0/0",
        "tile/8/0/0000",
        "tile/8/0/-01",
        "tile/8/0/x001",
        "tile/8/0/001/234",
        "tile/8/0/x000/001",
        "tile/8/0/1234",
        "tile/8/0/001.p",
        "tile/8/0/001.p/",
        "tile/8/0/001.p/0",
        "tile/8/0/001.p/256",
        "tile/8/0/001.p/05",
        "tile/8/0/001.p/+5",
        "tile/8/0/001.p/5/6",
        "tile/8/0/001.p/5.p/5",
        "tile/8/0/../001",
        "tile/8/0/001/",
        "/tile/8/0/001",
        "tile/8/Data/001",
        "tile/8/0/names",
        "tile/8/0/x1e3/000",
        "tile/8/0/x009/x223/x372/x036/x854/x775/808",
        "tile/8/0/x999/x999/x999/x999/x999/x999/x999/999",
    ];
    for path in bad {
        assert_eq!(Tile::parse(path), None, "{path}");
    }
}

proptest! {
    #[test]
    fn one_spelling(path in "tile/[0-9+]{1,2}/([0-9]{1,2}|data)/(x[0-9]{3}/){0,3}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Some(tile) = Tile::parse(&path) {
            prop_assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn every_tile_has_a_path(height in 1_u8..=30, level in prop::option::of(0_u8..64), number in 0..=i64::MAX.cast_unsigned(), width: u32) {
        let tile = Tile { height, level, number, width: width % (1 << height) + 1 };
        prop_assert_eq!(Tile::parse(&tile.to_string()), Some(tile));
    }

    #[test]
    fn any_string_is_read_without_panic(path in "(tile/)?[0-9a-z./x]{0,20}") {
        let _ = Tile::parse(&path);
    }
}
