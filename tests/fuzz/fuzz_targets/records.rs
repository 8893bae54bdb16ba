//! Fuzzes records and testimony; what must hold is in `tests::fuzzed::records`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzzed::records::check(data));
