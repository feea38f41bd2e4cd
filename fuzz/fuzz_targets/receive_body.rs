//! libFuzzer on the body of an SMS, under every content type. What must hold is in ../src/requests.rs.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bridge_fuzz::requests::receive_body(input));
