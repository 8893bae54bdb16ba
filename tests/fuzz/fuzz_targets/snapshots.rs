//! Fuzzes the loading of snapshots; what must hold is in `tests::fuzzed::snapshots`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzzed::snapshots::check(data));
