//! Every target over its seeds and some thousand changes of them: the same in every run, without a fuzzer.
//!
//! `FUZZ_SMOKE_INPUTS=100000` makes it longer, `FUZZ_SMOKE_SEED=7` another run.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code: a missing file should stop the test")]

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Instant,
};

use goproxy_fuzz_targets::{ALL, Mutator, Target};

/// Inputs for a target of weight 1.
const INPUTS: u64 = 250;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect(name))
}

fn folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target.name)
}

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = fs::read_dir(folder(target)).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Runs a target; an input that it fails with is written where it can be looked at.
fn judge(target: &Target, input: &[u8], what: &str) {
    if catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err() {
        let file = std::env::temp_dir().join(format!("goproxy-fuzz-{}", target.name));
        fs::write(&file, input).unwrap();
        panic!("target {} fails with {what}; the input is in {}", target.name, file.display());
    }
}

#[test]
fn targets_hold_for_seeds_and_their_changes() {
    let (inputs, seed) = (number("FUZZ_SMOKE_INPUTS", INPUTS), number("FUZZ_SMOKE_SEED", 1));
    for target in ALL {
        let (begin, seeds) = (Instant::now(), seeds(target));
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        seeds.iter().for_each(|input| judge(target, input, "one of its seeds"));
        judge(target, b"", "nothing");
        let (mut mutator, count) = (Mutator::new(seed), inputs * u64::from(target.weight));
        for at in 0..count {
            judge(target, &mutator.next(&seeds), &format!("FUZZ_SMOKE_SEED={seed}, change {at}"));
        }
        println!("{}: {} seeds, {count} changes, {:?}", target.name, seeds.len(), begin.elapsed());
    }
}

#[test]
fn every_target_has_a_fuzzer_and_every_folder_a_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = |dir: PathBuf| {
        let mut names: Vec<_> = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect();
        names.sort();
        names.iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut names: Vec<_> = ALL.iter().map(|target| target.name).collect();
    names.sort_unstable();
    assert_eq!(listed(root.join("seeds")), names);
    assert_eq!(listed(root.join("../../fuzz/fuzz_targets")), names);
    let manifest = fs::read_to_string(root.join("../../fuzz/Cargo.toml")).unwrap();
    assert!(names.iter().all(|name| manifest.contains(&format!("name = \"{name}\""))));
}
