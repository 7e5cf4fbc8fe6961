//! `goproxy_fuzz_targets::names` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goproxy_fuzz_targets::names(data));
