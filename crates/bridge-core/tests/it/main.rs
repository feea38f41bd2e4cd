//! The tests of bridge-core from outside, in one program. Unit tests and properties are beside the code.

// Clippy lets tests unwrap and print, and knows them by this attribute only.
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod promise;
#[cfg(test)]
mod settings_doc;
