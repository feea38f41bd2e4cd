//! What must hold for any input from outside, one function per fuzz target. `texts` needs bridge-core
//! alone and `bodies` bridge-server: each is replayed on its corpus by the tests of that crate.

pub mod bodies;
pub mod texts;
