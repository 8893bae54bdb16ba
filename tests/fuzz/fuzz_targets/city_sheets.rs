//! Fuzzes the tables of a city; what must hold is in `tests::fuzzed::city`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzzed::city::sheets(data));
