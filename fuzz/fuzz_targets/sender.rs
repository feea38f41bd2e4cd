//! libFuzzer on any sender or typed number. What must hold is in ../src/texts.rs.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bridge_fuzz::texts::sender(&String::from_utf8_lossy(input)));
