//! Fuzzes what HTTP requests are read from; what must hold is in `tests::fuzzed::http`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::fuzzed::http::check(data));
