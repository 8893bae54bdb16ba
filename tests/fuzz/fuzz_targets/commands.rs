//! Fuzzes streams of commands to a centre; what must hold is in `tests::fuzzed::commands`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzzed::commands::check(data));
