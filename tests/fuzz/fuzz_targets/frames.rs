//! Fuzzes frames of `liandong/1`; what must hold is in `tests::fuzzed::frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzzed::frames::check(data));
