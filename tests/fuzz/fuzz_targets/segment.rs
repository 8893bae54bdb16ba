//! Fuzzes the bytes of one segment; what must hold is in `tests::fuzzed::segment`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzzed::segment::check(data));
