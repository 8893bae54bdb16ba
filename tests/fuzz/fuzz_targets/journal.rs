//! Fuzzes a journal that was damaged; what must hold is in `tests::fuzzed::journal`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzzed::journal::check(data));
