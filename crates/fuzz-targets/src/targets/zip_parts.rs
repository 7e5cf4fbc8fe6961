//! Module zips from parts: how a file is packed changes no hash, and damage is found or changes nothing that counts.

use gomod::zip::hash_bytes;

use super::zip::judge;
use crate::forge::{Entry, PREFIX, zip};
use crate::input::Input;

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut entries = Vec::new();
    for _ in 0..input.byte() % 8 {
        entries.push(entry(&mut input));
    }
    let mut bytes = zip(&entries);
    let whole = judge(&bytes);
    if let Some(summary) = &whole {
        assert_eq!(summary.entries, entries.len() as u64);
        assert_eq!(summary.uncompressed, entries.iter().map(|entry| entry.content.len() as u64).sum::<u64>());
        assert!(entries.iter().all(|entry| entry.name.starts_with(PREFIX.as_bytes())));
        let plain: Vec<_> =
            entries.iter().map(|entry| Entry { deflated: false, described: None, ..entry.clone() }).collect();
        assert_eq!(hash_bytes(&zip(&plain)).unwrap(), summary.hash);
    }
    if input.damage(&mut bytes)
        && let Some(damaged) = judge(&bytes)
    {
        assert_eq!(damaged.entries, u64::from(u16::from_le_bytes([bytes[bytes.len() - 12], bytes[bytes.len() - 11]])));
    }
}

fn entry(input: &mut Input<'_>) -> Entry {
    let kind = input.byte();
    let len = usize::from(input.byte() % 64);
    let name = input.take(len);
    let name = if kind & 0x80 == 0 { [PREFIX.as_bytes(), name].concat() } else { name.to_vec() };
    let len = usize::from(input.byte());
    let content = input.take(len).repeat(1 << (kind >> 4 & 7));
    let described = [None, Some(true), Some(false), None][usize::from(kind >> 1 & 3)];
    Entry { name, content, deflated: kind & 1 == 1, described }
}
