use proptest::prelude::*;

use super::fold;

#[test]
fn what_go_calls_equal_folds_to_the_same() {
    let table = [
        ("GO.MOD", "go.mod"),
        ("a\u{212a}b", "aKb"),      // Kelvin sign, k
        ("\u{17f}", "S"),           // long s
        ("\u{3c2}", "\u{3a3}"),     // final sigma
        ("\u{1e9e}", "\u{df}"),     // capital sharp s
        ("\u{212b}", "\u{e5}"),     // Angstrom sign
        ("\u{1c4}", "\u{1c5}"),     // DŽ, Dž
        ("\u{13a0}", "\u{ab70}"),   // Cherokee A
        ("\u{3d1}", "\u{3f4}"),     // theta symbols
        ("\u{1c8a}x", "\u{1c89}X"), // Cyrillic tje, new in Unicode 16
        ("\u{10400}", "\u{10428}"), // Deseret
        ("\u{1f88}/\u{2126}", "\u{1f80}/\u{3c9}"),
    ];
    for (a, b) in table {
        assert_eq!(fold(a), fold(b), "{a} {b}");
    }
}

#[test]
fn what_go_calls_different_stays_apart() {
    let table = [
        ("i", "\u{130}"),       // dotted capital I
        ("i", "\u{131}"),       // dotless i
        ("\u{df}", "ss"),       // sharp s folds to two letters in full folding only
        ("\u{fb01}", "fi"),     // ligature
        ("\u{e9}", "e\u{301}"), // composed and decomposed
        ("\u{149}", "\u{2bc}n"),
    ];
    for (a, b) in table {
        assert_ne!(fold(a), fold(b), "{a} {b}");
    }
}

proptest! {
    #[test]
    fn folding_is_idempotent_and_keeps_slashes(text: String) {
        let folded = fold(&text).into_owned();
        prop_assert_eq!(&*fold(&folded), &folded);
        prop_assert_eq!(folded.chars().count(), text.chars().count());
        prop_assert_eq!(folded.matches('/').count(), text.matches('/').count());
    }
}
