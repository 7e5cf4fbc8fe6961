//! `goproxy_fuzz_targets::route` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| goproxy_fuzz_targets::route(data));
