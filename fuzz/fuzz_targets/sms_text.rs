//! libFuzzer on any SMS text. What must hold is in ../src/texts.rs.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bridge_fuzz::texts::sms_text(&String::from_utf8_lossy(input)));
