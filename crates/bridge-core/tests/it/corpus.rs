//! Replays the fuzz corpus in ordinary tests: whatever a fuzzer or a person once found interesting stays
//! checked on stable Rust. What must hold is written once, in the fuzz crate.

#[expect(unreachable_pub, reason = "public for the fuzz targets, which are other crates")]
#[path = "../../../../fuzz/src/texts.rs"]
mod properties;

use std::path::Path;

/// A corpus that is not found would pass in silence.
const INPUTS_MIN: usize = 20;

fn replay(target: &str, property: fn(&str)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut inputs = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let input = std::fs::read(&path).unwrap();
        // Shown only when the test fails.
        println!("{}", path.display());
        property(&String::from_utf8_lossy(&input));
        inputs += 1;
    }
    assert!(inputs >= INPUTS_MIN, "{}: only {inputs} inputs", folder.display());
}

#[test]
fn sms_texts() {
    replay("sms_text", properties::sms_text);
}

#[test]
fn phone_numbers() {
    replay("phone", properties::phone);
}

#[test]
fn senders() {
    replay("sender", properties::sender);
}

#[test]
fn time_stamps() {
    replay("timestamp", properties::timestamp);
}
