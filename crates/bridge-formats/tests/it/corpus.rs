//! Replays the fuzz corpora in ordinary tests: whatever a fuzzer or a person once found interesting stays
//! checked on stable Rust. What must hold is in the fuzz crate.

use std::path::{Path, PathBuf};

use bridge_formats::FORMATS;

use crate::properties;

/// A corpus that is not found would pass in silence.
const INPUTS_MIN: usize = 10;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn replay(target: &str, property: impl Fn(&[u8])) {
    let folder = fuzz().join("corpus").join(target);
    let mut inputs = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        // Shown only when the test fails.
        println!("{}", path.display());
        property(&std::fs::read(&path).unwrap());
        inputs += 1;
    }
    assert!(inputs >= INPUTS_MIN, "{}: only {inputs} inputs", folder.display());
}

#[test]
fn bodies_in_the_generic_format() {
    replay("receive_body", properties::receive_body);
}

#[test]
fn requests_of_every_format() {
    for format in FORMATS {
        replay(&format!("format_{}", format.name), |input| properties::format(format.name, input));
    }
}

#[test]
fn every_format_has_a_fuzz_target() {
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for format in FORMATS {
        let target = format!("format_{}", format.name);
        assert!(manifest.contains(&format!("name = \"{target}\"")), "{target} is not in fuzz/Cargo.toml");
        let code = std::fs::read_to_string(fuzz().join(format!("fuzz_targets/{target}.rs"))).unwrap();
        assert!(code.contains(&format!("(\"{}\", input)", format.name)), "{target} fuzzes another format");
    }
}
