//! What must hold for any input from outside, one function per fuzz target. `texts` needs bridge-core
//! alone and `requests` bridge-formats: each is replayed on its corpus by the tests of that crate.

pub mod requests;
pub mod texts;
