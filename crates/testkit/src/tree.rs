//! The Merkle tree of a transparency log (RFC 6962) over records held in memory, and its tiles of height 8.

use sha2::{Digest, Sha256};

pub(crate) type Hash = [u8; 32];

/// Leaves in one tile of the lowest level, hashes in every full tile.
pub(crate) const WIDTH: usize = 256;

/// The hash of a record (RFC 6962, 2.1).
pub(crate) fn leaf(record: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(record).finalize().into()
}

/// The root over `leaves`; of none it is the hash of nothing.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest(b"").into(),
        [one] => *one,
        _ => {
            let split = 1 << (leaves.len() - 1).ilog2();
            node(&root(&leaves[..split]), &root(&leaves[split..]))
        }
    }
}

/// `width` hashes of tile `number` on tile level `level`, or `None` when the tree is too small for them.
pub(crate) fn tile(leaves: &[Hash], level: u32, number: usize, width: usize) -> Option<Vec<u8>> {
    // One hash on this level covers so many leaves.
    let span = WIDTH.checked_pow(level)?;
    let first = number.checked_mul(WIDTH)?;
    let hashes = (first..first.checked_add(width)?).map(|index| {
        let start = index.checked_mul(span)?;
        leaves.get(start..start.checked_add(span)?).map(root)
    });
    hashes.collect::<Option<Vec<Hash>>>().map(|hashes| hashes.concat())
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{leaf, root, tile};

    #[test]
    fn the_root_is_built_from_the_largest_full_subtree() {
        let leaves: Vec<_> = [b"a", b"b", b"c"].iter().map(|record| leaf(*record)).collect();
        let pair = super::node(&leaves[0], &leaves[1]);
        assert_eq!(root(&leaves), super::node(&pair, &leaves[2]));
    }

    #[test]
    fn a_tile_of_the_second_level_holds_roots_of_full_tiles() {
        let leaves: Vec<_> = (0..600_u32).map(|n| leaf(&n.to_le_bytes())).collect();
        let upper = tile(&leaves, 1, 0, 2).unwrap();
        assert_eq!(upper[..32], root(&leaves[..256]));
        assert_eq!(upper[32..], root(&leaves[256..512]));
        assert_eq!(tile(&leaves, 1, 0, 3), None);
        assert_eq!(tile(&leaves, 0, 2, 88).unwrap()[87 * 32..], leaves[599]);
    }
}
