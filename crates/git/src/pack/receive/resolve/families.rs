//! Which deltas are based on which entry.

use crate::pack::receive::table::{Table, UNKNOWN, WHOLE};
use std::ops::Range;

/// Deltas by base: those that name an offset in one list, each family together; those that name an object are the
/// table's, sorted.
pub(super) struct Families {
    /// Where the family of an entry begins; that of the next is its end.
    first: Vec<u32>,
    deltas: Vec<u32>,
}

/// The deltas on one object that are still to be resolved.
pub(super) struct Members {
    offsets: Range<u32>,
    refs: Range<u32>,
}

impl Families {
    pub(super) fn new(table: &mut Table) -> Self {
        table.refs.sort_unstable();
        let deltas = |&(_, parent): &(usize, u32)| parent != WHOLE && parent != UNKNOWN;
        let edges = || table.parents.iter().copied().enumerate().filter(deltas);
        let mut first = vec![0u32; table.parents.len() + 1];
        edges().for_each(|(_, parent)| first[parent as usize + 1] += 1);
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        // Filling moves each beginning to the end of its family, which is where the next one begins.
        let mut family = vec![0u32; edges().count()];
        for (entry, parent) in edges() {
            let at = &mut first[parent as usize];
            family[*at as usize] = entry as u32;
            *at += 1;
        }
        first.rotate_right(1);
        first[0] = 0;
        // Bases come before what is based on them: from the end, each weight is complete when it is added.
        let mut weights = vec![1u32; table.parents.len()];
        for (entry, &parent) in table.parents.iter().enumerate().rev() {
            if parent != WHOLE && parent != UNKNOWN {
                weights[parent as usize] += weights[entry];
            }
        }
        for bounds in first.windows(2) {
            family[bounds[0] as usize..bounds[1] as usize].sort_unstable_by_key(|&entry| weights[entry as usize]);
        }
        Self { first, deltas: family }
    }

    /// Whether no delta names the entry's offset.
    pub(super) fn childless(&self, entry: u32) -> bool {
        self.first[entry as usize] == self.first[entry as usize + 1]
    }

    /// The deltas on an entry whose id is known.
    pub(super) fn of(&self, table: &Table, entry: u32) -> Members {
        let offsets = self.first[entry as usize]..self.first[entry as usize + 1];
        Members { offsets, ..self.on_id(table, table.id(entry)) }
    }

    /// The deltas that name an object.
    pub(super) fn on_id(&self, table: &Table, id: &[u8]) -> Members {
        let low = table.refs.partition_point(|(base, _)| base.as_bytes() < id);
        let len = table.refs[low..].iter().take_while(|(base, _)| base.as_bytes() == id).count();
        Members { offsets: 0..0, refs: low as u32..(low + len) as u32 }
    }

    /// The next of them: the one with the most below it last.
    pub(super) fn next(&self, table: &Table, members: &mut Members) -> Option<u32> {
        match members.refs.next() {
            Some(at) => Some(table.refs[at as usize].1),
            None => members.offsets.next().map(|at| self.deltas[at as usize]),
        }
    }
}

impl Members {
    pub(super) fn is_empty(&self) -> bool {
        self.offsets.is_empty() && self.refs.is_empty()
    }
}
