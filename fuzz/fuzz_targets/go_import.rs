//! `goproxy_fuzz_targets::go_import` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goproxy_fuzz_targets::go_import(data));
