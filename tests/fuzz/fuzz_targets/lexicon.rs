//! Fuzzes lexicons; what must hold is in `tests::fuzzed::settings`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzzed::settings::lexicon(data));
