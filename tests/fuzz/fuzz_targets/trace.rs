//! Fuzzes traces; what must hold is in `tests::fuzzed::trace`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzzed::trace::check(data));
