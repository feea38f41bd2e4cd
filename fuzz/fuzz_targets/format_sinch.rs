//! libFuzzer on a request of sinch. What must hold is in ../src/requests.rs.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| bridge_fuzz::requests::format("sinch", input));
