//! Fuzzes JSON lines of `liandong-json/1`; what must hold is in `tests::fuzzed::lines`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzzed::lines::check(data));
