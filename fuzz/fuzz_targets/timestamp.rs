//! libFuzzer on any time stamp. What must hold is in ../src/lib.rs.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bridge_fuzz::timestamp(&String::from_utf8_lossy(input)));
